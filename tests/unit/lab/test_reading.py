"""Lists, items and parameters answer as a real engine was recorded to."""

from __future__ import annotations

import json

import pytest

from tests.unit.lab.worlds import detail, driven


@pytest.fixture(scope="module")
def lab():
    return driven()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name%3Dweb*", ["web01", "web02", "web03", "web04"]),
        ("name%3DWEB01", ["web01"]),
        ("name%3DWEB01&case_sensitive=true", []),
        ("cluster%3Dspare", ["lone01"]),
        ("status%3Dup+and+cluster%3Dspare", ["lone01"]),
        ("host%3Dhost01+and+name+%21%3D+web01", ["web02", "web03", "web04"]),
        ("name%3Dold01+or+name%3Dlone01", ["lone01", "old01"]),
        ("sortby+name+desc", ["web04", "web03", "web02", "web01", "old01", "lone01"]),
        ("page+2&max=2", ["web01", "web02"]),
        ("memory+%3E+3000", ["lone01", "old01"]),
        ("nonsense%3D1", []),
        ("this+is+not+a+query+((", []),
        ("name%3D%22web02%22", ["web02"]),
        ("datacenter%3Dmain+and+name%3Dweb04", ["web04"]),
        ("status%3Dmigratingfrom+or+status%3Dmigratingto", []),
    ],
)
def test_searches(lab, query, expected):
    """The search grammar finds what it says and answers the unreadable with an empty list."""
    assert lab.names(f"vms?search={query}") == expected


def test_max_cuts_and_a_negative_one_is_refused(lab):
    """`max` limits any list, 0 empties it, -1 is the engine's fault 400."""
    assert lab.names("vms?max=2") == ["lone01", "old01"]
    assert lab.names("vms?max=0") == []
    answer = lab.ask("GET", "vms?max=-1")
    assert (answer.status, detail(answer)) == (400, "illegal max count value for query : -1")


def test_follow_nests_and_a_wrong_name_breaks_the_request(lab):
    """Dots go deeper, underscores do not matter; what is no link answers 500 with a page."""
    vm = lab.get("vms?search=name%3Dweb01&follow=nics.vnic_profile,disk_attachments.disk")[0]
    assert vm.findtext("nics/nic/vnic_profile/name") == "guests"
    assert vm.findtext("disk_attachments/disk_attachment/disk/alias") == "web01_Disk1"
    for name in ("nonsense", "nics.nonsense", "numanodes", "host"):
        answer = lab.ask("GET", f"vms?follow={name}")
        assert (answer.status, answer.header("content-type")) == (500, "text/html;charset=UTF-8"), name
    assert lab.ask("GET", "vms?follow=&nonsense=1").status == 200


def test_what_is_not_there(lab):
    """Unknown and malformed ids are 404 without a body; unknown paths a page; wrong methods 405."""
    for path in ("vms/11111111-2222-3333-4444-555555555555", "vms/not-a-uuid", "jobs/x", "events/99999"):
        answer = lab.ask("GET", path)
        assert (answer.status, answer.body) == (404, b""), path
    answer = lab.ask("GET", "nonsense")
    assert (answer.status, answer.text[:16]) == (404, "RESTEASY003210: ")
    assert (lab.ask("PUT", "vms", "<vm/>").status, lab.ask("POST", "", "<x/>").status) == (405, 405)


def test_versions(lab):
    """Version 4 in the path gives hrefs with it; 3 is a page of status 405, others 400."""
    assert lab.get("v4/hosts")[0].get("href").startswith("/ovirt-engine/api/v4/hosts/")
    assert [lab.ask("GET", "hosts", version=version).status for version in ("3", "9", "4")] == [405, 400, 200]


def test_the_root_says_the_time_and_the_counts(lab):
    """The only clock in the API is the simulated one; HEAD gives the links as a header."""
    root = lab.get("")
    assert root.findtext("time").startswith("2026-11-23T08:00:0")
    assert root.findtext("summary/vms/total") == "6"
    head = lab.ask("HEAD", "")
    assert (head.body, "rel=vms/search" in head.header("link")) == (b"", True)


def test_json_on_request(lab):
    """Accept: application/json gives text for numbers, numbers for instants, arrays for lists."""
    answer = lab.ask("GET", "vms?search=name%3Dweb01&follow=nics", accept="application/json")
    (vm,) = json.loads(answer.text)["vm"]
    assert (vm["name"], vm["memory"], isinstance(vm["creation_time"], int)) == ("web01", "2147483648", True)
    assert [nic["name"] for nic in vm["nics"]["nic"]] == ["nic1"]


def test_correlation_ids_are_echoed_cut_and_cleaned(lab):
    """Thirty-six of [0-9A-Za-z_-], from header or parameter; the header wins."""
    sent = "a b/c" + "x" * 60
    echoed = lab.ask("GET", "tags", **{"correlation-id": sent}).header("Correlation-Id")
    assert echoed == "abc" + "x" * 33
    assert lab.ask("GET", "tags?correlation_id=mine").header("Correlation-Id") == "mine"


def test_options_are_readable_by_version(lab):
    """Known options answer, internal ones are 404; a version narrows the values."""
    assert lab.get("options/DefaultMTU").findtext("values/system_option_value/value") == "1500"
    assert lab.ask("GET", "options/HostTimeDriftInSec").status == 404
    values = lab.get("options/MigrationPolicies?version=4.7").findall("values/system_option_value")
    assert [value.findtext("version") for value in values] == ["4.7"]


def test_events_begin_after_an_index():
    """`from` gives what is newer, newest first."""
    lab = driven()
    lab.ask("POST", "tags", "<tag><name>before</name></tag>")
    start = int(lab.get("events?max=1")[0].get("id"))
    lab.ask("POST", "tags", "<tag><name>one</name></tag>")
    lab.ask("POST", "tags", "<tag><name>two</name></tag>")
    newer = [event.findtext("description") for event in lab.get(f"events?from={start}")]
    assert newer == [
        "New Tag two was created by admin@internal-authz.",
        "New Tag one was created by admin@internal-authz.",
    ]
