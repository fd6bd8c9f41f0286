"""Faults as data, the control endpoint, dead hosts, an engine that restarts, and what it moves by itself."""

from __future__ import annotations

import json

import pytest
from lab_worlds import THREE_HOSTS, Desk, a_desk

from rhevmig.lab.subsystems import subsystems_of


@pytest.fixture
def desk() -> Desk:
    return a_desk()


def plant(desk: Desk, **fault: object) -> int:
    answer = desk.lab.handle("POST", "/rhevmig-lab/faults", "", {}, json.dumps(fault).encode())
    assert answer.status == 201, answer.text
    return int(json.loads(answer.text)["planted"][0])


def control(desk: Desk, method: str, path: str, **sent: object) -> dict[str, object]:
    body = json.dumps(sent).encode() if sent else b""
    found = json.loads(desk.lab.handle(method, f"/rhevmig-lab/{path}", "", {}, body).text)
    assert isinstance(found, dict)
    return found


def test_skip_and_count_choose_the_moments(desk: Desk) -> None:
    """One passes, two are hit, the rest pass."""
    plant(desk, kind="status", method="GET", path="/api/vms$", skip=1, count=2, status=502)
    codes = [desk.send("GET", "vms").status for _ in range(5)]
    assert codes == [200, 502, 502, 200, 200]


def test_chance_has_a_seed(desk: Desk) -> None:
    """The same seed hits the same requests in every lab."""
    runs = []
    for lab in (desk, a_desk()):
        plant(lab, kind="status", method="GET", path="/api/hosts", count=None, probability=0.5, seed=5)
        runs.append([lab.send("GET", "hosts").status for _ in range(20)])
    assert runs[0] == runs[1]
    assert 200 in runs[0]
    assert 503 in runs[0]


def test_a_fault_can_be_taken_away_and_leaves_a_log(desk: Desk) -> None:
    """`DELETE` ends it; what struck is listed."""
    number = plant(desk, kind="status", method="GET", path="/api/hosts", count=None, name="outage")
    desk.send("GET", "hosts")
    assert control(desk, "DELETE", f"faults/{number}") == {"removed": True}
    assert desk.send("GET", "hosts").status == 200
    struck = control(desk, "GET", "faults")["struck"]
    assert isinstance(struck, list)
    assert [item["name"] for item in struck] == ["outage"]


def test_a_misspelt_fault_is_refused(desk: Desk) -> None:
    """400 with the key's name; nothing is planted."""
    answer = desk.lab.handle("POST", "/rhevmig-lab/faults", "", {}, b'{"kind": "host_dies", "hosts": "h1"}')
    assert answer.status == 400
    assert "hosts" in answer.text
    assert control(desk, "GET", "faults")["planted"] == []


def test_the_control_endpoint_moves_time_and_knows_it(desk: Desk) -> None:
    """A client without Python can let a migration end."""
    desk.migrate("vm1", desk.to("h2"))
    copies = control(desk, "GET", "copies")["copies"]
    assert isinstance(copies, list)
    assert (copies[0]["vm"], copies[0]["network"], copies[0]["fell_back"]) == ("vm1", "migration", False)
    control(desk, "POST", "advance", seconds=60)
    assert desk.on("vm1") == "up@h2"
    assert control(desk, "GET", "clock")["elapsed_s"] == pytest.approx(60)


def test_a_load_can_change_while_it_is_copied(desk: Desk) -> None:
    """A VM that turns busy on its way takes longer, and is given up."""
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(1)
    control(desk, "POST", "workload", vm="vm1", dirty_mib_s=1_000_000, working_set_mib=2000)
    desk.wait(1000)
    assert desk.on("vm1") == "up@h1"


@pytest.mark.parametrize(("kind", "fate"), [("answer_lost", "lost"), ("cut", "cut")])
def test_a_lost_answer_belongs_to_an_act_that_was_done(desk: Desk, kind: str, fate: str) -> None:
    """The VM moves although nobody hears of it."""
    plant(desk, kind=kind, method="POST", path="migrate")
    answer = desk.send("POST", f"vms/{desk.vm('vm1').id}/migrate?correlation_id=ours", "<action/>")
    assert answer.fate == fate
    desk.wait(60)
    assert desk.events("ours") == [62, 63]


