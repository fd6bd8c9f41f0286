"""Hosts on their way into maintenance and back."""

from __future__ import annotations

import re

import pytest
from lab_worlds import THREE_HOSTS, Desk, a_desk

from rhevmig.lab.subsystems import subsystems_of


@pytest.fixture
def desk() -> Desk:
    return a_desk()


def deactivate(desk: Desk, host: str = "h1", reason: str = "", **more: str) -> tuple[int, str]:
    body = f"<action><reason>{reason}</reason></action>" if reason else "<action/>"
    return desk.act(f"hosts/{desk.host(host).id}/deactivate", body, **more)


def status(desk: Desk, host: str = "h1") -> str:
    return desk.host(host).text("status")


def test_a_host_is_emptied_and_then_in_maintenance(desk: Desk) -> None:
    """Preparing while VMs leave, maintenance a moment after the last one has left."""
    assert deactivate(desk, reason="kernel") == (200, "")
    assert status(desk) == "preparing_for_maintenance"
    desk.wait(120)
    assert status(desk) == "maintenance"
    assert all(desk.on(f"vm{number}") in ("up@h2", "up@h3") for number in range(1, 5))


def test_each_vm_moves_under_an_id_of_its_own(desk: Desk) -> None:
    """Only event 600 carries the request's id; each VM's 67 and 63 share another one of eight hex digits."""
    deactivate(desk, reason="kernel")
    desk.wait(120)
    assert desk.events("ours") == [600]
    ids = {
        event.text("correlation_id")
        for event in desk.world.all("events")
        if event.text("code") in ("67", "63") and event.text("correlation_id")
    }
    assert len(ids) == 4
    assert all(len(found) <= 8 and int(found, 16) for found in ids)


def test_without_a_reason_the_event_is_another(desk: Desk) -> None:
    """620 without, 600 with a reason."""
    deactivate(desk)
    assert desk.events("ours") == [620]


def test_the_job_has_a_step_for_every_vm(desk: Desk) -> None:
    """Moving Host … with the steps Migrating VM … from Host …, finished when the host arrives."""
    deactivate(desk)
    assert desk.jobs() == [("Moving Host h1 to Maintenance", "started")]
    _, root = desk.ask("GET", "jobs?follow=steps&search=correlation_id%3Dours")
    texts = [step.findtext("description") for step in root.iter("step")]
    assert sum("from Host h1" in str(text) for text in texts) == 4
    desk.wait(120)
    assert desk.jobs() == [("Moving Host h1 to Maintenance", "finished")]


def test_never_more_leave_at_once_than_the_policy_allows(desk: Desk) -> None:
    """Four VMs, two at a time."""
    deactivate(desk)
    copies = subsystems_of(desk.lab.engine).copies
    for _ in range(40):
        desk.wait(0.5)
        assert copies.running(desk.host("h1").id, outgoing=True) <= 2


def test_a_pinned_vm_refuses_and_nothing_moves(desk: Desk) -> None:
    """409 with the VM's name, event 14001, no job."""
    desk.world.set(desk.vm("vm2"), "placement_policy.affinity", "pinned")
    code, text = deactivate(desk)
    assert code == 409
    assert text.endswith("The non-migratable VMs are: vm2.]")
    assert (desk.events("ours"), desk.jobs(), status(desk)) == ([14001], [], "up")


def test_user_migratable_vms_move_too_when_a_user_asks(desk: Desk) -> None:
    """User-initiated maintenance moves what the engine's own retry would not."""
    desk.world.set(desk.vm("vm2"), "placement_policy.affinity", "user_migratable")
    assert deactivate(desk)[0] == 200
    desk.wait(120)
    assert status(desk) == "maintenance"


def test_stuck_until_the_straggler_is_moved_by_force(desk: Desk) -> None:
    """Every move fails, the engine's own retry is refused every 302 seconds; force ends it at once."""
    desk.world.set(desk.vm("vm1"), "placement_policy.affinity", "user_migratable")
    copies = subsystems_of(desk.lab.engine).copies
    deactivate(desk)
    for _ in range(30):
        desk.wait(1)
        for number in range(1, 5):
            copies.break_off(desk.vm(f"vm{number}").id)
    assert desk.events().count(120) == 4
    desk.wait(700)
    assert (status(desk), desk.events().count(14001)) == ("preparing_for_maintenance", 2)
    for number in range(1, 5):
        body = "<action><force>true</force></action>"
        assert desk.migrate(f"vm{number}", body, correlation_id=f"f{number}")[0] == 200
    desk.wait(60)
    assert status(desk) == "maintenance"


def test_a_vm_that_no_host_takes_answers_400_and_the_others_leave(desk: Desk) -> None:
    """400 without a text, event 602 instead of 600, the job failed; the host prepares for maintenance."""
    desk.world.set(desk.vm("vm4"), "memory", 200 * 2**30)
    assert deactivate(desk, reason="x") == (400, "[]")
    assert status(desk) == "preparing_for_maintenance"
    assert desk.events("ours") == [602]
    assert desk.jobs() == [("Moving Host h1 to Maintenance", "failed")]
    desk.wait(310)
    assert desk.on("vm1") != "up@h1"
    assert (status(desk), desk.events().count(17)) == ("preparing_for_maintenance", 1)


