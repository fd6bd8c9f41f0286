"""Migrations on the lab: what is answered, what happens, what is written down."""

from __future__ import annotations

import pytest
from lab_worlds import THREE_HOSTS, Desk, a_desk

from rhevmig.lab.subsystems import subsystems_of


@pytest.fixture
def desk() -> Desk:
    return a_desk()


def test_a_migration_starts_at_once_and_arrives_later(desk: Desk) -> None:
    """The answer says started; the VM is migrating on its source, then up on another host."""
    assert desk.migrate("vm1") == (200, "")
    assert desk.on("vm1") == "migrating@h1"
    desk.wait(60)
    assert desk.on("vm1") in ("up@h2", "up@h3")
    assert desk.events("ours") == [62, 63]
    assert desk.jobs() == [("Migrating VM vm1", "finished")]


def test_a_named_host_is_the_one(desk: Desk) -> None:
    """A named destination is taken, and the job names it."""
    assert desk.migrate("vm1", desk.to("h3"))[0] == 200
    desk.wait(60)
    assert desk.on("vm1") == "up@h3"
    assert desk.jobs() == [("Migrating VM vm1 to Host h3", "finished")]


def test_the_time_is_memory_over_bandwidth(desk: Desk) -> None:
    """2 GiB of an idle VM at the engine's share of 10 Gbit/s (625 MiB/s) take a little more than 3.2 s."""
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(3.2)
    assert desk.on("vm1") == "migrating@h1"
    desk.wait(0.5)
    assert desk.on("vm1") == "up@h2"


def test_without_an_address_the_management_network_is_taken_in_silence() -> None:
    """No address on one side's migration NIC: accepted and told like any other, ten times slower."""
    desk = a_desk(THREE_HOSTS.replace('address: "10.0.0.{n}/24"', "address: null"))
    assert desk.migrate("vm1", desk.to("h2")) == (200, "")
    desk.wait(20)
    assert desk.on("vm1") == "migrating@h1"
    desk.wait(40)
    assert (desk.on("vm1"), desk.events("ours")) == ("up@h2", [62, 63])


def test_no_more_than_two_leave_a_host_at_once_and_the_rest_wait_at_zero(desk: Desk) -> None:
    """Minimal downtime allows two: four asked for, two copy, the others show migrating with progress 0."""
    for number in range(1, 5):
        assert desk.migrate(f"vm{number}", desk.to("h2"), correlation_id=f"c{number}")[0] == 200
    assert [desk.on(f"vm{number}") for number in range(1, 5)] == ["migrating@h1"] * 4
    desk.wait(2)
    _, stats = desk.ask("GET", f"vms/{desk.vm('vm4').id}/statistics")
    progress = {item.findtext("name"): item.findtext("values/value/datum") for item in stats}
    assert progress["migration.progress"] == "0"
    _, stats = desk.ask("GET", f"vms/{desk.vm('vm1').id}/statistics")
    progress = {item.findtext("name"): item.findtext("values/value/datum") for item in stats}
    assert 0 < int(progress["migration.progress"]) < 100
    assert subsystems_of(desk.lab.engine).copies.running(desk.host("h1").id, outgoing=True) == 2
    desk.wait(60)
    assert [desk.on(f"vm{number}") for number in range(1, 5)] == ["up@h2"] * 4


def test_a_full_destination_is_asked_again_after_ten_seconds() -> None:
    """Two come in from h3 already: a third from h1 waits ten seconds although they are done sooner."""
    text = THREE_HOSTS + "  - {<<: *vm, name: 'far{n}', count: 2, host: h3, memory_gib: 4}\n"
    desk = a_desk(text)
    for name in ("far1", "far2"):
        desk.migrate(name, desk.to("h2"), correlation_id=name)
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(9)
    assert [desk.on(name) for name in ("far1", "far2")] == ["up@h2"] * 2
    assert desk.on("vm1") == "migrating@h1"
    desk.wait(7)
    assert desk.on("vm1") == "up@h2"


def test_two_on_one_link_take_twice_as_long() -> None:
    """Links are shared: without caps of their own, two migrations over 1 Gbit/s get half each."""
    slow = THREE_HOSTS.replace("{name: eth1, mtu: 9000}", "{name: eth1, mtu: 9000, speed_mbps: 1000}")
    desk = a_desk(slow)
    desk.migrate("vm1", desk.to("h2"), correlation_id="a")
    desk.migrate("vm2", desk.to("h3"), correlation_id="b")
    desk.wait(32)
    assert desk.on("vm1") == "migrating@h1"
    desk.wait(4)
    assert (desk.on("vm1"), desk.on("vm2")) == ("up@h2", "up@h3")


