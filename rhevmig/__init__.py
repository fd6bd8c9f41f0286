"""rhevmig: live migration for oVirt, RHV and Oracle Linux Virtualization Manager.

    import rhevmig

    with rhevmig.connect() as engine:
        inventory = engine.inventory()
        findings = rhevmig.check(inventory)

Names are loaded when first used (PEP 562): `import rhevmig` alone loads neither pycurl nor pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rhevmig._version import VERSION
from rhevmig.errors import RhevmigError

if TYPE_CHECKING:
    from rhevmig.checks import check
    from rhevmig.engine import connect as connect
    from rhevmig.inventory import Inventory as Inventory
    from rhevmig.inventory import load as load
    from rhevmig.migration import cancel as cancel
    from rhevmig.migration import migrate as migrate
    from rhevmig.migration import resume as resume
    from rhevmig.migration import run as run
    from rhevmig.migration import status as status
    from rhevmig.planning import load_plan as load_plan
    from rhevmig.planning import plan_evacuation as plan_evacuation
    from rhevmig.planning import plan_migration as plan_migration
    from rhevmig.report import Report as Report
    from rhevmig.scheduling import explain as explain

__version__ = VERSION

#: Public name → module that holds it.
_NAMES = {
    "Inventory": "rhevmig.inventory",
    "Report": "rhevmig.report",
    "cancel": "rhevmig.migration",
    "check": "rhevmig.checks",
    "connect": "rhevmig.engine",
    "explain": "rhevmig.scheduling",
    "load": "rhevmig.inventory",
    "load_plan": "rhevmig.planning",
    "migrate": "rhevmig.migration",
    "plan_evacuation": "rhevmig.planning",
    "plan_migration": "rhevmig.planning",
    "resume": "rhevmig.migration",
    "run": "rhevmig.migration",
    "status": "rhevmig.migration",
}
_ROOMS = {"errors", "inventory", "testing"}

__all__ = [
    "Inventory",
    "Report",
    "RhevmigError",
    "__version__",
    "cancel",
    "check",
    "connect",
    "explain",
    "load",
    "load_plan",
    "migrate",
    "plan_evacuation",
    "plan_migration",
    "resume",
    "run",
    "status",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"rhevmig.{name}")
    raise AttributeError(f"module 'rhevmig' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
