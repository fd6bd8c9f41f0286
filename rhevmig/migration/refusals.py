"""Classifies the engine's refusals: from the English text to a key, a class and the filters that refused.

The rules are data (`data/refusals.yaml`). The engine writes faults in the language of the request; the
port requests English.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from importlib import resources

import msgspec

from rhevmig.migration.outcome import Refusal, RefusalClass
from rhevmig.migration.port import Refused

_FILTER_LINE = re.compile(
    r"The host (?P<host>\S+) did not satisfy internal filter (?P<filter>.+?)"
    r"(?: because (?P<because>.*?))?\.+(?=,\s*The host |\s*\]?\s*\Z|\])",
    re.DOTALL,
)


_VARIABLE = re.compile(r"\$\{\w+\}")
_SENTENCE_END = re.compile(r"(?<=[.:])\s+(?=[A-Z$-])")
_PREFIX = re.compile(r"Cannot \$\{action\} \$\{type\}[.:]?\s*")
#: Literal characters from which on a sentence is specific enough.
_SPECIFIC = 10


class _Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: str
    kind: RefusalClass = msgspec.field(name="class")
    remedy: str
    #: A text of the engine's catalogue.
    text: str = ""
    #: A regular expression for a text that is not in the catalogue, with its origin.
    match: str = ""
    origin: str = ""


class _OwnRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: RefusalClass = msgspec.field(name="class")
    remedy: str


class _Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    #: By key of the catalogue.
    messages: dict[str, _Rule]
    others: tuple[_Rule, ...]
    #: By key: refusals that follow from the VM's state without a request.
    own: dict[str, _OwnRule]
    filters: dict[str, RefusalClass]


@functools.cache
def _rules() -> _Rules:
    text = resources.files("rhevmig.migration").joinpath("data/refusals.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=_Rules)


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern[str], int, _Rule], ...]:
    """Sentences that only one message has, with the number of their literal characters.

    Single sentences, because hints at the end of a message differ between versions of the engine.
    """
    sentences = [
        (sentence.rstrip(". "), rule)
        for rule in _rules().messages.values()
        for sentence in _SENTENCE_END.split(_PREFIX.sub("", rule.text, count=1))
    ]
    uses = Counter(sentence for sentence, _ in sentences)
    patterns = []
    for sentence, rule in sentences:
        parts = _VARIABLE.split(sentence)
        literal = sum(map(len, parts))
        if uses[sentence] == 1 and literal >= _SPECIFIC:
            patterns.append((re.compile(".*?".join(map(re.escape, parts))), literal, rule))
    return tuple(patterns)


def _rule_for(sentence: str) -> _Rule | None:
    """The rule with the most literal text in common."""
    weights: dict[str, int] = {}
    found: dict[str, _Rule] = {}
    for pattern, literal, rule in _patterns():
        if pattern.search(sentence):
            weights[rule.text] = weights.get(rule.text, 0) + literal
            found[rule.text] = rule
    if found:
        return found[max(weights, key=lambda text: weights[text])]
    return next((rule for rule in _rules().others if re.search(rule.match, sentence)), None)


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
    rule = _rule_for(sentence)
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