def test_a_second_migrate_is_refused_without_an_event(desk: Desk) -> None:
    """The VM is locked: 409, a failed job, and nothing in the log."""
    desk.migrate("vm1")
    assert desk.migrate("vm1", correlation_id="second") == (
        409,
        "[Cannot migrate VM. VM vm1 is being migrated.]",
    )
    assert desk.jobs("second") == [("Migrating VM vm1", "failed")]
    assert desk.events("second") == []


@pytest.mark.parametrize(
    ("path", "value", "status", "text"),
    [
        ("placement_policy.affinity", "pinned", 409, "[Cannot migrate VM. VM is pinned to Host.]"),
        (
            "placement_policy.affinity",
            "user_migratable",
            409,
            "[Cannot migrate VM. VM is non migratable and user did not specify the force-migration flag]",
        ),
        ("status", "down", 409, "[Cannot migrate VM. VM is not running.]"),
        ("status", "not_responding", 409, "[Cannot migrate VM because the VM is in Not Responding status.]"),
    ],
)
def test_what_the_vm_says_is_refused_in_the_engines_words(
    desk: Desk, path: str, value: str, status: int, text: str
) -> None:
    """Each refusal has its code and text, a failed job and event 65."""
    desk.world.set(desk.vm("vm1"), path, value)
    assert desk.migrate("vm1") == (status, text)
    code, said = desk.said("ours")[-1]
    assert code == 65
    assert said == f"Migration failed due to a failed validation: {text} (VM: vm1, Source: h1)."
    assert desk.jobs() == [("Migrating VM vm1", "failed")]


def test_paused_by_an_io_error_is_refused_and_paused_by_hand_moves(desk: Desk) -> None:
    """A VM paused for want of storage stays (400); one that was suspended by its user arrives paused."""
    desk.world.update(desk.vm("vm1"), {"status": "paused", "status_detail": "eio"})
    assert desk.migrate("vm1")[0] == 400
    desk.world.update(desk.vm("vm2"), {"status": "paused"})
    assert desk.migrate("vm2", desk.to("h2"))[0] == 200
    desk.wait(60)
    assert desk.on("vm2") == "paused@h2"


def test_force_moves_what_only_users_may_move(desk: Desk) -> None:
    """`force` is for user-migratable VMs and does nothing for pinned ones."""
    desk.world.set(desk.vm("vm1"), "placement_policy.affinity", "user_migratable")
    assert desk.migrate("vm1", "<action><force>true</force></action>")[0] == 200
    desk.world.set(desk.vm("vm2"), "placement_policy.affinity", "pinned")
    assert desk.migrate("vm2", "<action><force>true</force></action>")[0] == 409


def test_the_same_host_and_another_cluster_end_at_no_hosts(desk: Desk) -> None:
    """Both read as if there were no host at all, with 400."""
    text = "[There are no hosts to use. Check that the cluster contains at least one host in Up state.]"
    assert desk.migrate("vm1", desk.to("h1")) == (400, text)
    assert desk.migrate("vm1", desk.to("amd1")) == (400, text)


def test_unknown_names_and_ids(desk: Desk) -> None:
    """An unknown name is 404, a malformed id 400, an unknown cluster 500."""
    named = "<action><host><name>nobody</name></host></action>"
    assert desk.migrate("vm1", named) == (404, "Entity not found: nobody")
    assert desk.migrate("vm1", '<action><host id="x"/></action>') == (400, "Invalid UUID string: x")
    gone = '<action><cluster id="11111111-2222-3333-4444-555555555555"/></action>'
    assert desk.migrate("vm1", gone) == (500, "[General command validation failure.]")


def test_a_vm_that_is_not_there_is_told_with_its_id_only(desk: Desk) -> None:
    """400, and event 65 refers to the id that nobody has."""
    missing = "11111111-2222-3333-4444-555555555555"
    assert desk.act(f"vms/{missing}/migrate") == (400, "[Cannot migrate VM. VM is not found.]")
    [(code, text)] = desk.said("ours")
    assert code == 65
    assert text.endswith("[Cannot migrate VM. VM is not found.] (VM: <UNKNOWN>, Source: <UNKNOWN>).")
    event = desk.world.all("events")[-1]
    assert (event.get("vm"), event.get("host")) == ({"@id": missing}, None)


