"""The engine's search: `field op value [and|or …] [sortby F asc|desc] [page N]`.

The engine answers a search that it cannot parse with status 200 and an empty list; so does `select`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from rhevmig.lab.api.search.cross_references import cross_field, cross_object
from rhevmig.lab.api.search.fields import SearchField, fields_of, seconds_of, text_fields
from rhevmig.lab.state.store import Entity, World

_TOKEN = re.compile(
    # no parentheses: as recorded, a search that has them finds nothing
    r"""\s*(?:(?P<op>!=|<=|>=|=|<|>)|"(?P<quoted>[^"]*)"|(?P<word>[^\s()=<>!"]+))"""
)
_Test = Callable[[Entity], bool]


class SearchUnreadable(Exception):
    """The query is not in the grammar."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed search."""

    #: Whether an entity is found.
    matches: _Test
    #: SearchField to sort by, or None.
    sort_by: SearchField | None = None
    #: Whether to sort in descending order.
    descending: bool = False
    #: The page asked for, counted from 1.
    page: int | None = None


class _Parser:
    def __init__(self, world: World, place: str, text: str, *, case_sensitive: bool) -> None:
        self.world = world
        self.place = place
        self.fields = fields_of(place)
        self.case_sensitive = case_sensitive
        self.tokens = self._tokens(text)
        self.at = 0
        # Free text is allowed once.
        self.has_free_text = False

    def _tokens(self, text: str) -> list[tuple[str, str]]:
        found, position = [], 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise SearchUnreadable(text)
            kind = str(match.lastgroup)
            found.append((kind, match.group(kind)))
            position = match.end()
        return found

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, *kinds: str) -> str:
        kind, value = self.peek()
        if kind not in kinds:
            raise SearchUnreadable(f"{value!r} where {kinds} was expected")
        self.at += 1
        return value

    def is_word(self, *words: str) -> bool:
        kind, value = self.peek()
        return kind == "word" and value.lower() in words

    def query(self) -> Query:
        test: _Test = lambda entity: True  # noqa: E731
        if self.peek()[0] != "end" and not self.is_word("sortby", "page"):
            test = self.every()
        sort_by, descending, page = None, False, None
        if self.is_word("sortby"):
            self.take("word")
            sort_by = self.field(self.take("word"))
            if self.is_word("asc", "desc"):
                descending = self.take("word").lower() == "desc"
        if self.is_word("page"):
            self.take("word")
            number = self.take("word")
            if not number.isdigit() or int(number) < 1:
                raise SearchUnreadable(f"page {number}")
            page = int(number)
        if self.peek()[0] != "end":
            raise SearchUnreadable(self.peek()[1])
        return Query(matches=test, sort_by=sort_by, descending=descending, page=page)

    def every(self) -> _Test:
        """Adjacent phrases must all match; this binds weaker than `or` (the engine's SyntaxChecker)."""
        tests = [self.either()]
        while self.peek()[0] != "end" and not self.is_word("sortby", "page"):
            tests.append(self.either())
        return tests[0] if len(tests) == 1 else lambda entity: all(test(entity) for test in tests)

    def either(self) -> _Test:
        tests = [self.both()]
        while self.is_word("or"):
            self.take("word")
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda entity: any(test(entity) for test in tests)

    def both(self) -> _Test:
        tests = [self.one()]
        while self.is_word("and"):
            self.take("word")
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda entity: all(test(entity) for test in tests)

    def one(self) -> _Test:
        name = self.take("word", "quoted")
        if self.peek()[0] != "op":
            return self.free_text(name)
        operator = self.take("op")
        value = self.take("word", "quoted")
        related = cross_object(self.place, name) if name.lower() not in self.fields else ()
        if related:
            return self.any_contains(related, value, wanted=operator == "=")
        return self.compare(self.field(name), operator, value)

    def field(self, name: str) -> SearchField:
        known = self.fields.get(name.lower()) or cross_field(self.place, name)
        if known is None:
            raise SearchUnreadable(f"{self.place} has no field {name}")
        return known

    def free_text(self, value: str) -> _Test:
        """A value without a field; allowed once."""
        if value.lower() in ("and", "or") or not text_fields(self.place) or self.has_free_text:
            raise SearchUnreadable(value)
        self.has_free_text = True
        return self.any_contains(text_fields(self.place), value)

    def any_contains(self, fields: Sequence[SearchField], value: str, *, wanted: bool = True) -> _Test:
        """Whether any of these fields contains the value."""
        tests = [self.compare(field, "=", f"*{value}*") for field in fields]
        return lambda entity: any(test(entity) for test in tests) is wanted

    def compare(self, field: SearchField, operator: str, value: str) -> _Test:
        world = self.world
        if operator in ("=", "!="):
            pattern = _pattern(value, case_sensitive=self.case_sensitive and field.kind == "text")
            wanted = operator == "="
            return lambda entity: any(pattern.fullmatch(text) for text in field.read(world, entity)) is wanted
        if field.kind in ("text", "enum"):
            raise SearchUnreadable(f"{operator} on a text field")
        limit = _number(value)
        below = operator[0] == "<"
        equal = operator.endswith("=")

        def test(entity: Entity) -> bool:
            for text in field.read(world, entity):
                number = _number(text)
                if (number < limit) if below else (number > limit):
                    return True
                if equal and number == limit:
                    return True
            return False

        return test


def _pattern(value: str, *, case_sensitive: bool) -> re.Pattern[str]:
    escaped = ".*".join(re.escape(part) for part in value.split("*"))
    return re.compile(escaped, re.DOTALL if case_sensitive else re.DOTALL | re.IGNORECASE)


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        moment = seconds_of(value)
        if moment is None:
            raise SearchUnreadable(f"{value} is not a number") from None
        return moment


def parse_search(world: World, place: str, text: str, *, case_sensitive: bool = False) -> Query:
    """The parsed query; raises SearchUnreadable if the text is not in the grammar."""
    return _Parser(world, place, text, case_sensitive=case_sensitive).query()


def select(
    world: World,
    place: str,
    entities: Sequence[Entity],
    text: str,
    *,
    case_sensitive: bool = False,
    limit: int | None = None,
) -> list[Entity]:
    """The entities that a search finds, sorted and paged; none if it cannot be parsed."""
    try:
        query = parse_search(world, place, text, case_sensitive=case_sensitive)
        found = [entity for entity in entities if query.matches(entity)]
    except SearchUnreadable:
        return []
    if query.sort_by is not None:
        field = query.sort_by
        found = sorted(found, key=lambda entity: field.sort_key(world, entity), reverse=query.descending)
    elif place == "disks":
        found = sorted(found, key=lambda disk: (disk.name.lower(), disk.seq))
    if query.page is not None and limit is not None:
        found = found[(query.page - 1) * limit :]
    return found if limit is None else found[:limit]
