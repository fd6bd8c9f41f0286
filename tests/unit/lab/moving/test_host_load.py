"""What the engine knows of a host's load comes with its statistics polls, not at once."""

from __future__ import annotations

import pytest
from lab_worlds import Desk, a_desk

from rhevmig.lab.state.host_load import overhead_mib

MIB = 2**20


@pytest.fixture
def desk() -> Desk:
    return a_desk()


def memory_mib(desk: Desk, host: str) -> int:
    return (
        int(desk.ask("GET", f"hosts/{desk.host(host).id}")[1].findtext("max_scheduling_memory") or 0) // MIB
    )


def counts(desk: Desk, host: str) -> tuple[str | None, ...]:
    root = desk.ask("GET", f"hosts/{desk.host(host).id}")[1]
    return tuple(root.findtext(f"summary/{name}") for name in ("active", "migrating", "total"))


def test_a_migration_takes_memory_on_the_destination_at_once_and_frees_the_source_later(desk: Desk) -> None:
    """Pending memory counts from the request; the source gives back within half a minute."""
    vm = desk.vm("vm1")
    needed = vm.number("memory") // MIB + overhead_mib(vm)
    before = {host: memory_mib(desk, host) for host in ("h1", "h2")}
    desk.migrate("vm1", desk.to("h2"))
    assert memory_mib(desk, "h2") == before["h2"] - needed
    assert memory_mib(desk, "h1") == before["h1"]
    while desk.on("vm1") != "up@h2":
        desk.wait(1)
    assert memory_mib(desk, "h1") == before["h1"]
    desk.wait(31)
    assert memory_mib(desk, "h1") == before["h1"] + needed
    assert memory_mib(desk, "h2") == before["h2"] - needed


def test_the_numbers_of_vms_change_with_the_next_poll(desk: Desk) -> None:
    """Fifteen seconds at most; a VM on its way counts on both hosts."""
    before = [counts(desk, host) for host in ("h1", "h2")]
    desk.migrate("vm2", desk.to("h2"))
    assert [counts(desk, host) for host in ("h1", "h2")] == before
    assert desk.on("vm2") == "migrating@h1"
    desk.wait(31)
    assert desk.on("vm2") == "up@h2"
    assert counts(desk, "h2") == (str(int(before[1][0] or 0) + 1), "0", str(int(before[1][2] or 0) + 1))


def test_a_host_that_prepares_for_maintenance_is_polled_every_three_seconds(desk: Desk) -> None:
    """In maintenance its summary shows no VM."""
    desk.act(f"hosts/{desk.host('h1').id}/deactivate")
    desk.wait(3.1)
    assert counts(desk, "h1")[1] == "4"
    desk.wait(120)
    assert desk.host("h1").text("status") == "maintenance"
    assert counts(desk, "h1") == ("0", "0", "0")
