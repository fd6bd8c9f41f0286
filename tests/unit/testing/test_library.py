"""Answers of a recorded engine, without a server."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from recordings import CHEAPEST, CRAWL, FOLLOW_EACH, OPTIONS, xml

from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.testing.library import Library
from rhevmig.testing.multiplying import Multiplied

API = "/ovirt-engine/api"

#: Values that had changed in the seconds between the crawl and the recording of the follow answers.
MOVING = {
    "datum", "last_updated", "address", "port", "subject", "content", "host", "summary", "status", "duration",
    "fqdn", "guest_operating_system", "guest_time_zone", "max_scheduling_memory", "start_time", "end_time",
    "original_template", "quota", "stop_time", "next_run_configuration_exists",
}  # fmt: skip

#: Not in the plain answers of the crawl, or (snapshots) spelt with fewer links there.
NOT_IN_CRAWL = {
    "permissions", "affinitygroups.vms", "affinitygroups.hosts", "nics.statistics", "template", "snapshots",
}  # fmt: skip


@pytest.fixture(scope="module")
def crawl() -> Library:
    return Library([read_cassette(CRAWL)])


@pytest.fixture(scope="module")
def everything() -> Library:
    return Library([read_cassette(path) for path in (CRAWL, FOLLOW_EACH, CHEAPEST, OPTIONS)])


def canonical(element: ET.Element) -> tuple[object, ...] | None:
    """The element without order, indentation and what had moved."""
    if element.tag in MOVING and element.get("id") is None:
        return None
    children = [child for child in map(canonical, element) if child is not None]
    attributes = tuple(sorted(element.attrib.items())) if element.tag != "host" else ()
    return (element.tag, attributes, (element.text or "").strip(), tuple(sorted(children, key=repr)))


RECORDED = {exchange.uri: exchange for exchange in read_cassette(FOLLOW_EACH)}


def followed() -> list[str]:
    """Every recorded `follow` that the crawl alone should be able to compose."""
    return [uri for uri in RECORDED if uri.split("follow=")[1].split("&")[0] not in NOT_IN_CRAWL]


@pytest.mark.parametrize("uri", followed(), ids=lambda uri: uri.split("/api/")[1])
def test_composed_follow_equals_the_recorded_one(uri: str, crawl: Library) -> None:
    """What is composed from plain answers is what the engine itself answered, refusals included."""
    recorded = RECORDED[uri]
    answer = crawl.answer(uri)
    assert answer.status == recorded.status
    if recorded.status == 200:
        assert canonical(ET.fromstring(answer.body)) == canonical(ET.fromstring(recorded.body))


def test_follow_at_depth_uses_parts_of_later_cassettes(everything: Library) -> None:
    """affinitygroups.vms is composed with what a later cassette's follow answer tells about the groups."""
    root = ET.fromstring(everything.answer(f"{API}/clusters?follow=affinitygroups.vms,networks&max=77").body)
    groups = {group.findtext("name"): group for group in root.iter("affinity_group")}
    assert [vm.findtext("name") for vm in groups["erp-licensed-hosts"].iterfind("vms/vm")] == [
        "erp01",
        "erp02",
    ]
    assert root.find("cluster/networks/network/name") is not None


def test_all_answers_show_the_instant_of_the_first_cassette(everything: Library, crawl: Library) -> None:
    """A later cassette's answer about a list does not replace what the first one says."""
    target = f"{API}/vms?follow=nics&max=10000"
    assert everything.answer(target).body == crawl.answer(target).body


def test_max_cuts_in_the_engines_order(crawl: Library) -> None:
    """`max` gives the first items of the recorded list, none for zero, a fault for less."""
    whole = [vm.get("id") for vm in ET.fromstring(crawl.answer(f"{API}/vms").body)]
    assert [vm.get("id") for vm in ET.fromstring(crawl.answer(f"{API}/vms?max=3").body)] == whole[:3]
    assert len(ET.fromstring(crawl.answer(f"{API}/vms?max=0").body)) == 0
    refused = crawl.answer(f"{API}/vms?max=-1")
    assert (refused.status, b"illegal max count value for query : -1" in refused.body) == (400, True)


def test_correlation_id_and_unknown_parameters_change_nothing(crawl: Library) -> None:
    """The engine ignores parameters it does not know; so does its recording."""
    assert crawl.answer(f"{API}/vms?correlation_id=a&nonsense=1").body == crawl.answer(f"{API}/vms").body


def test_events_from_max_and_search(everything: Library) -> None:
    """Events are found above an index, by length and by code, newest first."""
    newest = ET.fromstring(everything.answer(f"{API}/events?max=1").body)[0].get("id")
    above = ET.fromstring(everything.answer(f"{API}/events?from={int(newest or 0) - 4}").body)
    assert [int(event.get("id") or 0) for event in above] == [int(newest or 0) - step for step in range(4)]
    drift = ET.fromstring(everything.answer(f"{API}/events?search=type%3D604&max=2").body)
    assert [event.findtext("code") for event in drift] == ["604", "604"]
    both = ET.fromstring(everything.answer(f"{API}/events?search=type%3D62+or+type%3D63").body)
    assert {event.findtext("code") for event in both} == {"62", "63"}


def test_simple_searches_read_the_recorded_list(crawl: Library) -> None:
    """name, status, cluster and globs select from the list; other search language is refused, not guessed."""

    def found(query: str) -> list[str | None]:
        return [vm.findtext("name") for vm in ET.fromstring(crawl.answer(f"{API}/vms?search={query}").body)]

    assert found("name%3DAPP01") == ["app01"]
    assert set(found("name%3Dweb*")) == {"web01", "web02", "web03"}
    assert "amd-db01" in found("cluster%3Dtulsa-amd+and+status%3Dup")
    assert crawl.answer(f"{API}/vms?search=sortby+name").status == 501


