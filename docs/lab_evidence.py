"""Asks the lab everything that was recorded of a real engine; the fidelity page and its test read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path

import msgspec
import yaml
from lxml import etree
from verification.compare import Comparison, Verdict, compare_exact
from verification.recorded_events import Recorded, recorded_events
from verification.recordings import MOVING, joined
from verification.recordings import REASONS as MOVING_REASONS
from verification.replay import Rehearsal
from verification.timeline import Chronicle, read_recordings

from rhevmig.lab.http.request import LabRequest
from rhevmig.lab.lab import sign_in, world_from_crawl
from rhevmig.lab.simulated_engine import SimulatedEngine
from rhevmig.lab.state.store import World
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.recordings.exchange import Exchange

CASSETTES = Path(__file__).parents[1] / "cassettes"
CRAWL = CASSETTES / "recorded-engine" / "10-crawl.json.xz"
REASONS = Path(__file__).with_name("lab-differences.yaml")

#: Collections that were crawled with `max=10000` too; those answers were equal and were not kept twice.
TWICE = frozenset(
    (
        "affinitylabels",
        "clusterlevels",
        "clusters",
        "cpuprofiles",
        "datacenters",
        "diskprofiles",
        "disks",
        "hosts",
        "macpools",
        "networkfilters",
        "networks",
        "schedulingpolicies",
        "schedulingpolicyunits",
        "storageconnections",
        "storagedomains",
        "tags",
        "users",
        "vms",
        "vnicprofiles",
    )
)
#: A playbook that migrates one VM between much else.
_ALSO_MOVING = ("foreign-ansible",)
#: Recordings of other accounts than the administrator: user and what the recorder had granted.
ACCOUNTS = {
    "roles-reader": ("reader", "ReadOnlyAdmin", ""),
    "roles-operator": ("operator", "UserVmManager", "tulsa-intel"),
    "roles-nobody": ("nobody", "", ""),
}


@dataclass(frozen=True)
class Outcome:
    """One recording and how the lab's answers to it compare."""

    name: str
    #: Whether VMs or hosts moved in it.
    moving: bool
    verdicts: tuple[Verdict, ...]
    #: Mistakes of the lab's own, which must not happen.
    mistakes: tuple[str, ...]

    @property
    def agreeing(self) -> int:
        return sum(verdict.agrees for verdict in self.verdicts)

    @property
    def differing(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.agrees)


@cache
def crawled() -> Outcome:
    """Every GET of the crawl, of a lab loaded from it: status and whole tree, order of links included."""
    exchanges = list(read_cassette(CRAWL))
    exchanges = [one for exchange in exchanges for one in _as_asked(exchange)]
    engine = SimulatedEngine(world_from_crawl(CRAWL, speed=0))
    token = sign_in(engine, "admin@internal", "secret")
    verdicts = [_exactly(engine, token, number, exchange) for number, exchange in enumerate(exchanges)]
    return Outcome("crawl", False, tuple(verdicts), tuple(map(repr, engine.mistakes)))


def _as_asked(exchange: Exchange) -> list[Exchange]:
    """The exchange, and once more as the crawl had it a second time."""
    if exchange.path not in TWICE or exchange.query:
        return [exchange]
    return [exchange, msgspec.structs.replace(exchange, uri=f"{exchange.uri}?max=10000")]


def _exactly(engine: SimulatedEngine, token: str, number: int, exchange: Exchange) -> Verdict:
    clock = engine.world.clock
    recorded_s = datetime.fromisoformat(exchange.header("x-recorded-at") or "").timestamp()
    clock.add(max(0.0, recorded_s - clock.now_s))
    path, _, query = exchange.target.partition("?")
    headers = {**exchange.request_headers, "authorization": token}
    answer = engine.handle(LabRequest(exchange.method, path, query, headers, exchange.request_text.encode()))
    difference = ""
    if answer.status != exchange.status:
        difference = f"status {answer.status} instead of {exchange.status}"
    elif exchange.answer.startswith("<?xml"):
        difference = compare_exact(etree.fromstring(exchange.answer.encode()), etree.fromstring(answer.body))
    return Verdict(
        number=number,
        method=exchange.method,
        target=exchange.target,
        agrees=not difference,
        difference=difference,
        not_modelled=answer.status == 501,
    )


@cache
def scenarios() -> tuple[Outcome, ...]:
    """Every other recording in the order of time, each of a lab in the state in which it found its engine."""
    crawled_too, others = list(read_cassette(CRAWL)), joined(recordings())
    chronicle = Chronicle(crawled_too, others)
    seen = recorded_events(chain(crawled_too, *others.values()))
    return tuple(
        _outcome(name, chronicle.world_before(name), chronicle.recordings[name], seen)
        for name in chronicle.order
        if chronicle.recordings[name]
    )


def recordings() -> dict[str, list[Exchange]]:
    """All recordings but the crawl and the one of another site."""
    found = read_recordings(CASSETTES / "lab") | {
        f"roles-{name}": exchanges for name, exchanges in read_recordings(CASSETTES / "roles").items()
    }
    return found | {
        name.partition("-")[2]: exchanges
        for name, exchanges in read_recordings(CASSETTES / "recorded-engine").items()
        if name != CRAWL.name.partition(".")[0]
    }


def _outcome(name: str, world: World, exchanges: list[Exchange], seen: list[Recorded]) -> Outcome:
    engine = SimulatedEngine(world)
    moving = name in (*MOVING, *_ALSO_MOVING)
    if moving:
        verdicts = Rehearsal(engine, exchanges, seen).run()
    else:
        user = _granted(name, world)
        comparison = Comparison(engine, username=f"{user}@internal", sorted_lists=user != "operator")
        verdicts = comparison.run(exchanges)
    return Outcome(name, moving, tuple(verdicts), tuple(map(repr, engine.mistakes)))


def _granted(name: str, world: World) -> str:
    user, role, cluster = ACCOUNTS.get(name, ("admin", "", ""))
    if role:
        account = next(known for known in world.all("users") if known.text("principal") == user)
        wanted = next(known for known in world.all("roles") if known.name == role)
        granted = {"role": {"@id": wanted.id}, "user": {"@id": account.id}}
        if cluster:
            parent = world.named("clusters", cluster)
            world.add("clusters/permissions", world.new_id("permission", name), granted, parent=parent)
        else:
            world.add("permissions", world.new_id("permission", name), granted)
    return user


@cache
def _reasons() -> tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(entry.get("recording", ".*")), re.compile(entry.get("difference", "")), entry["why"])
        for entry in yaml.safe_load(REASONS.read_text())
    )


def reason_of(outcome: Outcome, verdict: Verdict) -> str:
    """Why this answer differs, or nothing if that is not known."""
    known = MOVING_REASONS.get((outcome.name, verdict.number))
    said = f"{verdict.method} {verdict.target} {verdict.difference}"
    fitting = (
        why
        for recording, difference, why in _reasons()
        if recording.fullmatch(outcome.name) and difference.search(said)
    )
    return known or next(fitting, "")


def totals(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """Agreeing and all exchanges."""
    listed = list(outcomes)
    return sum(outcome.agreeing for outcome in listed), sum(len(outcome.verdicts) for outcome in listed)
