"""Our protocol on what a real engine said: the same outcomes as a person reads from the recordings."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path

import msgspec
import pytest

from rhevmig.migration import (
    Accepted,
    ActAnswer,
    Campaign,
    HostState,
    Outcome,
    RefusalClass,
    Refused,
    Verdict,
    run,
)
from rhevmig.migration.refusals import classify_refusal
from rhevmig.planning import Blocked
from tests.contract.migration_recordings import Recording, read
from tests.contract.migration_replay import ReplayPort, posts_of, was_accepted

CASSETTES = Path(__file__).parents[2] / "cassettes" / "migration"


@cache
def recorded(*names: str) -> Recording:
    return read(*(CASSETTES / f"{name}.yaml" for name in names))


def replayed(pattern: str, *names: str) -> tuple[Outcome, ReplayPort]:
    """The outcome of the one recorded request whose id matches."""
    recording = recorded(*names)
    (post,) = posts_of(recording, pattern)
    port = ReplayPort(recording, post)
    campaign = run(port.plan(post), port, journal=":memory:", options=port.options(), clock=port.clock)
    outcome = campaign.courses[0].outcome
    assert outcome is not None
    return outcome, port


def name_of(port: ReplayPort, host_id: str | None) -> str:
    return port.recording.host_names[host_id or ""]


@pytest.mark.parametrize(
    ("pattern", "cassette", "host", "total_s", "downtime_ms"),
    [
        ("rec-unnamed-", "migrate-unnamed", "kvm03", 3, 74),
        ("rec-named-", "migrate-named", "kvm01", 3, 74),
        ("rec-byname-", "migrate-named-by-name-and-bad-names", "kvm01", 3, 74),
        ("rec-rerun-", "migrate-unnamed-fails-once-then-reruns", "kvm03", 11, 74),
        ("rec-first-", "migrate-twice", "kvm04", 82, 417),
        ("rec-net-", "migrate-refused-network", "kvm04", 2, 43),
        ("rec-closure-", "affinity-groups", "kvm02", 5, None),
    ],
)
def test_recorded_successes(pattern, cassette, host, total_s, downtime_ms):
    """The VM arrives: succeeded, with the figures of event 63."""
    outcome, port = replayed(pattern, cassette)
    assert (outcome.verdict, name_of(port, outcome.host_id)) == (Verdict.SUCCEEDED, host)
    assert len(port.acts) == 1
    assert outcome.evidence[-1].event_code == 63
    if downtime_ms is not None:
        assert (outcome.total_s, outcome.downtime_ms) == (total_s, downtime_ms)


@pytest.mark.parametrize(
    ("pattern", "cassette", "code", "reason"),
    [
        (
            "rec-nfail-",
            "migrate-named-fails",
            120,
            "operation failed: migration out job: unexpectedly failed",
        ),
        (
            "rec-ralways-",
            "migrate-unnamed-fails-always",
            65,
            "operation failed: migration out job: unexpectedly failed",
        ),
        (
            "rec-ddies-",
            "migrate-destination-dies",
            120,
            "operation failed: Lost connection to destination host",
        ),
        (
            "rec-noconv-",
            "migrate-never-converges",
            120,
            "operation aborted: migration out: canceled by client",
        ),
    ],
)
def test_recorded_failures(pattern, cassette, code, reason):
    """The VM stays where it was: returned to its source, with the engine's own reason."""
    outcome, port = replayed(pattern, cassette)
    assert (outcome.verdict, outcome.reason) == (Verdict.RETURNED_TO_SOURCE, reason)
    assert outcome.evidence[-1].event_code == code
    assert len(port.acts) == 1


