"""The inventory and the migration port of a real engine, through the official SDK over HTTP.

`session` is what a caller holds; `transport` and `sdk_connection` send, `error_mapping` and `curl_errors` map
every failure; `list_reader` reads lists, `mapping` converts their objects, `snapshot_reader` joins them,
`consistency` reads again what changed meanwhile, `details` reads what is expensive. `migration_port` is the
migration port, `actions` sends acts exactly once, `event_texts` parses the texts of events.
"""

from rhevmig.engine.details import DETAILS
from rhevmig.engine.migration_port import EnginePort
from rhevmig.engine.session import EngineClient, connect

__all__ = ["DETAILS", "EngineClient", "EnginePort", "connect"]
