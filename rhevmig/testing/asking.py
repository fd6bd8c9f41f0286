"""What a GET asks for, in one canonical form: two spellings of the same question are equal."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

#: The context path of every engine.
PREFIX = "/ovirt-engine"

#: Parameters that change the answer. All others are ignored, as the engine ignores them
#: (recording `search`: `vms?nonsense=1` reads like `vms`).
_MEANT = frozenset(
    {
        "all_content", "case_sensitive", "check_vms_in_affinity_closure", "current", "detail", "filter",
        "follow", "format", "from", "max", "migration_target_of", "next_run", "report_images", "resource",
        "search", "unregistered", "version",
    }
)  # fmt: skip


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question to the API."""

    #: Path below `/ovirt-engine`, without a trailing slash; `/api/v4` reads as `/api`.
    path: str
    #: Names to follow, spelt as links spell them: lower case, no underscores.
    follow: frozenset[str] = frozenset()
    #: Longest list wanted.
    max: int | None = None
    #: Events above this index only.
    above: int | None = None
    #: The search expression, blanks collapsed.
    search: str = ""
    #: All other parameters that matter, sorted.
    rest: tuple[tuple[str, str], ...] = ()

    def __hash__(self) -> int:
        return hash((self.path, self.follow, self.max, self.above, self.search, self.rest))

    def but(self, **changes: object) -> Asked:
        """The same question with some parts replaced."""
        return msgspec.structs.replace(self, **changes)


def relation(name: str) -> str:
    """A `follow` name as the links spell it.

    >>> relation("disk_attachments")
    'diskattachments'
    """
    return name.replace("_", "").strip().lower()


def asked_of(uri: str) -> Asked:
    """The question behind a URI or a request target.

    >>> asked_of("/ovirt-engine/api/vms?max=10&follow=disk_attachments,nics&correlation_id=x").max
    10
    """
    parts = urlsplit(uri)
    path = unquote(parts.path).rstrip("/")
    path = path.removeprefix(PREFIX)
    path, _, matrix = path.partition(";")
    if path == "/api/v4" or path.startswith("/api/v4/"):
        path = "/api" + path[len("/api/v4") :]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    pairs += parse_qsl(matrix.replace(";", "&"), keep_blank_values=True)
    values = {name: value for name, value in pairs if name in _MEANT and value not in ("", "false")}
    names = _list(values.pop("follow", ""))
    follow = frozenset(".".join(relation(step) for step in name.split(".")) for name in names)
    if "migration_target_of" in values:
        values["migration_target_of"] = ",".join(sorted(_list(values["migration_target_of"])))
    return Asked(
        path=path,
        follow=follow,
        max=_number(values, "max"),
        above=_number(values, "from"),
        search=" ".join(values.pop("search", "").split()),
        rest=tuple(sorted(values.items())),
    )


def _list(value: str) -> list[str]:
    return [piece.strip() for piece in value.split(",") if piece.strip()]


def _number(values: dict[str, str], name: str) -> int | None:
    try:
        number = int(values[name])
    except (KeyError, ValueError):
        return None
    del values[name]
    return number
