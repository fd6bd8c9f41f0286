"""Reads a list as far as the account may see it: whole, else part by part; what is missing is recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from rhevmig.engine.error_mapping import refused_link
from rhevmig.engine.transport import Transport
from rhevmig.errors import EngineError, EngineNotFound, PermissionDenied
from rhevmig.inventory import Unobserved
from rhevmig.inventory.collections import Collection, link_name

#: The smallest role that was seen to read everything (recordings `roles-*`).
READ_ALL = "Give the account the role ReadOnlyAdmin on the system."
#: Remedy for an account that is refused nothing.
NOT_A_PERMISSION = "The account may see it: look into server.log of the engine, or upgrade the engine."
#: `max` of the first request for a list.
FIRST_MAX = 10_000
#: A list as long as its `max` is read again with this many times as much.
GROWTH = 10

T = TypeVar("T")
#: From an object of the SDK and the links that were really followed.
Convert = Callable[[Any, frozenset[str]], T]


def read_list(
    transport: Transport,
    path: str,
    query: dict[str, str],
    *,
    tag: str,
    convert: Callable[[Any], T],
    first_max: int = FIRST_MAX,
    timeout_s: float | None = None,
) -> list[T]:
    """All objects of a list: a full answer may be cut, so it is read again with a larger `max`.

    Engine: without `max` its own query plan for lists is a hundred times slower.
    """
    most = first_max
    while True:
        asked = {**query, "max": str(most)}
        found = transport.read(path, asked, tag=tag, convert=convert, timeout_s=timeout_s)
        if len(found) < most:
            return found
        most *= GROWTH


class Reader:
    """Reads lists and records what could not be read; safe for several threads.

    Args: first_max (of each list); follows (whether this engine follows links, as 4.2 and newer do).
    """

    def __init__(self, transport: Transport, *, first_max: int = FIRST_MAX, follows: bool = True) -> None:
        self._transport = transport
        self._first_max = first_max
        self._follows = follows
        self._lock = threading.Lock()
        self._unobserved: list[Unobserved] = []
        self._refused: dict[str, set[str]] = {}
        # Whether the account may read what only administrators may.
        self.is_administrator = False
        # Whether the engine refused the account anything, or left something out for it.
        self.is_restricted = False

    @property
    def unobserved(self) -> tuple[Unobserved, ...]:
        """All that could not be read, in a stable order."""
        # of an account that is refused nothing, a missing permission is not the reason
        remedy = NOT_A_PERMISSION if self.is_administrator and not self.is_restricted else READ_ALL
        with self._lock:
            found = [
                one if one.remedy else msgspec.structs.replace(one, remedy=remedy) for one in self._unobserved
            ]
        return tuple(sorted(found, key=lambda one: (one.kind, one.what, one.id or "")))

    def miss(self, kind: str, what: str, reason: str, *, id: str | None = None, remedy: str = "") -> None:
        """Records something that could not be read; the remedy is a permission where none is given."""
        with self._lock:
            self._unobserved.append(Unobserved(kind=kind, id=id, what=what, reason=reason, remedy=remedy))

    def read(
        self,
        collection: Collection,
        convert: Convert[T],
        *,
        query: dict[str, str] | None = None,
        what: str = "all",
    ) -> list[T]:
        """All objects of a collection, with the relations that the account may see.

        Args: what (that is recorded as missing where the whole list is refused).
        """
        query = query or {}
        if not self._follows and collection.follow:
            for relation in collection.follow:
                reason = "engines before 4.2 cannot follow links"
                remedy = "Upgrade the engine to 4.2 or newer."
                self.miss(collection.kind, link_name(relation), reason, remedy=remedy)
            collection = collection.following()
        refused = self._refused.setdefault(collection.name, set())
        while True:
            follow = tuple(relation for relation in collection.follow if relation not in refused)
            try:
                return self._whole(collection, follow, convert, query)
            except EngineError as error:
                link = refused_link(error)
                if link is not None and link in map(link_name, follow):
                    refused.update(one for one in follow if link_name(one) == link)
                    self.miss(collection.kind, link, self._reason(error))
                elif follow and _may_be_one_relation(error):
                    return self._in_parts(collection.following(*follow), convert, query)
                elif isinstance(error, PermissionDenied | EngineNotFound):
                    self.miss(collection.kind, what, self._reason(error))
                    return []
                else:
                    raise

    def one(
        self, path: str, tag: str, convert: Callable[[Any], T], query: dict[str, str] | None = None
    ) -> T | None:
        """One object; None where the engine has none, or the account may not see it."""
        try:
            found = self._transport.read(path, query or {}, tag=tag, convert=convert)
        except (PermissionDenied, EngineNotFound):
            return None
        return found[0] if found else None

    def several(self, path: str, tag: str, query: dict[str, str] | None = None) -> list[Any] | None:
        """A short list as objects of the SDK; None where it does not exist, or the account may not see it."""
        asked = {**(query or {}), "max": str(self._first_max)}
        try:
            return self._transport.read(path, asked, tag=tag, convert=lambda item: item)
        except (PermissionDenied, EngineNotFound):
            return None

    def _whole(
        self, collection: Collection, follow: tuple[str, ...], convert: Convert[T], query: dict[str, str]
    ) -> list[T]:
        links = [link_name(relation) for relation in follow]
        if links:
            query = {**query, "follow": ",".join(links)}
        followed = frozenset(links)
        return read_list(
            self._transport,
            collection.path,
            query,
            tag=collection.name,
            convert=lambda item: convert(item, followed),
            first_max=self._first_max,
        )

    def _in_parts(self, collection: Collection, convert: Convert[T], query: dict[str, str]) -> list[T]:
        """Each relation by itself, because one that is refused fails the whole request."""
        try:
            bare = self._whole(collection, (), _unconverted, query)
        except (PermissionDenied, EngineNotFound) as error:
            self.miss(collection.kind, "all", self._reason(error))
            return []
        followed = set()
        for relation in collection.follow:
            try:
                found = self._whole(collection, (relation,), _unconverted, query)
            except EngineError as error:
                if not _may_be_one_relation(error):
                    raise
                self._refused[collection.name].add(relation)
                self.miss(collection.kind, link_name(relation), self._reason(error))
                continue
            parts = {item.id: getattr(item, relation) for item in found}
            for item in bare:
                setattr(item, relation, parts.get(item.id))
            followed.add(link_name(relation))
        return [convert(item, frozenset(followed)) for item in bare]

    def _reason(self, error: EngineError) -> str:
        if isinstance(error, EngineNotFound):
            return "the engine does not show it to this account, or has no such resource (HTTP 404)"
        if isinstance(error, PermissionDenied):
            self.is_restricted = True
            return f"the account may not see it: {error.detail}"
        if refused_link(error) is not None:
            return f"the engine refuses it: HTTP 500, {error.detail}"
        return error.message


def _unconverted(item: Any, _followed: frozenset[str]) -> Any:
    return item


def _may_be_one_relation(error: EngineError) -> bool:
    """Whether one followed relation may be the cause: refused, unknown, or an HTTP 500."""
    return isinstance(error, PermissionDenied | EngineNotFound) or error.status_code == 500
