"""Asks the lab everything that was recorded of a real engine, once; the fidelity page and its tests read it.

Three claims are kept apart: answers that the lab was loaded with (round trip), answers to reads of a
state that it was not loaded with, and behaviour: every write, and every read after the first act in the
recordings in which VMs and hosts move.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Literal

import msgspec
import yaml
from lxml import etree

from rhevmig.lab.http.request import LabRequest
from rhevmig.lab.lab import sign_in, world_from_crawl
from rhevmig.lab.simulated_engine import SimulatedEngine
from rhevmig.lab.state.store import World
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.recordings.exchange import Exchange
from verification.compare import Agreement, Comparison, compare_exact
from verification.recorded_events import RecordedEvent, recorded_events
from verification.replay import Replay
from verification.timeline import Timeline, before_first_write, read_recordings

CASSETTES = Path(__file__).parents[2] / "cassettes"
CRAWL = CASSETTES / "recorded-engine" / "10-crawl.json.xz"
DIFFERENCES = Path(__file__).with_name("differences.yaml")

Claim = Literal["round trip", "reads", "behaviour"]

#: Recordings in which VMs, hosts or the engine move, stop or come back.
MOVING: tuple[str, ...] = (
    "migrate-unnamed",
    "migrate-named",
    "migrate-named-by-name-and-bad-names",
    "migrate-twice",
    "migrate-refused-same-host",
    "migrate-refused-down",
    "migrate-cancel",
    "migrate-named-fails",
    "migrate-unnamed-fails-always",
    "migrate-unnamed-fails-once-then-reruns",
    "migrate-never-converges",
    "migrate-destination-dies",
    "migrate-pinned-and-user-migratable",
    "migrate-refused-network",
    "affinity-groups",
    "maintenance-blocked-by-pinned",
    "migrate-refused-memory",
    "migrate-refused-cpu",
    "maintenance-and-back",
    "maintenance-no-room",
    "cross-cluster",
    "paused-by-io-error",
    "snapshot-then-migrate",
    "nic-down-and-slow",
    "host-non-responsive-with-vms",
    "host-dies-during-migration",
    "engine-restart",
    "foreign-ansible",
    "foreign-ansible-maintenance",
    "maintenance-user-migratable-and-stuck",
    "maintenance-stuck-resolved-by-force",
    "campaign-of-twelve",
)
_RESTART = ("engine-restart-before", "engine-restart-during", "engine-restart-after")
#: Recordings of a second engine, of whose state no crawl was recorded: they are not replayed.
OTHER_ENGINES = frozenset(("roles-user-vm-manager-snapshot",))
#: Recordings of accounts that see a part of the engine: user, role and cluster of the role.
ACCOUNTS = {
    "roles-reader": ("reader", "ReadOnlyAdmin", ""),
    "roles-operator": ("operator", "UserVmManager", "tulsa-intel"),
    "roles-nobody": ("nobody", "", ""),
}
#: Accounts whose filtered answers the lab is not loaded with.
FILTERED = frozenset(("roles-operator", "roles-nobody"))
_ACT = re.compile(
    r"/(vms/[^/]+/(migrate|cancelmigration)|hosts/[^/]+/(activate|deactivate|refresh|upgrade\w*))(\?|$)"
)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded exchange: how the lab's answer compares, and which claim it belongs to."""

    agreement: Agreement
    claim: Claim
    #: Whether it asks a VM or a host to move, stop or come back.
    is_act: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One recording and how the lab's answers to it compare."""

    name: str
    checked: tuple[Checked, ...]
    #: Exceptions of the lab itself, which must not happen.
    mistakes: tuple[str, ...]

    @property
    def is_moving(self) -> bool:
        """Whether VMs or hosts move in it."""
        return self.name in MOVING

    @property
    def differing(self) -> tuple[Agreement, ...]:
        """The answers that differ."""
        return tuple(one.agreement for one in self.checked if not one.agreement.agrees)


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How many exchanges agree."""

    agreeing: int
    total: int

    @property
    def percent(self) -> float:
        """Agreement in per cent."""
        return 100 * self.agreeing / self.total if self.total else 100.0


def score(outcomes: Iterable[Outcome], claim: Claim | None = None, *, acts: bool = False) -> Score:
    """The score of a claim, of acts alone, or of everything."""
    chosen = [
        one.agreement.agrees
        for outcome in outcomes
        for one in outcome.checked
        if (claim is None or one.claim == claim) and (one.is_act or not acts)
    ]
    return Score(agreeing=sum(chosen), total=len(chosen))


def _is_write(exchange: Exchange) -> bool:
    return exchange.method in ("POST", "PUT", "DELETE") and "/sso" not in exchange.target


def _checked(name: str, exchanges: list[Exchange], agreements: Iterable[Agreement]) -> tuple[Checked, ...]:
    loaded = 0 if name in FILTERED else len(before_first_write(exchanges))
    first_write = next((n for n, one in enumerate(exchanges) if _is_write(one)), len(exchanges))
    found = []
    for agreement in agreements:
        exchange = exchanges[agreement.number]
        claim: Claim = "reads"
        if agreement.number < loaded and exchange.method == "GET":
            claim = "round trip"
        elif _is_write(exchange) or (name in MOVING and agreement.number > first_write):
            claim = "behaviour"
        is_act = exchange.method == "POST" and _ACT.search(exchange.target) is not None
        found.append(Checked(agreement=agreement, claim=claim, is_act=is_act))
    return tuple(found)


# -- the crawl


@cache
def crawled() -> Outcome:
    """Every GET of the crawl, of a lab loaded from it: status and whole tree, order of links included."""
    exchanges = list(read_cassette(CRAWL))
    engine = SimulatedEngine(world_from_crawl(CRAWL, speed=0))
    token = sign_in(engine, "admin@internal", "secret")
    agreements = [_exactly(engine, token, number, exchange) for number, exchange in enumerate(exchanges)]
    checked = tuple(Checked(agreement=one, claim="round trip", is_act=False) for one in agreements)
    return Outcome(name="crawl", checked=checked, mistakes=tuple(map(repr, engine.mistakes)))


def _exactly(engine: SimulatedEngine, token: str, number: int, exchange: Exchange) -> Agreement:
    clock = engine.world.clock
    recorded_s = datetime.fromisoformat(exchange.header("x-recorded-at") or "").timestamp()
    clock.add(max(0.0, recorded_s - clock.now_s))
    path, _, query = exchange.target.partition("?")
    headers = {**exchange.request_headers, "authorization": token}
    answer = engine.handle(LabRequest(exchange.method, path, query, headers, exchange.request_body))
    difference = ""
    if answer.status != exchange.status:
        difference = f"status {answer.status} instead of {exchange.status}"
    elif exchange.answer.startswith("<?xml"):
        difference = compare_exact(etree.fromstring(exchange.answer.encode()), etree.fromstring(answer.body))
    return Agreement(
        number=number,
        method=exchange.method,
        target=exchange.target,
        difference=difference,
        not_modelled=answer.status == 501,
    )


# -- the other recordings


@cache
def others() -> tuple[Outcome, ...]:
    """Every other recording in the order of time, each of a lab in the state in which it found its engine."""
    return tuple(outcomes(without=(), names=None))


def outcomes(*, without: Collection[str], names: Collection[str] | None) -> Iterable[Outcome]:
    """Recordings as replayed, with some inputs left out; names: only these."""
    loaded, recorded = _all_recordings()
    timeline = Timeline(loaded, recorded, filtered=FILTERED)
    seen = recorded_events(chain(loaded, *recorded.values()))
    for name in timeline.order:
        if names is None or name in names:
            yield _outcome(name, timeline.world_before(name), recorded[name], seen, without)


@cache
def _all_recordings() -> tuple[list[Exchange], dict[str, list[Exchange]]]:
    return list(read_cassette(CRAWL)), _restart_joined(recordings())


def recordings() -> dict[str, list[Exchange]]:
    """All recordings of the engine that was crawled, but the crawl."""
    found = read_recordings(CASSETTES / "lab") | {
        f"roles-{name}": exchanges for name, exchanges in read_recordings(CASSETTES / "roles").items()
    }
    found |= {
        name.partition("-")[2]: exchanges
        for name, exchanges in read_recordings(CASSETTES / "recorded-engine").items()
        if name != CRAWL.name.partition(".")[0]
    }
    return {name: exchanges for name, exchanges in found.items() if name not in OTHER_ENGINES}


def _restart_joined(recorded: Mapping[str, list[Exchange]]) -> dict[str, list[Exchange]]:
    """The three recordings around the engine's restart as one."""
    found = {name: items for name, items in recorded.items() if name not in _RESTART}
    return {**found, "engine-restart": [item for name in _RESTART for item in recorded.get(name, ())]}


