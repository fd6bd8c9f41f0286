"""Classifies the engine's refusals: from the English text to a key, a class and the filters that refused.

The rules are data (`data/refusals.yaml`). The engine writes faults in the language of the request; the
port requests English.
"""

from __future__ import annotations

import functools
import re
from importlib import resources

import msgspec

from rhevmig.migration.outcome import Refusal, RefusalClass
from rhevmig.migration.port import Refused

_FILTER_LINE = re.compile(
    r"The host (?P<host>\S+) did not satisfy internal filter (?P<filter>.+?)"
    r"(?: because (?P<because>.*?))?\.+(?=,\s*The host |\s*\]?\s*\Z|\])",
    re.DOTALL,
)


class _Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: str
    match: str
    kind: RefusalClass = msgspec.field(name="class")
    remedy: str


class _OwnRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: RefusalClass = msgspec.field(name="class")
    remedy: str


class _Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rules: tuple[_Rule, ...]
    #: By key: refusals that follow from the VM's state without a request.
    own: dict[str, _OwnRule]
    filters: dict[str, RefusalClass]


@functools.cache
def _rules() -> _Rules:
    text = resources.files("rhevmig.migration").joinpath("data/refusals.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=_Rules)


def classify_refusal(refused: Refused) -> Refusal:
    """The class of an answer that is a refusal."""
    if refused.status_code == 403:
        return classify_text(
            refused.detail or "User is not authorized to perform this action.", status_code=403
        )
    return classify_text(refused.detail or refused.reason, status_code=refused.status_code)


def classify_text(text: str, *, status_code: int | None = None) -> Refusal:
    """The class of a fault's detail, or of the refusal that an event 65 quotes.

    Engine: a fault that lists three hosts repeats the first host's line three times, so the filters of
    the other hosts are not known; `hosts_refusing` counts the lines.
    """
    sentence = " ".join(text.strip().removeprefix("[").removesuffix("]").split())
    lines = list(_FILTER_LINE.finditer(text))
    filters = tuple(dict.fromkeys(line["filter"].strip() for line in lines))
    rule = next((rule for rule in _rules().rules if re.search(rule.match, sentence)), None)
    key, kind, remedy = "unrecognised", RefusalClass.OPERATOR, "Read the engine's sentence."
    if rule is not None:
        key, kind, remedy = rule.key, rule.kind, rule.remedy
    if filters:
        key, kind = _filter_key(filters[0]), _rules().filters.get(filters[0], RefusalClass.PERMANENT)
    return Refusal(
        key=key,
        kind=kind,
        sentence=sentence,
        filters=filters,
        hosts_refusing=len(lines),
        remedy=remedy,
        status_code=status_code,
    )


def own_refusal(key: str, sentence: str) -> Refusal:
    """A refusal that follows from the VM's state, so that no request was sent."""
    rule = _rules().own[key]
    return Refusal(key=key, kind=rule.kind, sentence=sentence, remedy=rule.remedy)


def _filter_key(name: str) -> str:
    """The filter's name as a stable word: `CPU-Level` becomes `filter_cpu_level`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[^0-9A-Za-z]+", "_", name)
    return "filter_" + spaced.lower()
