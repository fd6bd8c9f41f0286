"""What an engine does beside reading and writing: importing it registers the actions, `attach` ties it in."""

from __future__ import annotations

from rhevmig.lab import host_acts as _host_acts
from rhevmig.lab import migrate_acts as _migrate_acts
from rhevmig.lab import upgrade_acts as _upgrade_acts
from rhevmig.lab.moves import attach

__all__ = ["attach"]

#: Modules whose import registers actions.
REGISTERING = (_host_acts, _migrate_acts, _upgrade_acts)
