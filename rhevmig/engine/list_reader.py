"""Reading one list as far as the account may see it: whole, else in parts, else not at all, always told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from rhevmig.engine.collections import ATTRIBUTES, ListOf
from rhevmig.engine.transport import Transport
from rhevmig.errors import EngineError, EngineNotFound, EngineUnavailable, PermissionDenied
from rhevmig.inventory import Unobserved

#: The smallest role that was seen to read everything (recordings `roles-*`).
READ_ALL = "Give the account the role ReadOnlyAdmin on the system."
#: `max` of a list at first.
FIRST_MAX = 10_000
#: An answer as long as its `max` is asked for again with this many times as much.
GROWTH = 10

T = TypeVar("T")
Convert = Callable[[Any, frozenset[str]], T]


class Reader:
    """Reads lists and keeps the record of what could not be seen; safe for several threads."""

    def __init__(self, transport: Transport, *, first_max: int = FIRST_MAX, follows: bool = True) -> None:
        self._transport = transport
        self._first_max = first_max
        self._follows = follows
        self._lock = threading.Lock()
        self._unobserved: list[Unobserved] = []

    @property
    def unobserved(self) -> tuple[Unobserved, ...]:
        """All that could not be seen, in a stable order."""
        with self._lock:
            return tuple(sorted(self._unobserved, key=lambda one: (one.kind, one.what, one.id or "")))

    def miss(
        self, kind: str, what: str, reason: str, *, id: str | None = None, remedy: str = READ_ALL
    ) -> None:
        """Notes something that could not be seen."""
        with self._lock:
            self._unobserved.append(Unobserved(kind=kind, id=id, what=what, reason=reason, remedy=remedy))

    def read(self, wanted: ListOf, convert: Convert[T], *, query: dict[str, str] | None = None) -> list[T]:
        """All entities of a list, with what the account may see of them.

        Args: convert (one object of the SDK and the relations that were really followed → an entity).
        """
        query = query or {}
        if not self._follows and wanted.follow:
            for name in wanted.follow:
                reason, remedy = (
                    "engines before 4.2 cannot follow links",
                    "Upgrade the engine to 4.2 or newer.",
                )
                self.miss(wanted.kind, name, reason, remedy=remedy)
            wanted = ListOf(path=wanted.path, tag=wanted.tag, kind=wanted.kind)
        try:
            return self._whole(wanted, wanted.follow, convert, query)
        except (PermissionDenied, EngineNotFound, EngineUnavailable) as error:
            if wanted.follow and (_may_be_one_part(error)):
                return self._in_parts(wanted, convert, query)
            if isinstance(error, EngineUnavailable):
                raise
            self.miss(wanted.kind, "all", _reason(error))
            return []

    def one(
        self, path: str, tag: str, convert: Callable[[Any], T], query: dict[str, str] | None = None
    ) -> T | None:
        """One object; None where the engine knows none, or the account may not see it."""
        try:
            found = self._transport.read(path, query or {}, tag=tag, convert=convert)
        except (PermissionDenied, EngineNotFound):
            return None
        return found[0] if found else None

    def several(self, path: str, tag: str, query: dict[str, str] | None = None) -> list[Any] | None:
        """A short list as the SDK's objects; None where it is unknown, or not for this account."""
        asked = {**(query or {}), "max": str(self._first_max)}
        try:
            return self._transport.read(path, asked, tag=tag, convert=lambda item: item)
        except (PermissionDenied, EngineNotFound):
            return None

    def _whole(
        self, wanted: ListOf, follow: tuple[str, ...], convert: Convert[T], query: dict[str, str]
    ) -> list[T]:
        seen = frozenset(follow)
        asked = dict(query)
        if follow:
            asked["follow"] = ",".join(follow)
        most = self._first_max
        while True:
            # without max the engine's own plan for lists is a hundred times slower
            asked["max"] = str(most)
            found = self._transport.read(
                wanted.path, asked, tag=wanted.tag, convert=lambda item: convert(item, seen)
            )
            if len(found) < most:
                return found
            most *= GROWTH

    def _in_parts(self, wanted: ListOf, convert: Convert[T], query: dict[str, str]) -> list[T]:
        """Each relation by itself, because one that is refused fails the whole request."""
        try:
            bare = self._whole(wanted, (), _as_it_is, query)
        except (PermissionDenied, EngineNotFound) as error:
            self.miss(wanted.kind, "all", _reason(error))
            return []
        seen = set()
        for name in wanted.follow:
            try:
                followed = self._whole(wanted, (name,), _as_it_is, query)
            except (PermissionDenied, EngineNotFound, EngineUnavailable) as error:
                if not _may_be_one_part(error):
                    raise
                self.miss(wanted.kind, name, _reason(error))
                continue
            parts = {item.id: getattr(item, ATTRIBUTES[name]) for item in followed}
            for item in bare:
                setattr(item, ATTRIBUTES[name], parts.get(item.id))
            seen.add(name)
        return [convert(item, frozenset(seen)) for item in bare]


def _as_it_is(item: Any, _seen: frozenset[str]) -> Any:
    return item


def _may_be_one_part(error: EngineError) -> bool:
    """Whether one followed relation may be to blame: refused, unknown, or an HTTP 500."""
    return isinstance(error, PermissionDenied | EngineNotFound) or error.status_code == 500


def _reason(error: EngineError) -> str:
    if isinstance(error, EngineNotFound):
        return "the engine does not show it to this account, or has no such resource (HTTP 404)"
    if isinstance(error, PermissionDenied):
        return f"the account may not see it: {error.detail}"
    return error.message
