"""What other rooms add to an inventory, found by name: the inventory knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Final

from rhevmig.errors import ExtraMissing

#: Group of the entry points by which an installed package adds to an inventory.
EXTENSIONS: Final = "rhevmig.inventory"


def extension(name: str, *, extra: str) -> Callable[..., Any]:
    """The function that an installed package offers under this name in the group `rhevmig.inventory`.

    Args: name; extra (of rhevmig, that brings what the function needs).
    Raises: ExtraMissing where nothing offers it, or what it needs is not installed.
    """
    for entry in entry_points(group=EXTENSIONS, name=name):
        try:
            found: Callable[..., Any] = entry.load()
        except ImportError as error:
            raise ExtraMissing(name=f"inventory.{name}()", extra=extra, detail=f"({error})") from error
        return found
    raise ExtraMissing(name=f"inventory.{name}()", extra=extra, detail="(rhevmig is not installed whole)")