def test_answers_can_be_spoilt(desk: Desk) -> None:
    """XML that ends early, HTML with 200, no content type, slow."""
    for kind in ("cut_xml", "html", "no_content_type"):
        plant(desk, kind=kind, method="GET", path="/api/hosts")
        answer = desk.send("GET", "hosts")
        assert answer.status == 200
        if kind == "cut_xml":
            assert not answer.text.rstrip().endswith("</hosts>")
        elif kind == "html":
            assert (answer.header("content-type") or "").startswith("text/html")
        else:
            assert answer.header("content-type") is None
    plant(desk, kind="slow", method="GET", path="/api/hosts", seconds=2)
    assert desk.send("GET", "hosts").delay_s == 2


def test_an_expired_session_is_a_401_page(desk: Desk) -> None:
    """Tokens are void from that request on; a new login works."""
    plant(desk, kind="session_expired", method="GET", path="/api/hosts")
    answer = desk.send("GET", "hosts")
    assert (answer.status, "invalid_grant" in answer.text) == (401, True)
    assert Desk.again(desk).send("GET", "hosts").status == 200


def test_an_engine_that_restarts_forgets_what_it_started(desk: Desk) -> None:
    """Reset, then silent, then a second of 401; the VM arrives, the job is gone, 63 never comes."""
    desk.migrate("vm1", desk.to("h2"))
    plant(desk, kind="engine_restart", seconds=20)
    desk.wait(1)
    assert desk.send("GET", "vms").fate == "reset"
    desk.wait(18.5)
    assert desk.send("GET", "vms").fate == "silent"
    desk.wait(1)
    assert desk.send("GET", "vms").status == 401
    desk.wait(1)
    assert desk.send("GET", "vms").status == 200
    assert (desk.on("vm1"), desk.events("ours"), desk.jobs()) == ("up@h2", [62], [])
    assert 10780 in desk.events()


def test_a_migration_under_way_at_the_restart_cannot_be_asked_for_again(desk: Desk) -> None:
    """The lock is gone, the status is not: 409 'VM migration is in progress'."""
    desk.world.set(desk.vm("vm1"), "memory", 8 * 2**30)
    desk.migrate("vm1", desk.to("h2"))
    plant(desk, kind="engine_restart", seconds=5)
    desk.wait(8)
    assert desk.migrate("vm1", correlation_id="again") == (
        409,
        "[Cannot migrate VM. VM migration is in progress]",
    )


def test_behind_a_proxy_the_outage_is_html(desk: Desk) -> None:
    """503 with a page instead of a broken connection."""
    plant(desk, kind="engine_restart", seconds=20, proxy=True)
    desk.wait(1)
    answer = desk.send("GET", "vms")
    assert (answer.status, (answer.header("content-type") or "")[:9]) == (503, "text/html")


def test_a_dead_host_is_noticed_slowly(desk: Desk) -> None:
    """Connecting after 25 seconds, non-responsive minutes later, VMs unknown, all back when it answers."""
    plant(desk, kind="host_dies", host="h1", seconds=400)
    desk.wait(20)
    assert desk.host("h1").text("status") == "up"
    desk.wait(10)
    assert desk.host("h1").text("status") == "connecting"
    assert desk.migrate("vm1") == (400, "[Network error during communication with the Host.]")
    assert desk.said("ours")[-1] == (65, "Migration failed  (VM: vm1, Source: h1).")
    desk.wait(250)
    assert (desk.host("h1").text("status"), desk.on("vm1")) == ("non_responsive", "unknown@h1")
    path = f"hosts/{desk.host('h1').id}"
    assert desk.act(f"{path}/activate")[1] == "[Cannot activate Host. Host is in non responsive state.]"
    assert "Host still has running VMs on it" in desk.act(f"{path}/deactivate")[1]
    desk.wait(200)
    assert (desk.host("h1").text("status"), desk.on("vm1")) == ("up", "up@h1")


def test_a_source_that_dies_leaves_its_vm_unknown(desk: Desk) -> None:
    """Nobody tells the engine how the copy ended."""
    plant(desk, kind="source_dies", vm="vm1")
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(300)
    assert desk.on("vm1") == "unknown@h1"
    assert desk.jobs() == [("Migrating VM vm1 to Host h2", "failed")]


