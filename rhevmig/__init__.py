"""rhevmig: live migration for oVirt, RHV and Oracle Linux Virtualization Manager.

    import rhevmig

    with rhevmig.connect() as engine:
        inventory = engine.inventory()
        findings = rhevmig.check(inventory)

Public names are imported on first use (PEP 562): `import rhevmig` loads no other module.
"""

from __future__ import annotations

from rhevmig._version import VERSION

# typing itself takes as long to import as Python takes to start; type checkers know the name
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rhevmig.checks import check
    from rhevmig.engine import connect as connect
    from rhevmig.errors import RhevmigError as RhevmigError
    from rhevmig.inventory import Inventory as Inventory
    from rhevmig.inventory import load as load
    from rhevmig.migration import cancel as cancel
    from rhevmig.migration import migrate as migrate
    from rhevmig.migration import resume as resume
    from rhevmig.migration import run as run
    from rhevmig.migration import status as status
    from rhevmig.notebook import frames as frames
    from rhevmig.planning import load_plan as load_plan
    from rhevmig.planning import plan_evacuation as plan_evacuation
    from rhevmig.planning import plan_migration as plan_migration
    from rhevmig.report import Report as Report
    from rhevmig.scheduling import explain as explain

__version__ = VERSION

#: Public name → the room that has it.
_NAMES = {
    "Inventory": "inventory",
    "Report": "report",
    "RhevmigError": "errors",
    "cancel": "migration",
    "check": "checks",
    "connect": "engine",
    "explain": "scheduling",
    "frames": "notebook",
    "load": "inventory",
    "load_plan": "planning",
    "migrate": "migration",
    "plan_evacuation": "planning",
    "plan_migration": "planning",
    "resume": "migration",
    "run": "migration",
    "status": "migration",
}
_ROOMS = ("errors", "inventory", "testing")

__all__ = [
    "Inventory",
    "Report",
    "RhevmigError",
    "__version__",
    "cancel",
    "check",
    "connect",
    "explain",
    "frames",
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
    from importlib import import_module

    if name in _NAMES:
        try:
            return getattr(import_module(f"rhevmig.{_NAMES[name]}"), name)
        except ImportError as error:
            if name != "frames":
                raise
            from rhevmig.errors import ExtraMissing

            detail = f"({error})"
            raise ExtraMissing(name="rhevmig.frames", extra="notebook", detail=detail) from error
    if name in _ROOMS:
        return import_module(f"rhevmig.{name}")
    raise AttributeError(f"module 'rhevmig' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
