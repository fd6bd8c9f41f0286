"""Cassettes and recorded engines for any program that uses pycurl.

    with rhevmig.testing.cassette("migrate.yaml"):      # replays, or records once
        ...
    with rhevmig.testing.serve("cassettes/site") as engine:
        ...                                             # a read-only engine at engine.url

Loads nothing until a name is used, and never anything of the rest of rhevmig.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rhevmig.testing.cassettes import cassette as cassette
    from rhevmig.testing.cassettes import vcr as vcr
    from rhevmig.testing.faults import Fault as Fault
    from rhevmig.testing.pseudonyms import Pseudonyms as Pseudonyms
    from rhevmig.testing.serving import RecordedEngine as RecordedEngine
    from rhevmig.testing.serving import Tls as Tls
    from rhevmig.testing.serving import serve as serve

_HOMES = {
    "Fault": "faults",
    "Pseudonyms": "pseudonyms",
    "RecordedEngine": "serving",
    "Tls": "serving",
    "cassette": "cassettes",
    "serve": "serving",
    "vcr": "cassettes",
}

__all__ = ["Fault", "Pseudonyms", "RecordedEngine", "Tls", "cassette", "serve", "vcr"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