def test_a_host_whose_vms_no_host_takes_is_refused_and_has_begun(desk: Desk) -> None:
    """As recorded: 409, per VM the sentence and one line per host with the values of the first; event 602."""
    for number in range(1, 5):
        desk.world.set(desk.vm(f"vm{number}"), "memory", 200 * 2**30)
    code, detail = deactivate(desk, reason="x")
    assert code == 409
    header = (
        "Cannot maintenance Host. There is no host that satisfies current scheduling constraints. "
        "See below for details:"
    )
    assert detail.startswith(f"[{header}, The host ")
    assert detail.count(header) == 4
    assert len(set(re.findall(r"The host \S+ did not satisfy internal filter Memory", detail))) == 1
    assert status(desk) == "preparing_for_maintenance"
    assert desk.events("ours") == [602]
    desk.wait(310)
    assert (desk.on("vm1"), desk.events().count(17)) == ("up@h1", 1)
    assert desk.act(f"hosts/{desk.host('h1').id}/activate", correlation_id="back")[0] == 200


def test_the_only_host_that_is_up_cannot_leave(desk: Desk) -> None:
    """409 before anything begins, with the names of host and cluster."""
    for name in ("h2", "h3"):
        desk.world.set(desk.host(name), "status", "non_operational")
    code, detail = deactivate(desk)
    assert code == 409
    assert detail.startswith(
        "[The following Hosts have running VMs and cannot be switched to maintenance mode: h1."
    )
    assert status(desk) == "up"


def test_the_host_of_the_engine_needs_another_with_a_score(desk: Desk) -> None:
    """The hosted engine's VM keeps its host until some other host has a score above 0."""
    desk.world.set(desk.vm("vm1"), "origin", "managed_hosted_engine")
    code, detail = deactivate(desk)
    assert (code, "None of the hosts capable of running the engine VM" in detail) == (409, True)
    assert status(desk) == "up"
    desk.world.set(desk.host("h2"), "hosted_engine", {"configured": "true", "score": "3400"})
    assert deactivate(desk, correlation_id="again")[0] == 200


def test_what_was_on_its_way_in_is_stopped(desk: Desk) -> None:
    """A migration towards the host ends with 120 'Migration canceled'."""
    desk.migrate("vm1", desk.to("h2"), correlation_id="move")
    desk.wait(1)
    assert deactivate(desk, "h2")[0] == 200
    assert desk.said("move")[-1] == (
        120,
        "Migration failed due to an Error: Migration canceled (VM: vm1, Source: h1, Destination: h2).",
    )


def test_the_spm_is_handed_over(desk: Desk) -> None:
    """The pool manager lets go at once; another host has the role some seconds later."""
    assert desk.host("h1").text("spm.status") == "spm"
    deactivate(desk)
    assert desk.host("h1").text("spm.status") == "none"
    desk.wait(20)
    managers = [name for name in ("h1", "h2", "h3", "amd9") if desk.world.named("hosts", name)]
    roles = {host.name: host.text("spm.status") for host in desk.world.all("hosts")}
    assert managers
    assert list(roles.values()).count("spm") == 1
    assert [code for code in desk.events() if code in (980, 204)] == [980, 204]


def test_in_maintenance_already_and_up_already(desk: Desk) -> None:
    """Asked once too often, each is refused in the engine's words."""
    deactivate(desk)
    desk.wait(120)
    text = "[Cannot switch Host to Maintenance mode. Host is already in Maintenance mode.]"
    assert deactivate(desk, correlation_id="again") == (409, text)
    path = f"hosts/{desk.host('h1').id}/activate"
    assert desk.act(path, correlation_id="back") == (200, "")
    assert status(desk) == "unassigned"
    desk.wait(5)
    assert status(desk) == "up"
    assert desk.act(path, correlation_id="twice") == (409, "[Cannot activate Host. Host in Up status.]")
    assert desk.events("back") == [16]
    assert desk.events()[-1] == 13


def test_activating_ends_a_maintenance_that_has_not_arrived(desk: Desk) -> None:
    """The host is up again; what has left stays away."""
    deactivate(desk)
    desk.wait(5)
    assert desk.act(f"hosts/{desk.host('h1').id}/activate", correlation_id="back")[0] == 200
    desk.wait(900)
    assert status(desk) == "up"
    assert desk.events().count(14001) == 0


def test_an_empty_host_is_there_in_a_moment() -> None:
    """Nothing to move: maintenance after one and a half seconds."""
    desk = a_desk(THREE_HOSTS)
    assert deactivate(desk, "h3")[0] == 200
    desk.wait(1)
    assert status(desk, "h3") == "preparing_for_maintenance"
    desk.wait(1)
    assert status(desk, "h3") == "maintenance"
