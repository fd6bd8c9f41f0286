"""Scenario files: what they make, and how they are refused with line, key and what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rhevmig.errors import ScenarioInvalid
from rhevmig.lab import open_lab, parse_scenario
from rhevmig.lab.scenario.build_sites import build_world
from tests.unit.lab.worlds import SITE, Driven, driven

SCENARIOS = Path(__file__).parents[3] / "rhevmig" / "lab" / "scenarios"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("seed: x\n", 1, "Expected `int`"),
        ("hosts:\n- {name: a, cluster: b}\n- name: c\n  cluser: d\n", 4, "unknown field `cluser`"),
        ("vms:\n- name: a\n  cluster: c\n  affinity: glued\n", 4, "Invalid enum value 'glued'"),
        ("data_centers:\n- name: x\n  networks:\n  - name: n\n    vlan: many\n", 5, "Expected `int | null`"),
        ("a: [", 1, "expected"),
        ("- just\n- a list\n", 1, "Expected `object`"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(text, line, said):
    """The line of the key, the key, what was expected, on one line."""
    with pytest.raises(ScenarioInvalid) as caught:
        parse_scenario(text, file="x.yaml")
    assert (caught.value.line, said in str(caught.value)) == (line, True), str(caught.value)
    assert str(caught.value).startswith("x.yaml: line ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cluster: spare}", "cluster: nowhere}", "names 'nowhere', but there is none among clusters"),
        ("host: host01", "host: other01", "which is in another cluster"),
        ("{profile: guests}", "{profile: none}", "none among vnicprofiles"),
        ("nic: eth1,", "nic: eth7,", "is on the unknown device 'eth7'"),
        ("role: reader", "role: Nonesuch", "which does not exist"),
        ('name: "host{n:02}"', 'name: "host"', "count needs a name with {n}"),
    ],
)
def test_a_name_that_nothing_has_is_refused(old, new, said):
    """What an entry names must exist; the sentence says who names what."""
    assert old in SITE
    with pytest.raises(ScenarioInvalid, match=re.escape(said)):
        build_world(parse_scenario(SITE.replace(old, new)))


def test_bulk_is_spread_over_the_roomiest_hosts():
    """VMs without a host go to Up hosts of their cluster, evenly by memory."""
    text = SITE.replace("host: host01, ", "").replace("count: 4", "count: 6")
    lab = driven(text)
    totals = [host.findtext("summary/total") for host in lab.get("hosts?search=cluster%3Dintel")]
    assert totals == ["2", "2", "2"]


def test_an_entry_may_carry_its_id_and_any_member_of_the_api():
    """Ids are kept; dotted paths set what has no key of its own."""
    text = SITE.replace(
        "{name: lone01, cluster: spare}",
        "{name: lone01, cluster: spare, id: aaaaaaaa-0000-4000-8000-000000000001,"
        " attributes: {custom_cpu_model: Haswell, migration.auto_converge: true}}",
    )
    vm = driven(text).get("vms/aaaaaaaa-0000-4000-8000-000000000001")
    assert (vm.findtext("custom_cpu_model"), vm.findtext("migration/auto_converge")) == ("Haswell", "true")


def test_planted_events_lie_in_the_log():
    """An event with its code, about its host, as old as the scenario says."""
    text = SITE + "events:\n- {code: 604, host: host02, age_s: 3600, values: {seconds: 411}}\n"
    event = driven(text).get("events?search=type%3D604")[0]
    assert event.findtext("description").startswith("Host host02 has time-drift of 411 seconds")
    assert (event.findtext("host/name"), event.findtext("time")) == ("host02", "2026-11-23T07:00:00.000Z")


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_scenario_that_comes_with_the_lab_loads(path):
    """Each file builds a world that answers; each says what it is for."""
    lab = open_lab(path)
    asked = Driven(lab) if lab.username == "admin@internal" and lab.password == "secret" else None
    if asked is not None:
        assert asked.ask("GET", "hosts").status == 200
    assert path.read_text().count("description:") >= 1


def test_the_demo_holds_what_it_promises():
    """Eight hosts, sixty VMs, and the planted faults."""
    lab = Driven(open_lab(SCENARIOS / "demo.yaml"))
    assert (len(lab.names("hosts")), len(lab.names("vms"))) == (8, 60)
    migration = lab.id_of("networks", "migration")
    attached = lab.get(f"hosts/{lab.id_of('hosts', 'intel02')}/networkattachments")
    without = attached.find(f"network_attachment/network[@id='{migration}']/..")
    assert without.find("ip_address_assignments/ip_address_assignment/ip/address") is None
    mismatch = lab.get(f"hosts/{lab.id_of('hosts', 'amd02')}/networkattachments")
    assert mismatch.find(f"network_attachment/network[@id='{migration}']/..").findtext("in_sync") == "false"
    assert len(lab.get("events?search=type%3D604")) == 1
