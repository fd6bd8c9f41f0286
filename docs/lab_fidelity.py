"""Makes docs/lab-fidelity.md: the lab's answers held against everything recorded of a real engine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from verification.compare import LEFT_OUT, Verdict

from docs.lab_evidence import Outcome, crawled, reason_of, scenarios, totals

_HEAD = """# How close the lab is to a real engine

Made by `make docs`: every recorded exchange of `cassettes/recorded-engine`, `cassettes/roles` and
`cassettes/lab` is asked of the lab anew; a test keeps this page current. The recordings are of
ovirt-engine 4.5.8 with simulated hosts, so this says how the lab stands to an engine, not to hardware.
The lab keeps no recorded bodies: it is loaded with the state and makes its answers.

| what | exchanges | agree | |
|---|---|---|---|
{summary}

An exchange agrees when status, content type and the whole element tree are the same.
"""
_CRAWL = """
## The crawl, exactly

All {count} GETs of the crawl, asked of a lab loaded from that crawl at the instants at which they were
recorded; here nothing is left out, not even the order of links. (Nineteen of them, with `max=10000`, were
recorded equal to those without and are kept once.)
"""
_SCENARIOS = """
## The other recordings

Each is asked of a lab in the state in which the recording found its engine, as far as the recordings tell
it: what an answer shows before anything was changed is taken as found. In those marked ↻ things move: what
hosts did (how long a copy took, which of equal hosts was chosen, that one died) is said to the lab
beforehand, what the engine makes of it is the lab's own. Not compared:

{left_out}

| recording | exchanges | agree | |
|---|---|---|---|
{rows}
"""
_DIFFERENCES = """
## Every difference

| recording | number | request | difference | why |
|---|---|---|---|---|
"""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def page() -> str:
    """The text of the page."""
    everything = [crawled(), *scenarios()]
    text = _HEAD.format(summary="\n".join(_summary()))
    text += _CRAWL.format(count=len(crawled().verdicts))
    text += _SCENARIOS.format(
        left_out="\n".join(f"- {item}" for item in LEFT_OUT),
        rows="\n".join(_row(outcome) for outcome in sorted(scenarios(), key=lambda one: one.name)),
    )
    lines = [line for outcome in everything for line in _differences(outcome)]
    return text + _DIFFERENCES + "\n".join(lines) + "\n" + _not_modelled(everything)


def _summary() -> list[str]:
    still = [outcome for outcome in scenarios() if not outcome.moving]
    moving = [outcome for outcome in scenarios() if outcome.moving]
    return [
        _figures("the crawl of everything, exactly", [crawled()]),
        _figures("recordings in which things are read, made and changed", still),
        _figures("recordings in which VMs and hosts move", moving),
        _figures("**all**", [crawled(), *scenarios()]),
    ]


def _figures(what: str, outcomes: Iterable[Outcome]) -> str:
    agreeing, count = totals(outcomes)
    return f"| {what} | {count} | {agreeing} | {100 * agreeing / count:.1f} % |"


def _row(outcome: Outcome) -> str:
    count = len(outcome.verdicts)
    if not count:
        return f"| {outcome.name} | 0 | | |"
    mark = " ↻" if outcome.moving else ""
    return f"| {outcome.name}{mark} | {count} | {outcome.agreeing} | {100 * outcome.agreeing / count:.0f} % |"


def _differences(outcome: Outcome) -> list[str]:
    return [
        f"| {outcome.name} | {verdict.number} | `{_request(verdict)}` | {_cell(verdict.difference)} | "
        f"{reason_of(outcome, verdict) or 'not known'} |"
        for verdict in outcome.differing
    ]


def _request(verdict: Verdict) -> str:
    target = _UUID.sub("{id}", verdict.target).removeprefix("/ovirt-engine/api/")
    short = target if len(target) <= 60 else target[:59] + "…"
    return f"{verdict.method} {short}".replace("|", "\\|")


def _cell(text: str) -> str:
    plain = _UUID.sub("{id}", text).replace("|", "\\|").replace("<", "&lt;")
    return plain if len(plain) <= 110 else plain[:109] + "…"


def _not_modelled(outcomes: Iterable[Outcome]) -> str:
    asked = Counter(
        _request(verdict) for outcome in outcomes for verdict in outcome.verdicts if verdict.not_modelled
    )
    if not asked:
        return "\nNothing that was recorded is answered with `501 Not modelled`.\n"
    lines = [f"- `{request}` ({count})" for request, count in sorted(asked.items())]
    return "\nRecorded, but not modelled:\n\n" + "\n".join(lines) + "\n"