def test_a_dead_link_holds_what_is_copied_over_it(desk: Desk) -> None:
    """Progress stands still while the link is down and goes on when it is back."""
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(1)
    plant(desk, kind="link_down", host="h2")
    desk.wait(500)
    assert desk.on("vm1") == "migrating@h1"
    plant(desk, kind="link_up", host="h2")
    desk.wait(60)
    assert desk.on("vm1") == "up@h2"


def test_a_slow_link_takes_longer(desk: Desk) -> None:
    """A tenth of 10 Gbit/s: more than fifteen seconds instead of three."""
    plant(desk, kind="link_slow", host="h2", factor=0.1)
    desk.wait(0.1)
    desk.migrate("vm1", desk.to("h2"))
    desk.wait(15)
    assert desk.on("vm1") == "migrating@h1"
    desk.wait(15)
    assert desk.on("vm1") == "up@h2"


def test_a_drifting_clock_is_told_once_an_hour() -> None:
    """Event 604 fifteen seconds after the start, then hourly, and never for what is tolerated."""
    text = THREE_HOSTS.replace(
        'name: "h{n}"\n    count: 3', 'name: "h{n}"\n    count: 3\n    clock_drift_s: 420'
    )
    desk = a_desk(text)
    desk.wait(3600)
    assert desk.events().count(604) == 4
    desk.wait(3600)
    assert desk.events().count(604) == 8
    assert desk.said()[0][1].startswith("Host h1 has time-drift of 420 seconds")
    assert 604 not in a_desk(text.replace("420", "300")).events()


def test_storage_that_stalls_pauses_the_vm(desk: Desk) -> None:
    """145, paused with detail eio, refused with 400, and 196 when it goes on."""
    plant(desk, kind="storage_stalls", vm="vm1", seconds=60)
    desk.wait(1)
    assert desk.on("vm1") == "paused@h1"
    assert desk.migrate("vm1")[0] == 400
    desk.wait(60)
    assert desk.on("vm1") == "up@h1"
    assert [code for code in desk.events() if code in (145, 196)] == [145, 196]


APART = (
    THREE_HOSTS
    + """
affinity_groups:
  - {name: apart, cluster: intel, vms: [vm1, vm2], vms_rule: negative, vms_enforcing: true}
"""
)


def test_affinity_is_enforced_within_a_minute() -> None:
    """Two VMs that must not share a host are parted by the engine itself: 67 with its reason."""
    desk = a_desk(APART)
    desk.wait(59)
    assert 67 not in desk.events()
    desk.wait(60)
    assert desk.vm("vm1").ref("host") != desk.vm("vm2").ref("host")
    assert any("Reason: Affinity rules enforcement" in text for code, text in desk.said() if code == 67)


def test_nothing_is_enforced_while_something_migrates() -> None:
    """As long as one VM of the cluster moves, the engine keeps still."""
    desk = a_desk(APART)
    desk.world.set(desk.vm("vm4"), "memory", 8 * 2**30)
    subsystems_of(desk.lab.engine).failures.slow_links(desk.host("h1"), 0.01)
    desk.migrate("vm4", desk.to("h2"))
    desk.wait(180)
    assert desk.on("vm4") == "migrating@h1"
    assert 67 not in desk.events()


def test_vms_are_spread_by_count_where_the_policy_says_so() -> None:
    """vm_evenly_distributed moves one VM a minute from the fullest host while the difference is large."""
    text = THREE_HOSTS.replace(
        "  - name: intel\n", "  - name: intel\n    scheduling_policy: vm_evenly_distributed\n"
    )
    desk = a_desk(text.replace("count: 4\n", "count: 12\n").replace("memory_gib: 2", "memory_gib: 1"))
    desk.wait(130)
    moved = [text for code, text in desk.said() if code == 67]
    assert moved
    assert all("Reason: Load balancing" in text for text in moved)


def test_another_actor_shows_by_its_own_id(desk: Desk) -> None:
    """Somebody else's migration carries neither our id nor the engine's short ones."""
    plant(desk, kind="another_moves", vm="vm1", to="h3")
    desk.wait(60)
    assert desk.on("vm1") == "up@h3"
    ids = {event.text("correlation_id") for event in desk.world.all("events") if event.text("code") == "62"}
    assert [len(found) for found in ids] == [36]
