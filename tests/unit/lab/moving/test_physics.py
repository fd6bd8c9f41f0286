"""What holds whatever is asked of the lab: time, memory, limits, one host a VM, one end a migration."""

from __future__ import annotations

import threading

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab_worlds import THREE_HOSTS, Desk, a_desk

from rhevmig.lab.migration.lifecycle import HANDOVER_S
from rhevmig.lab.migration.memory_transfer import SETUP_S
from rhevmig.lab.subsystems import subsystems_of

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MIB = 2**20


def seconds_to_move(memory_mib: int, link_mbps: int) -> float:
    text = THREE_HOSTS.replace(
        "{name: eth1, mtu: 9000}", f"{{name: eth1, mtu: 9000, speed_mbps: {link_mbps}}}"
    )
    desk = a_desk(text)
    desk.world.set(desk.vm("vm1"), "memory", memory_mib * MIB)
    began_s = desk.world.clock.now_s
    assert desk.migrate("vm1", desk.to("h2")) == (200, "")
    for _ in range(100_000):
        due_s = desk.world.agenda.next_at_s
        assert due_s is not None
        desk.wait(due_s - desk.world.clock.now_s)
        if desk.on("vm1") == "up@h2":
            return desk.world.clock.now_s - began_s
    raise AssertionError("it never arrived")


@QUICK
@given(memory_mib=st.integers(256, 16_384), link_mbps=st.sampled_from([1000, 2500, 10_000, 25_000]))
def test_without_writing_it_takes_memory_over_bandwidth(memory_mib: int, link_mbps: int) -> None:
    """An idle VM's time is its memory over its share of the link; only the pause's part is faster."""
    share_mib_s = link_mbps // 8 // 2
    copying_s = seconds_to_move(memory_mib, link_mbps) - SETUP_S - HANDOVER_S
    whole_s = memory_mib / share_mib_s
    assert copying_s <= whole_s * 1.005 + 0.12
    assert copying_s >= whole_s * 0.85 - 0.12


STEP = st.one_of(
    st.tuples(st.just("migrate"), st.integers(1, 8), st.sampled_from([None, "h1", "h2", "h3"])),
    st.tuples(st.just("cancel"), st.integers(1, 8), st.none()),
    st.tuples(st.just("break"), st.integers(1, 8), st.none()),
    st.tuples(st.just("deactivate"), st.integers(1, 3), st.none()),
    st.tuples(st.just("activate"), st.integers(1, 3), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 40), st.none()),
)
MANY = THREE_HOSTS.replace("count: 4\n", "count: 8\n").replace("dirty_mib_s: 0", "dirty_mib_s: 20")


def follow(desk: Desk, step: tuple[str, int, str | None], number: int) -> None:
    kind, which, host = step
    own = f"s{number}"
    if kind == "migrate":
        desk.migrate(f"vm{which}", desk.to(host) if host else "<action/>", correlation_id=own)
    elif kind == "cancel":
        desk.act(f"vms/{desk.vm(f'vm{which}').id}/cancelmigration", correlation_id=own)
    elif kind == "break":
        subsystems_of(desk.lab.engine).copies.break_off(desk.vm(f"vm{which}").id)
    elif kind in ("deactivate", "activate"):
        desk.act(f"hosts/{desk.host(f'h{which}').id}/{kind}", correlation_id=own)
    else:
        desk.wait(which)


def check_invariants(desk: Desk) -> None:
    vms = [vm for vm in desk.world.all("vms") if vm.name != "spare"]
    assert sum(vm.number("memory") for vm in vms) == 8 * 2 * 2**30
    on_hosts = [vm for host in desk.world.all("hosts") for vm in desk.world.referring("vms", "host", host.id)]
    assert sorted(vm.name for vm in on_hosts) == sorted(vm.name for vm in vms)
    assert {vm.text("status") for vm in vms} <= {"up", "migrating"}
    subsystems = subsystems_of(desk.lab.engine)
    for host in desk.world.all("hosts"):
        assert subsystems.copies.running(host.id, outgoing=True) <= 2
        assert subsystems.copies.running(host.id, outgoing=False) <= 2
        pending = sum(copy.destination is host for copy in subsystems.copies.active.values())
        assert host.lab.get("incoming", 0) == pending
    assert set(subsystems.copies.active) <= {vm.id for vm in vms if vm.text("status") == "migrating"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, max_size=25))
def test_whatever_is_asked_nothing_is_lost_or_doubled(steps: list[tuple[str, int, str | None]]) -> None:
    """Every VM is on one host at every instant, memory stays, limits hold, every job ends."""
    desk = a_desk(MANY)
    for number, step in enumerate(steps):
        follow(desk, step, number)
        check_invariants(desk)
    for number in range(1, 4):
        desk.act(f"hosts/{desk.host(f'h{number}').id}/activate")
    subsystems_of(desk.lab.engine).balancer.is_on = False
    desk.wait(590)
    check_invariants(desk)
    assert not subsystems_of(desk.lab.engine).migrations.active
    ends_of_each_migration(desk)


def ends_of_each_migration(desk: Desk) -> None:
    """As many ends as starts: each 62 or 67 is followed by one 63, 120, 128 or a cancel of its VM."""
    open_starts: dict[str, int] = {}
    for event in desk.world.all("events"):
        vm_id, code = event.ref("vm") or "", event.text("code")
        if code in ("62", "67"):
            assert open_starts.get(vm_id, 0) == 0
            open_starts[vm_id] = 1
        elif code in ("63", "120", "128", "161"):
            assert open_starts.get(vm_id, 0) == 1
            open_starts[vm_id] = 0
    assert not any(open_starts.values())


def the_log(desk: Desk) -> str:
    return "\n".join(
        " ".join(event.text(member) for member in ("index", "time", "code", "correlation_id", "description"))
        for event in desk.world.all("events")
    )


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, min_size=5, max_size=20))
def test_the_same_requests_at_the_same_instants_give_the_same_log(
    steps: list[tuple[str, int, str | None]],
) -> None:
    """Seed, scenario and requests decide the event log, byte for byte."""
    logs = []
    for _ in range(2):
        desk = a_desk(MANY)
        for number, step in enumerate(steps):
            follow(desk, step, number)
        desk.wait(400)
        logs.append(the_log(desk).encode())
    assert logs[0] == logs[1]


def test_how_late_time_is_looked_at_changes_nothing() -> None:
    """One long wait or hundreds of short ones: the same log."""
    logs = []
    for pieces in (1, 600):
        desk = a_desk(MANY)
        for number in range(1, 9):
            desk.migrate(f"vm{number}", correlation_id=f"c{number}")
        for _ in range(pieces):
            desk.wait(60 / pieces)
        logs.append(the_log(desk))
    assert logs[0] == logs[1]


def test_sixteen_threads_change_none_of_that() -> None:
    """Sixteen clients at once, each with its own session, while time passes: no mistake, no VM lost."""
    desk = a_desk(MANY)
    failures: list[BaseException] = []

    def hammer(number: int) -> None:
        try:
            mine = Desk.again(desk)
            for turn in range(12):
                kind = ("migrate", "cancel", "migrate", "wait")[(number + turn) % 4]
                which = (number * 5 + turn) % 8 + 1
                if kind == "wait":
                    desk.wait(1)
                    mine.ask("GET", "vms?max=20")
                else:
                    follow(mine, (kind, which, None), number * 100 + turn)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test must see it
            failures.append(error)

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert desk.lab.engine.mistakes == []
    desk.wait(300)
    check_invariants(desk)
    ends_of_each_migration(desk)
