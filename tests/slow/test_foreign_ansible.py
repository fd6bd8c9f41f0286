"""The unmodified collection ovirt.ovirt, as PyPI's `ansible` ships it, works on the lab over TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import ovirtsdk4 as sdk
import pytest
import yaml
from ovirtsdk4 import types
from slow.foreign.environment import collection, play, python

from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.lab import Lab, serve

pytestmark = pytest.mark.slow

FOREIGN = Path(__file__).parent / "foreign"
NAMES = {
    "vm": "web01",
    "host": "rome1",
    "cluster": "rome",
    "data_center": "main",
    "storage_domain": "main-nfs",
}


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The site of this folder, thirty times as fast as a real one."""
    with serve(FOREIGN / "site.yaml", speed=30) as lab:
        yield lab
        assert not lab.engine.mistakes


@pytest.fixture
def system(lab: Lab) -> Iterator[Any]:
    """The lab seen through the product's own SDK."""
    connection = sdk.Connection(
        url=lab.url, username=lab.username, password=lab.password, ca_file=lab.ca_file
    )
    yield connection.system_service()
    connection.close()


def named(service: Any, name: str) -> Any:
    found = service.list(search=f"name={name}")
    assert len(found) == 1, f"{len(found)} are called {name}"
    return found[0]


def host_of(system: Any, vm: str) -> str:
    host_id = named(system.vms_service(), vm).host.id
    return str(system.hosts_service().host_service(host_id).get().name)


def posted(lab: Lab) -> list[str]:
    """From now on, each request that may change something: `POST /vms/…/migrate`."""
    seen: list[str] = []

    def note(request: LabRequest, response: LabResponse) -> LabResponse:
        if request.method not in ("GET", "HEAD") and "/api" in request.path:
            seen.append(f"{request.method} {request.path.partition('/api')[2]}")
        return response

    lab.engine.after.append(note)
    return seen