@pytest.mark.parametrize(
    ("pattern", "cassette", "key", "kind", "filters", "hosts"),
    [
        ("rec-down-", "migrate-refused-down", "not_running", RefusalClass.BLOCKED, (), 0),
        ("rec-same-", "migrate-refused-same-host", "no_hosts", RefusalClass.BLOCKED, (), 0),
        ("rec-cpu-", "migrate-refused-cpu", "no_hosts", RefusalClass.BLOCKED, (), 0),
        ("rec-mem-", "migrate-refused-memory", "filter_memory", RefusalClass.BLOCKED, ("Memory",), 3),
        ("rec-memn-", "migrate-refused-memory", "filter_memory", RefusalClass.BLOCKED, ("Memory",), 1),
        (
            "rec-apart-",
            "affinity-groups",
            "filter_vm_affinity_groups",
            RefusalClass.ALTERNATIVE,
            ("VmAffinityGroups",),
            1,
        ),
        (
            "rec-dstblack-",
            "host-dies-during-migration",
            "filter_network",
            RefusalClass.PERMANENT,
            ("Network",),
            1,
        ),
        ("rec-aff-e5", "migrate-pinned-and-user-migratable", "pinned", RefusalClass.PERMANENT, (), 0),
        ("rec-afforce-15", "migrate-pinned-and-user-migratable", "pinned", RefusalClass.PERMANENT, (), 0),
        (
            "rec-aff-75",
            "migrate-pinned-and-user-migratable",
            "user_migratable",
            RefusalClass.PERMANENT,
            (),
            0,
        ),
    ],
)
def test_recorded_refusals(pattern, cassette, key, kind, filters, hosts):
    """The engine's no, its class and filters; three lines of one fault are one host's, three times."""
    recording = recorded(cassette)
    (post,) = posts_of(recording, pattern)
    assert not was_accepted(post)
    refusal = classify_refusal(post.answer)
    assert (refusal.key, refusal.kind, refusal.filters, refusal.hosts_refusing) == (key, kind, filters, hosts)


def test_recorded_cancel_carries_the_cancels_id():
    """Event 161 bears another id than the migration; for a watcher it is a cancel by that user."""
    outcome, port = replayed("rec-cancel-", "migrate-cancel")
    assert (outcome.verdict, outcome.actor) == (Verdict.CANCELLED, "admin@internal-authz")
    assert outcome.evidence[-1].event_code == 161
    assert name_of(port, outcome.host_id) == "kvm04"


def test_recorded_second_request_is_adopted():
    """`VM app01 is being migrated.`: the other's migration is watched to its end and counted as theirs."""
    outcome, port = replayed("rec-second-", "migrate-twice")
    assert (outcome.verdict, name_of(port, outcome.host_id)) == (Verdict.MOVED_BY_OTHER, "kvm04")
    assert len(port.acts) == 1


def test_recorded_engine_restart():
    """After the restart the job is gone and event 63 never comes: success by status and host, said so."""
    outcome, port = replayed("rec-restart-", "engine-restart-before", "engine-restart-after")
    assert (outcome.verdict, name_of(port, outcome.host_id)) == (Verdict.SUCCEEDED, "kvm04")
    assert any(e.source == "absence" and "63" in e.text for e in outcome.evidence)
    assert outcome.downtime_ms is None


def test_recorded_snapshot_blocks():
    """A snapshot being taken refuses the migration for the time being."""
    outcome, _ = replayed("rec-restart2-", "engine-restart-before", "engine-restart-after")
    assert outcome.refusal is not None
    assert (outcome.verdict, outcome.refusal.key) == (Verdict.REFUSED, "snapshot")


def test_recorded_closure_leaves_no_trace_of_our_id():
    """An accepted closure with neither job nor event of ours: where the VM arrives settles it."""
    outcome, port = replayed("rec-closure2-", "affinity-groups")
    assert (outcome.verdict, name_of(port, outcome.host_id)) == (Verdict.SUCCEEDED, "kvm03")
    assert any(e.source in ("absence", "event") for e in outcome.evidence)


def test_recorded_campaign_of_twelve():
    """A dozen at once among other people's work: each with its own outcome, refusals included."""
    recording = recorded("campaign-of-twelve")
    done = {event.vm_id for event in recording.events.values() if event.code == 63}
    posts = [post for post in posts_of(recording, "rec-c-") if post.target in done or not was_accepted(post)]
    port = ReplayPort(recording, *posts, only_migrating=True)
    campaign = run(
        port.plan(*posts), port, journal=":memory:", options=port.options(max_failures=99), clock=port.clock
    )
    assert isinstance(campaign, Campaign)
    verdicts = {c.vm_name: c.outcome.verdict for c in campaign.courses if c.outcome}
    refused = {"amd-web01", "app01", "web03"}
    assert {name for name, verdict in verdicts.items() if verdict == Verdict.REFUSED} == refused
    arrived = {name for name, verdict in verdicts.items() if verdict == Verdict.SUCCEEDED}
    assert arrived == set(verdicts) - refused
    #: the pinned one is not even asked for: its placement is seen beforehand
    assert (len(posts), len(port.acts)) == (15, 14)


