"""Cassettes and recorded engines for any program that uses pycurl.

    with rhevmig.testing.cassette("migrate.yaml"):      # replays, or records once
        ...
    with rhevmig.testing.serve("cassettes/site") as engine:
        ...                                             # the recorded answers, at engine.url

Modules are loaded when a name is used; the rest of rhevmig is never loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rhevmig.testing.faults import Fault as Fault
    from rhevmig.testing.replay_server import RecordedEngine as RecordedEngine
    from rhevmig.testing.replay_server import Tls as Tls
    from rhevmig.testing.replay_server import serve as serve
    from rhevmig.testing.scrub.pseudonyms import Pseudonyms as Pseudonyms
    from rhevmig.testing.vcr_pycurl.cassette import cassette as cassette
    from rhevmig.testing.vcr_pycurl.cassette import vcr as vcr

_HOMES = {
    "Fault": "faults",
    "Pseudonyms": "scrub.pseudonyms",
    "RecordedEngine": "replay_server",
    "Tls": "replay_server",
    "cassette": "vcr_pycurl.cassette",
    "serve": "replay_server",
    "vcr": "vcr_pycurl.cassette",
}

__all__ = ["Fault", "Pseudonyms", "RecordedEngine", "Tls", "cassette", "serve", "vcr"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