def _outcome(
    name: str,
    world: World,
    exchanges: list[Exchange],
    seen: list[RecordedEvent],
    without: Collection[str],
) -> Outcome:
    engine = SimulatedEngine(world)
    if name in MOVING:
        agreements = Replay(engine, exchanges, seen, without=without).run()
    else:
        user = _grant(name, world)
        comparison = Comparison(engine, username=f"{user}@internal", sorted_lists=user != "operator")
        agreements = comparison.run(exchanges)
    checked = _checked(name, exchanges, agreements)
    return Outcome(name=name, checked=checked, mistakes=tuple(map(repr, engine.mistakes)))


def _grant(name: str, world: World) -> str:
    """Give the account of a recording its role, as the recorder had done; returns the user."""
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


# -- why answers differ


class Difference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why some answers differ from what was recorded."""

    why: str
    #: Regular expression for the whole name of the recording.
    recording: str = ".*"
    #: Regular expression for a part of "METHOD target difference".
    difference: str = ""
    #: Numbers of the exchanges; empty for all.
    numbers: tuple[int, ...] = ()

    def explains(self, name: str, agreement: Agreement) -> bool:
        """Whether this is the reason of a difference."""
        text = f"{agreement.method} {agreement.target} {agreement.difference}"
        return (
            re.fullmatch(self.recording, name) is not None
            and re.search(self.difference, text) is not None
            and (not self.numbers or agreement.number in self.numbers)
        )


@cache
def differences() -> tuple[Difference, ...]:
    """Every known reason, the first that fits counts."""
    return tuple(msgspec.convert(yaml.safe_load(DIFFERENCES.read_text()), type=list[Difference]))


def reason_of(name: str, agreement: Agreement) -> Difference | None:
    """Why this answer differs, or None if that is not known."""
    return next((one for one in differences() if one.explains(name, agreement)), None)