def test_recorded_stuck_host_resolved_by_force():
    """Six stragglers moved by request while the host prepares for maintenance: six successes."""
    recording = recorded("maintenance-stuck-resolved-by-force")
    posts = posts_of(recording, "rec-force-")
    port = ReplayPort(recording, *posts)
    assert all(was_accepted(post) for post in posts)
    done = [event for event in recording.events.values() if event.code == 63]
    assert {event.correlation_id for event in done} == {post.correlation_id for post in posts}
    assert len(port.plan(*posts).moves) == 6


def test_recorded_maintenance_moves_vms_under_ids_of_the_engines_own():
    """Event 67 with ids of eight digits: for a request of ours on such a VM it is somebody else's move."""
    recording = recorded("maintenance-and-back")
    (post,) = posts_of(recording, "rec-maint-", act="deactivate")
    starts = [event for event in recording.events.values() if event.code == 67]
    assert starts
    assert all(event.correlation_id != post.correlation_id for event in starts)
    assert all(event.reason == "" for event in starts)
    (entered,) = [e for e in recording.events.values() if e.correlation_id == post.correlation_id]
    assert entered.code == 600


def test_recorded_outage_of_the_source_agent_is_our_success():
    """142, 163, the job failed, no event 63: the VM is on the named host, and no other migration exists."""
    outcome, port = replayed("rm-2611252thhg9-m1-", "source-agent-away-arrived-without-63")
    assert outcome.verdict == Verdict.SUCCEEDED
    assert outcome.host_id == port.plan(*posts_of(port.recording, "rm-")).moves[0].destination_host_id
    assert len(port.acts) == 1
    assert outcome.evidence[-2].event_code in (142, 163)
    assert "no event 63" in outcome.evidence[-1].text


class PortAfterwards(ReplayPort):
    """Requests that were not recorded are refused as the recorded one was."""

    def _answer(self, target: str, act: str, correlation_id: str) -> ActAnswer:
        if any((post.target, post.act) == (target, act) for post in self.pending):
            return super()._answer(target, act, correlation_id)
        self.acts.append(f"{act} {target}")
        if act == "activate":
            host = HostState(host_id=target, status="up")
            self.recording.hosts[target].append((self.clock.now(), host))
            return Accepted()
        return next(p.answer for p in self.recording.posts if isinstance(p.answer, Refused))


def evacuated(name: str, *, blocked: bool) -> tuple[Campaign, PortAfterwards, set[str]]:
    """The recorded evacuation; `blocked`: as the plan had said, the VMs that were left on the host are."""
    recording = copy.deepcopy(recorded(name))
    posts = recording.posts
    (switch,) = posts_of(recording, "rm-", act="deactivate")
    port = PortAfterwards(recording, *posts)
    moves = posts_of(recording, "rm-", act="migrate")
    plan = port.plan(*moves, kind="evacuate", host_id=switch.target)
    moved = {post.target for post in moves}
    stay = {
        vm_id
        for vm_id, timeline in recording.vms.items()
        if timeline[-1][1].host_id == switch.target and vm_id not in moved
    }
    items = tuple(Blocked(vm_id=key, vm_name=recording.vm_names[key], reasons=("Network",)) for key in stay)
    plan = msgspec.structs.replace(plan, blocked=items if blocked else ())
    options = port.options(return_host=not blocked)
    return run(plan, port, journal=":memory:", options=options, clock=port.clock), port, stay


def test_recorded_host_with_blocked_vms_is_not_asked_into_maintenance():
    """The plan knew that VMs cannot leave: they are named, and the host stays in service."""
    campaign, port, stay = evacuated("evacuation-with-blocked-vms", blocked=True)
    assert campaign.host is not None
    assert (campaign.host.state, set(campaign.host.straggler_ids)) == ("not_started", stay)
    assert stay
    assert not [act for act in port.acts if act.startswith("deactivate")]


@pytest.mark.parametrize("name", ["evacuation-with-blocked-vms", "maintenance-accepted-with-400"])
def test_recorded_refusal_of_maintenance_that_had_begun(name):
    """409 and preparing_for_maintenance: not believed as refused; the host is activated again on request."""
    campaign, port, stay = evacuated(name, blocked=False)
    assert campaign.host is not None
    assert campaign.host.state == "reactivated"
    assert stay <= set(campaign.host.straggler_ids)
    acts = [act.split()[0] for act in port.acts if not act.startswith("migrate")]
    assert acts == ["deactivate", "activate"]