def test_cancel_brings_the_vm_back_and_carries_its_own_id(desk: Desk) -> None:
    """161 has the cancel's id; the migration's job fails; there is no 65 or 120."""
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(1)
    path = f"vms/{desk.vm('vm1').id}/cancelmigration"
    assert desk.act(path, correlation_id="stop") == (200, "")
    assert desk.jobs() == [("Migrating VM vm1 to Host h2", "failed")]
    desk.wait(10)
    assert desk.on("vm1") == "up@h1"
    assert (desk.events("ours"), desk.events("stop")) == ([62], [161])
    refused = (409, "[Cannot cancel migration for non migrating VM.]")
    assert desk.act(path, correlation_id="again") == refused


def test_an_unnamed_migration_tries_three_hosts_at_most(desk: Desk) -> None:
    """Each failure writes 128 and the next 62; when no host is left 166 and 65."""
    copies = subsystems_of(desk.lab.engine).copies
    desk.migrate("vm1")
    for _ in range(2):
        desk.wait(1)
        copies.break_off(desk.vm("vm1").id)
    desk.wait(1)
    assert desk.events("ours") == [62, 128, 62, 128, 166, 65]
    assert desk.on("vm1") == "up@h1"
    assert desk.jobs() == [("Migrating VM vm1", "failed")]


def test_a_named_migration_that_fails_is_not_tried_again(desk: Desk) -> None:
    """120 at once, and the VM stays."""
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(1)
    subsystems_of(desk.lab.engine).copies.break_off(desk.vm("vm1").id)
    assert desk.said("ours")[-1] == (
        120,
        "Migration failed due to an Error: operation failed: migration out job: unexpectedly failed"
        " (VM: vm1, Source: h1, Destination: h2).",
    )
    assert desk.on("vm1") == "up@h1"


def test_a_load_that_outruns_the_link_is_given_up() -> None:
    """Minimal downtime aborts a copy that does not converge; the text is the host's."""
    busy = THREE_HOSTS.replace("{name: eth1, mtu: 9000}", "{name: eth1, mtu: 9000, speed_mbps: 1000}")
    desk = a_desk(busy.replace("dirty_mib_s: 0,", "dirty_mib_s: 900, working_set_mib: 2000,"))
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(3600)
    assert desk.on("vm1") == "up@h1"
    assert desk.said("ours")[-1][0] == 120
    assert "operation aborted: migration out: canceled by client" in desk.said("ours")[-1][1]


def test_memory_on_its_way_is_not_given_away_twice() -> None:
    """Two VMs of 20 GiB and hosts of 32: the second one must go elsewhere or nowhere."""
    text = THREE_HOSTS.replace("memory_gib: 2\n", "memory_gib: 14\n").replace("count: 4", "count: 2")
    desk = a_desk(text)
    for number in (1, 2):
        assert desk.migrate(f"vm{number}", desk.to("h2"), correlation_id=f"c{number}")[0] == 200
    text2 = text + "  - {<<: *vm, name: third, count: 1, host: h3}\n"
    desk = a_desk(text2)
    for number in (1, 2):
        desk.migrate(f"vm{number}", desk.to("h2"), correlation_id=f"c{number}")
    status, refusal = desk.migrate("third", desk.to("h2"))
    assert status == 409
    assert (
        "The host h2 did not satisfy internal filter Memory because its available memory is too low"
        in refusal
    )


def test_several_refusals_repeat_the_first_hosts_line(desk: Desk) -> None:
    """Hosts refuse for reasons of their own; the fault shows the first one as often as there are hosts."""
    for number, name in enumerate(("h2", "h3")):
        desk.world.set(desk.host(name), "memory", (1 + number) * 2**30)
    _, refusal = desk.migrate("vm1")
    lines = refusal.removesuffix("]").split(", ")[1:]
    assert len(lines) == 2
    assert len(set(lines)) == 1


def test_the_engine_says_which_hosts_would_do(desk: Desk) -> None:
    """`migration_target_of` lists the hosts that pass, the VM's own included."""
    desk.world.set(desk.host("h3"), "memory", 2**30)
    _, root = desk.ask("GET", f"hosts?migration_target_of={desk.vm('vm1').id}")
    assert sorted(str(host.findtext("name")) for host in root) == ["h1", "h2"]