@pytest.mark.parametrize("check", [False, True], ids=["real", "check mode"])
def test_every_module_that_reads(lab: Lab, check: bool) -> None:
    """Each of the collection's *_info modules succeeds, changes nothing, and finds what the site holds."""
    python()
    modules = {path.stem for path in (collection() / "plugins" / "modules").glob("*_info.py")}
    asked = set(re.findall(r"ovirt\.ovirt\.(\w+_info)", (FOREIGN / "reading.yml").read_text()))
    assert asked == modules
    assert len(modules) >= 26
    changes = posted(lab)
    done = play("reading", lab, check=check, **NAMES).require()
    assert not done.changed
    assert not changes
    found = {
        task["name"]: len(value)
        for task in done.tasks
        for name, value in task["result"].items()
        if name.startswith("ovirt_") and isinstance(value, list)
    }
    expected = {
        "affinity labels": 1, "affinity labels of a VM": 1, "affinity labels of a host": 1, "clusters": 1,
        "data centers": 1, "disks": 9, "hosts": 3, "hosts with all content": 4,
        "hosts of a cluster version": 4, "networks": 1, "NICs": 1, "scheduling policies": 1,
        "snapshots": 1, "storage domains": 1,
        "VMs of a storage domain": 9, "unregistered VMs": 0, "unregistered templates": 0, "tags of a VM": 1,
        "tags of a host": 0, "VMs": 8, "VMs followed": 1, "vNIC profiles limited": 2,
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected
    followed = done.result("VMs followed")["ovirt_vms"][0]
    assert followed["nics"][0]["vnic_profile"]["name"] == "guests"
    assert followed["tags"][0]["name"] == "web"
    assert followed["affinity_labels"][0]["name"] == "licensed"


def test_signing_on_and_off(lab: Lab) -> None:
    """ovirt_auth gets a token that modules use; given back, it opens nothing, nor does a wrong password."""
    done = play("signing", lab).require()
    assert len(done.result("use the token")["ovirt_vms"]) == 1
    assert "access_denied" in done.result("use the old token")["msg"]
    assert "Unable to log in" in done.result("sign on with a wrong password")["msg"]


def test_migrating(lab: Lab, system: Any) -> None:
    """ovirt_vm moves a VM to a named host, another away; in check mode and repeated it moves nothing."""
    before = {vm: host_of(system, vm) for vm in ("web01", "web02")}
    assert before["web01"] != "rome3"
    moves = posted(lab)
    values = {"named": "web01", "unnamed": "web02", "destination": "rome3"}
    checked = play("migrating", lab, check=True, **values).require()
    assert checked.changed == ["to a named host", "to any host"]
    assert not moves
    assert {vm: host_of(system, vm) for vm in before} == before
    play("migrating", lab, **values).require()
    assert sum(move.endswith("/migrate") for move in moves) == 2
    assert host_of(system, "web01") == "rome3"
    assert host_of(system, "web02") != before["web02"]
    codes = {event.code for event in system.events_service().list() if event.vm and event.vm.name == "web01"}
    assert {62, 63} <= codes
    moves.clear()
    play("migrating", lab, named="web01", unnamed="", destination="rome3").require()
    assert not [move for move in moves if move.endswith("migrate")]


def test_maintenance_and_back(lab: Lab, system: Any) -> None:
    """ovirt_host brings a host into maintenance and back; repeated or in check mode it changes nothing."""
    acts = posted(lab)
    for state, status in (("maintenance", "maintenance"), ("present", "up")):
        before = named(system.hosts_service(), "rome1").status
        assert play("maintenance", lab, check=True, host="rome1", state=state).require().changed == [
            "the host"
        ]
        assert named(system.hosts_service(), "rome1").status == before
        assert not acts
        assert play("maintenance", lab, host="rome1", state=state).require().changed == ["the host"]
        host = named(system.hosts_service(), "rome1")
        assert host.status == types.HostStatus(status)
        assert host.summary.total == 0
        assert len(acts) == 1
        assert not play("maintenance", lab, host="rome1", state=state).require().changed
        assert len(acts) == 1
        acts.clear()
    assert len(system.vms_service().list(search="cluster=rome and status=up")) == 8


def test_settings(lab: Lab, system: Any) -> None:
    """ovirt_cluster, ovirt_network and ovirt_affinity_group set what they say, once, and undo it."""
    acts = posted(lab)
    wanted = ["the cluster", "the network", "the affinity group", "a cluster of one's own"]
    assert play("settings", lab, check=True).require().changed == wanted
    assert not acts
    assert not system.networks_service().list(search="name=backup")
    assert play("settings", lab).require().changed == wanted
    cluster = named(system.clusters_service(), "rome")
    policy = system.scheduling_policies_service().policy_service(cluster.scheduling_policy.id).get()
    assert (cluster.migration.bandwidth.assignment_method, cluster.migration.bandwidth.custom_value) == (
        types.MigrationBandwidthAssignmentMethod.CUSTOM,
        2000,
    )
    assert (cluster.memory_policy.over_commit.percent, policy.name) == (150, "evenly_distributed")
    assert cluster.migration.auto_converge == types.InheritableBoolean.TRUE
    assert _networks(system) == {"rome": False, "spare": True}
    assert named(system.networks_service(), "backup").vlan.id == 205
    group = _group(system)
    assert (group.vms_rule.positive, group.vms_rule.enforcing, group.hosts_rule.positive) == (
        False,
        True,
        True,
    )
    assert len(group.vms) == 2
    assert len(group.hosts) == 2
    acts.clear()
    assert not play("settings", lab).require().changed
    assert not acts
    gone = ["the affinity group goes", "the network goes", "the cluster of one's own goes"]
    assert play("settings", lab, tidy=True).require().changed == gone
    assert not system.networks_service().list(search="name=backup")
    assert not system.clusters_service().list(search="name=added")


def _networks(system: Any) -> dict[str, bool]:
    found = {}
    for name in ("rome", "spare"):
        cluster = named(system.clusters_service(), name)
        networks = system.clusters_service().cluster_service(cluster.id).networks_service().list()
        found[name] = next(network.required for network in networks if network.name == "backup")
    return found


def _group(system: Any) -> Any:
    cluster = named(system.clusters_service(), "rome")
    groups = system.clusters_service().cluster_service(cluster.id).affinity_groups_service().list()
    return next(group for group in groups if group.name == "apart")


def test_adding(lab: Lab, system: Any) -> None:
    """Modules make a VM with NIC, disk, tag and label, start it, find it unchanged, stop and remove it."""
    made = play("adding", lab).require()
    assert len(made.changed) == len([task for task in made.tasks if not task["result"].get("skipped")]) == 7
    vm = named(system.vms_service(), "fresh01")
    service = system.vms_service().vm_service(vm.id)
    assert vm.status == types.VmStatus.UP
    assert vm.cpu.topology.cores == 2
    assert [nic.name for nic in service.nics_service().list()] == ["nic1"]
    assert [item.bootable for item in service.disk_attachments_service().list()] == [True]
    assert [tag.name for tag in service.tags_service().list()] == ["fresh"]
    assert [label.name for label in service.affinity_labels_service().list()] == ["fresh"]
    assert not play("adding", lab).require().changed
    assert len(play("adding", lab, tidy=True).require().changed) == 5
    assert not system.vms_service().list(search="name=fresh01")
    assert not system.disks_service().list(search="name=fresh01_root")


def test_further_modules(lab: Lab, system: Any) -> None:
    """Sixteen further tasks change what they name; repeated, nothing but the reinstallation asked for."""
    first = play("widening", lab).require()
    assert len(first.tasks) == len(first.changed) + 1 == 16
    assert named(system.hosts_service(), "fresh1").status == types.HostStatus.UP
    assert named(system.hosts_service(), "spare1").status == types.HostStatus.UP
    assert named(system.templates_service(), "base").description == "made by a playbook"
    assert named(system.storage_domains_service(), "second-nfs").storage.path == "/exports/data2"
    assert named(system.data_centers_service(), "second").version.minor == 7
    assert play("widening", lab).require().changed == ["a host reinstalled"]


def test_upgrading_a_cluster(lab: Lab, system: Any) -> None:
    """The role cluster_upgrade upgrades each host but one that it may not empty; allowed to, that one too."""
    play("upgrading", lab, cluster="rome").require()
    assert _available(system) == {"rome1": True, "rome2": False, "rome3": False}
    assert host_of(system, "legacy01") == "rome1"
    play("upgrading", lab, cluster="rome", stop_non_migratable_vms=True).require()
    assert _available(system) == {"rome1": False, "rome2": False, "rome3": False}
    assert {host.status for host in system.hosts_service().list()} == {types.HostStatus.UP}
    assert len(system.vms_service().list(search="cluster=rome and status=up")) == 8
    cluster = named(system.clusters_service(), "rome")
    policy = system.scheduling_policies_service().policy_service(cluster.scheduling_policy.id).get()
    assert policy.name == "none"
    assert not cluster.upgrade_in_progress
    events = system.events_service().list()
    assert sum(event.code == 888 for event in events) == 3
    texts = [event.description for event in events if event.origin == "cluster_upgrade"]
    assert any("Cluster upgrade progress: 100%" in text for text in texts)
    assert "Upgrade of cluster rome finished successfully." in texts
    jobs = system.jobs_service().list()
    assert {job.status for job in jobs if job.external} == {types.JobStatus.FINISHED}


def _available(system: Any) -> dict[str, bool]:
    hosts = system.hosts_service().list(search="cluster=rome")
    return {host.name: bool(host.update_available) for host in hosts}


def test_modules_take_the_path_they_took_on_a_real_engine(lab: Lab) -> None:
    """Seven recorded tasks ask the lab for the same, request by request, as they asked a real engine."""
    recorded = yaml.safe_load((FOREIGN / "asked.yaml").read_text())
    sessions: list[list[str]] = []

    def note(request: LabRequest, response: LabResponse) -> LabResponse:
        path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", request.path.partition("/ovirt-engine/")[2])
        names = "&".join(sorted(name for name, _ in parse_qsl(request.query, keep_blank_values=True)))
        line = f"{request.method} {path}" + (f"?{names}" if names else "")
        if "sso/oauth" in path:
            sessions.append([])
        elif "sso-logout" not in path and sessions[-1][-1:] != [line]:
            sessions[-1].append(line)
        return response

    lab.engine.after.append(note)
    done = play("asking", lab).require()
    asked = dict(zip([task["name"] for task in done.tasks], sessions, strict=True))
    assert asked == recorded
