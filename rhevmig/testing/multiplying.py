"""A recorded engine made larger: VMs copied, with ids, names and addresses of their own.

Made up, and said so: the copies share hosts, networks and settings with the VM they came from. It is for
measuring what a client does with many VMs, never for judging an engine.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import msgspec

from rhevmig.testing.library import Answer, Library

_ITEM = re.compile(rb"<(vm|disk)\b[^>]*?\sid=\"([^\"]+)\"")
_OWN = re.compile(
    rb"/ovirt-engine/api/(?:vms/[0-9a-f-]{36}|disks)(?:/(?:nics|diskattachments|snapshots))?/([0-9a-f-]{36})"
)
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(rb"(<name>)([^<]*)(</)")
_ALIAS = re.compile(rb"(<(?:alias|fqdn)>)([^<]+)(</)")
_MAC = re.compile(rb"(<address>)([0-9a-f]{2}(?::[0-9a-f]{2}){5})(</address>)")
_COPIED = ("/ovirt-engine/api/vms", "/ovirt-engine/api/disks")


class Multiplied:
    """A library whose lists of VMs and disks are `vms` VMs long; everything else is as recorded."""

    def __init__(self, library: Library, *, vms: int) -> None:
        self._library = library
        self._vms = vms
        self._lists: dict[str, tuple[Answer, bytes, list[bytes], bytes]] = {}
        self._own = self._ids()
        self._base = len(_split(self._library.answer(f"{_COPIED[0]}?max=1000000").body)[1])
        #: New id → (id it came from, number of the copy).
        self._origin: dict[str, tuple[str, int]] = {}

    def answer(self, target: str) -> Answer:
        """The answer to GET `target`, as `Library.answer`."""
        parts = urlsplit(target)
        if parts.path in _COPIED and "search" not in dict(parse_qsl(parts.query)):
            return self._list(target)
        for found in _UUID.findall(parts.path.encode()):
            origin = self._find(found.decode())
            if origin is not None:
                asked = self._library.answer(self._back(target, origin[1]))
                return msgspec.structs.replace(asked, body=self._copy(asked.body, origin[1]))
        return self._library.answer(target)

    def refusal(self, method: str, target: str) -> Answer | None:
        """As `Library.refusal`."""
        return self._library.refusal(method, target)

    def _ids(self) -> frozenset[bytes]:
        """Every id that belongs to one VM alone: its own, its NICs', its disks'."""
        bodies = (self._library.answer(f"{path}?max=1000000").body for path in _COPIED)
        return frozenset(match[2] for body in bodies for match in _ITEM.finditer(body))

    def _list(self, target: str) -> Answer:
        """The list, with copies behind the recorded items until there are enough of them."""
        query = dict(parse_qsl(urlsplit(target).query))
        limit = int(query["max"]) if query.get("max", "").lstrip("-").isdigit() else None
        if limit is not None and limit <= 0:
            return self._library.answer(target)
        whole = re.sub(r"([?&])max=\d+", r"\1max=1000000", target)
        if whole not in self._lists:
            self._lists[whole] = self._grown(self._library.answer(whole))
        answer, head, items, tail = self._lists[whole]
        if answer.status != 200 or limit is None or limit >= len(items):
            return answer
        return msgspec.structs.replace(answer, body=head + b"".join(items[:limit]) + tail)

    def _grown(self, answer: Answer) -> tuple[Answer, bytes, list[bytes], bytes]:
        if answer.status != 200:
            return answer, b"", [], b""
        head, items, tail = _split(answer.body)
        are_vms = len(items) == self._base and b"<vms" in head
        grown = list(items)
        for number in range(1, -(-self._vms // self._base)):
            grown += [self._copy(item, number) for item in items]
        if are_vms:
            # Disks keep their last copy whole: a disk too many is a disk that no VM uses.
            del grown[self._vms :]
        return msgspec.structs.replace(answer, body=head + b"".join(grown) + tail), head, grown, tail

    def _copy(self, xml: bytes, number: int) -> bytes:
        """The XML of one entity with everything that is its own renamed."""
        within = frozenset(_OWN.findall(xml))
        suffix = b"-%04d" % number

        def renamed(match: re.Match[bytes]) -> bytes:
            old = match[0]
            if old not in self._own and old not in within:
                return old
            new = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{old.decode()}{number}"))
            self._origin[new] = (old.decode(), number)
            return new.encode()

        xml = _UUID.sub(renamed, xml)
        xml = _NAME.sub(lambda match: match[1] + match[2] + suffix + match[3], xml, count=1)
        xml = _ALIAS.sub(lambda match: match[1] + match[2] + suffix + match[3], xml)
        return _MAC.sub(lambda match: match[1] + _mac(match[2], number) + match[3], xml)

    def _find(self, new: str) -> tuple[str, int] | None:
        if new not in self._origin and not self._lists:
            for path in _COPIED:
                self._list(f"{path}?max=1000000")
        return self._origin.get(new)

    def _back(self, target: str, number: int) -> str:
        for found in _UUID.findall(target.encode()):
            origin = self._origin.get(found.decode())
            if origin is not None and origin[1] == number:
                target = target.replace(found.decode(), origin[0])
        return target


def _mac(address: bytes, number: int) -> bytes:
    last = int(address.replace(b":", b""), 16) + (number << 24)
    digits = b"%012x" % (last % (1 << 48))
    return b":".join(digits[start : start + 2] for start in range(0, 12, 2))


def _split(body: bytes) -> tuple[bytes, list[bytes], bytes]:
    """A list's XML as (up to the first item, the items, what closes it)."""
    items = list(_items(body))
    if not items:
        return body, [], b""
    start, end = items[0][0], items[-1][1]
    return body[:start], [body[first:last] for first, last in items], body[end:]


def _items(body: bytes) -> Iterator[tuple[int, int]]:
    """Where each item of the outermost list begins and ends, found by depth, not by indentation."""
    depth, start = 0, 0
    for match in re.finditer(rb"<(/?)[A-Za-z_]+[^>]*?(/?)>", body):
        opens, closes = not match[1] and not match[2], bool(match[1])
        if depth == 1 and not closes:
            start = match.start()
            if not opens:
                yield start, match.end()
        depth += 1 if opens else -1 if closes else 0
        if depth == 1 and closes:
            yield start, match.end()