def test_migration_targets(crawl: Library) -> None:
    """Recorded targets are taken; an unknown VM gets the engine's own fault."""
    vms = ET.fromstring(crawl.answer(f"{API}/vms?search=name%3Dapp01").body)
    hosts = ET.fromstring(crawl.answer(f"{API}/hosts?migration_target_of={vms[0].get('id')}").body)
    assert [host.findtext("name") for host in hosts] == ["kvm02", "kvm03", "kvm04"]
    unknown = crawl.answer(f"{API}/hosts?migration_target_of=11111111-2222-3333-4444-555555555555")
    assert (unknown.status, b"Entity not found: GetVmByVmId" in unknown.body) == (404, True)


def test_options_by_version(everything: Library) -> None:
    """A version not asked for in the recording is cut from the whole option; unknown options are 404."""
    whole = ET.fromstring(everything.answer(f"{API}/options/ServerCPUList?version=4.6").body)
    assert [value.findtext("version") for value in whole.iter("system_option_value")] == ["4.6"]
    assert everything.answer(f"{API}/options/ServerCPUList?version=9.9").status == 404
    assert everything.answer(f"{API}/options/VdsRefreshRate").status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [("/vms/11111111-2222-3333-4444-555555555555", 404), ("/vms/not-a-uuid", 404), ("/nonsense", 404),
     ("/hosts?all_content=true", 501), ("/clusters?follow=hosts", 500), ("/vms?follow=nonsense", 500)],
)  # fmt: skip
def test_refusals(path: str, status: int, crawl: Library) -> None:
    """Unknown ids and paths, refused names and what was not recorded each get their kind of no."""
    assert crawl.answer(API + path).status == status


def test_a_follow_that_a_sibling_was_refused_is_refused() -> None:
    """Who may not read one host's NICs may not read another's: the recorded refusal answers for both."""
    host = '<host href="/ovirt-engine/api/hosts/{0}" id="{0}"><link href="/ovirt-engine/api/hosts/{0}/nics" rel="nics"/></host>'  # noqa: E501
    ids = ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222")
    library = Library(
        [[
            xml("/api/hosts", f"<hosts>{host.format(ids[0])}{host.format(ids[1])}</hosts>"),
            xml(f"/api/hosts/{ids[1]}/nics", "<fault><detail>no</detail></fault>", status=400),
        ]]
    )  # fmt: skip
    assert library.answer(f"{API}/hosts?follow=nics").status == 400


def test_equal_questions_play_in_order_and_the_last_stays() -> None:
    """A cassette that polled is replayed poll by poll."""
    library = Library([[xml("/api/vms/x", "<vm>1</vm>"), xml("/api/vms/x", "<vm>2</vm>")]])
    bodies = [library.answer(f"{API}/vms/x").body[-10:] for _ in range(3)]
    assert bodies == [b"<vm>1</vm>", b"<vm>2</vm>", b"<vm>2</vm>"]


def test_recorded_refusals_of_acts_are_kept(everything: Library) -> None:
    """What the recorded engine refused, its recording refuses in the same words; nothing else is acted on."""
    fault = "<fault><detail>no</detail></fault>"
    library = Library([[xml("/api/vms/x/migrate?correlation_id=1", fault, status=403, method="POST")]])
    refused = library.refusal("POST", f"{API}/vms/x/migrate?correlation_id=2")
    assert refused is not None
    assert refused.status == 403
    assert everything.refusal("POST", f"{API}/vms/x/migrate") is None


def test_empty_relations_are_made_up_only_when_named() -> None:
    """`empty` names what may read as empty; everything else stays unknown."""
    vms = f"{API}/vms"
    vm = f'<vm href="{vms}/a" id="a"><link href="{vms}/a/tags" rel="tags"/></vm>'
    exchanges = [xml("/api/vms", f"<vms>{vm}</vms>")]
    assert Library([exchanges]).answer(f"{API}/vms?follow=tags").status == 501
    assert b"<tags" in Library([exchanges], empty=["tags"]).answer(f"{API}/vms?follow=tags").body


def test_multiplied_lists_are_consistent(crawl: Library) -> None:
    """Copies have ids, names and MACs of their own; their disks are in the list of disks; items are found."""
    many = Multiplied(crawl, vms=50)
    root = ET.fromstring(many.answer(f"{API}/vms?follow=nics,diskattachments&max=1000").body)
    disks = {disk.get("id") for disk in ET.fromstring(many.answer(f"{API}/disks?max=1000").body)}
    assert len(root) == len({vm.get("id") for vm in root}) == len({vm.findtext("name") for vm in root}) == 50
    macs = [mac.text for mac in root.iterfind("vm/nics/nic/mac/address")]
    assert len(macs) == len(set(macs))
    assert {disk.get("id") for disk in root.iterfind("vm/disk_attachments/disk_attachment/disk")} <= disks
    last = root[49]
    item = ET.fromstring(many.answer(f"{API}/vms/{last.get('id')}").body)
    nics = ET.fromstring(many.answer(f"{API}/vms/{last.get('id')}/nics").body)
    assert item.findtext("name") == last.findtext("name")
    assert [nic.get("id") for nic in nics] == [nic.get("id") for nic in last.iterfind("nics/nic")]
    assert len(ET.fromstring(many.answer(f"{API}/vms?max=30").body)) == 30
