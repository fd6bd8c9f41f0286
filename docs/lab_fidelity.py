"""Makes docs/lab-fidelity.md: the lab's answers compared with everything recorded of a real engine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from verification.ablation import read
from verification.compare import LEFT_OUT, Agreement
from verification.evidence import OTHER_ENGINES, Claim, Outcome, Score, crawled, others, reason_of, score
from verification.inputs import INPUTS

_HEAD = """# How close the lab is to a real engine

Made by `make docs`: every recorded exchange of `cassettes/recorded-engine`, `cassettes/roles` and
`cassettes/lab` is sent to the lab again, and the answers are compared. A test keeps this page current. The
recordings are of ovirt-engine 4.5.8 with simulated hosts, so this page compares the lab with an engine, not
with hardware. The lab keeps no recorded bodies: it is loaded with state and renders its answers from it.

An exchange agrees when status, content type and the whole element tree are the same. Three claims are kept
apart, because they prove different things.

| claim | exchanges | agree | |
|---|---|---|---|
{summary}

- **Round trip**: the lab was loaded with these very answers. It shows that state is read, kept and rendered
  without loss: the {crawl} GETs of the crawl (here nothing is left out, not even the order of links), and
  what other recordings read before their first write.
- **Reads of another state**: reads after a write in recordings where nothing moves, and reads of accounts
  with few permissions. The lab was not loaded with these answers.
- **Behaviour**: every write, and every read after the first write in the recordings where VMs, hosts or the
  engine move (marked ↻ below). The schedulable memory and the VM counts of hosts, which the engine computes
  itself, are compared too.
"""
_INPUTS = """
## What a replay reads from its recording

How long a transfer took, which host failed, what another client did: no request shows it. In recordings
marked ↻ these inputs are read from the recorded events and answers, some from answers that are compared
afterwards. What the engine does about them is computed by the lab. Each recording is replayed at
its recorded instants, in the state that earlier recordings and its own first reads show.

{inputs}

One number of the lab was chosen with these recordings in sight and is not varied here: a new VM list of a
host counts two seconds after it was requested (`LISTED_S` in `rhevmig/lab/state/host_load.py`).

Without an input, errors add up: a VM on another host changes every later answer about both hosts. This is the
behaviour of the recordings marked ↻ when one input is left out:

| left out | exchanges | agree | | acts that agree |
|---|---|---|---|---|
{ablation}
"""
_RECORDINGS = """
## What is not compared

{left_out}
- recordings of a second engine, of whose state there is no crawl: {other_engines}

## The recordings

| recording | exchanges | agree | |
|---|---|---|---|
{rows}

## Every difference

| recording | number | claim | request | difference | why |
|---|---|---|---|---|---|
"""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CLAIMS: tuple[tuple[str, Claim | None], ...] = (
    ("round trip", "round trip"),
    ("reads of another state", "reads"),
    ("behaviour", "behaviour"),
)


def page() -> str:
    """The text of the page."""
    everything = [crawled(), *others()]
    summary = [_figures(what, score(everything, claim)) for what, claim in _CLAIMS]
    summary.append(_figures("of these, acts on VMs and hosts", score(everything, "behaviour", acts=True)))
    text = _HEAD.format(summary="\n".join(summary), crawl=len(crawled().checked))
    text += _INPUTS.format(
        inputs="\n".join(f"- *{name}*: {what}" for name, what in INPUTS.items()),
        ablation="\n".join(_ablation()),
    )
    text += _RECORDINGS.format(
        left_out="\n".join(f"- {item}" for item in LEFT_OUT),
        other_engines=", ".join(sorted(OTHER_ENGINES)),
        rows="\n".join(_row(outcome) for outcome in sorted(everything, key=lambda one: one.name)),
    )
    lines = [line for outcome in everything for line in _differences(outcome)]
    return text + "\n".join(lines) + "\n" + _not_modelled(everything)


def _figures(what: str, found: Score) -> str:
    return f"| {what} | {found.total} | {found.agreeing} | {found.percent:.1f} % |"


def _ablation() -> list[str]:
    return [
        f"| {name} | {one.behaviour.total} | {one.behaviour.agreeing} | {one.behaviour.percent:.1f} % "
        f"| {one.acts.agreeing} of {one.acts.total} |"
        for name, one in read().items()
    ]


def _row(outcome: Outcome) -> str:
    found = score([outcome])
    mark = " ↻" if outcome.is_moving else ""
    percent = f"{found.percent:.0f} %" if found.total else ""
    return f"| {outcome.name}{mark} | {found.total} | {found.agreeing} | {percent} |"


def _differences(outcome: Outcome) -> list[str]:
    lines = []
    for checked in outcome.checked:
        agreement = checked.agreement
        if not agreement.agrees:
            reason = reason_of(outcome.name, agreement)
            lines.append(
                f"| {outcome.name} | {agreement.number} | {checked.claim} | `{_request(agreement)}` "
                f"| {_cell(agreement.difference)} | {reason.why if reason else 'not known'} |"
            )
    return lines


def _request(agreement: Agreement) -> str:
    target = _UUID.sub("{id}", agreement.target).removeprefix("/ovirt-engine/api/")
    short = target if len(target) <= 60 else target[:59] + "…"
    return f"{agreement.method} {short}".replace("|", "\\|")


def _cell(text: str) -> str:
    plain = _UUID.sub("{id}", text).replace("|", "\\|").replace("<", "&lt;")
    return plain if len(plain) <= 110 else plain[:109] + "…"


def _not_modelled(outcomes: Iterable[Outcome]) -> str:
    found = Counter(
        _request(one.agreement)
        for outcome in outcomes
        for one in outcome.checked
        if one.agreement.not_modelled
    )
    if not found:
        return "\nNothing that was recorded is answered with `501 Not modelled`.\n"
    lines = [f"- `{request}` ({count})" for request, count in sorted(found.items())]
    return "\nRecorded, but not modelled:\n\n" + "\n".join(lines) + "\n"
