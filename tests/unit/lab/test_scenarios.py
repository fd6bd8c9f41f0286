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


TWO_SITES = """
data_centers: [{name: one, storage: [{name: nfs1}]}, {name: two, storage: [{name: nfs2}]}]
clusters: [{name: c1, data_center: one}, {name: c2, data_center: two}]
hosts: [{name: a1, cluster: c1}, {name: b1, cluster: c2}]
vms:
  - {name: web, cluster: c1}
  - {name: web, cluster: c2}
affinity_groups:
  - {name: near, cluster: c1, vms: [web]}
  - {name: near, cluster: c2, vms: [web]}
"""


def test_names_of_vms_are_unique_within_a_data_center():
    """Two VMs of one name in two data centers are two VMs; each group has the one of its data center."""
    world = build_world(parse_scenario(TWO_SITES))
    first, second = world.all("vms")
    assert (first.name, second.name) == ("web", "web")
    assert first.id != second.id
    groups = list(world.all("clusters/affinitygroups"))
    assert [group.text("vms.vm") or group.get("vms")["vm"][0]["@id"] for group in groups] == [
        first.id,
        second.id,
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("{name: web, cluster: c2}", "{name: web, cluster: c1}", 7),
        ("{name: b1, cluster: c2}", "{name: a1, cluster: c2}", 4),
        ("{name: c2, data_center: two}", "{name: c1, data_center: two}", 3),
    ],
)
def test_a_name_used_twice_is_refused(tmp_path, old, new, line):
    """Where the engine allows one object of a name, the second is refused with its line."""
    file = tmp_path / "site.yaml"
    file.write_text(TWO_SITES.replace(old, new, 1))
    with pytest.raises(ScenarioInvalid, match="used twice") as refused:
        open_lab(file)
    assert refused.value.line == line


def test_a_profile_is_named_with_its_network():
    """Two networks may have profiles of one name."""
    site = """
data_centers:
  - name: one
    storage: [{name: nfs1}]
    networks: [{name: a, profiles: [limited]}, {name: b, profiles: [limited]}]
clusters: [{name: c1, data_center: one}]
hosts: [{name: a1, cluster: c1}]
vms: [{name: web, cluster: c1, nics: [{profile: limited}, {profile: b/limited}]}]
"""
    world = build_world(parse_scenario(site))
    (vm,) = world.all("vms")
    profiles = [world.find("vnicprofiles", nic.ref("vnic_profile")) for nic in world.children(vm, "nics")]
    networks = [world.find("networks", profile.ref("network")) for profile in profiles if profile]
    assert [network.name for network in networks if network] == ["a", "b"]
