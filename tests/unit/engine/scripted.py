"""A transport that answers from memory: the reading rooms without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rhevmig.clock import ManualClock
from rhevmig.engine.request import EngineRequest
from rhevmig.engine.sdk_connection import converted
from rhevmig.engine.settings import Settings

URL = "https://engine.example/ovirt-engine/api"


class Scripted:
    """Answers each read by a function of path and query: bytes of XML, or an error to raise."""

    def __init__(self, answer: Callable[[str, dict[str, str]], bytes | Exception]) -> None:
        self.settings = Settings(url=URL, username="admin@internal", password="x")
        self.clock = ManualClock()
        self.requests = 0
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._answer = answer

    def read(
        self,
        path: str,
        query: dict[str, str],
        *,
        tag: str,
        convert: Callable[[Any], Any],
        timeout_s: float | None = None,
    ) -> list[Any]:
        self.requests += 1
        self.asked.append((path, dict(query)))
        answer = self._answer(path, query)
        if isinstance(answer, Exception):
            raise answer
        return converted(answer, EngineRequest(url=URL, path=path), tag=tag, convert=convert)


def a_list(tag: str, *items: str) -> bytes:
    """A list's XML."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag}>{"".join(items)}</{tag}>'.encode()


def a_vm(number: int, *, status: str = "up", host: str = "h1", more: str = "") -> str:
    """A VM's XML with what the model needs."""
    return (
        f'<vm id="v{number}"><name>vm{number}</name><status>{status}</status><cluster id="c1"/>'
        f'<host id="{host}"/><placement_policy><affinity>migratable</affinity></placement_policy>{more}</vm>'
    )


def a_host(number: int, *, more: str = "") -> str:
    """A host's XML with what the model needs."""
    return f'<host id="h{number}"><name>kvm{number}</name><status>up</status><cluster id="c1"/>{more}</host>'


def an_event(index: int, *, code: int = 63, more: str = "") -> str:
    """An event's XML."""
    return f'<event id="{index}"><code>{code}</code><severity>normal</severity>{more}</event>'
