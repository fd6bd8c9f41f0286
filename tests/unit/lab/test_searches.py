"""The search language: fields, objects and free text as the engine's search backend has them."""

from __future__ import annotations

import pytest

from tests.unit.lab.worlds import driven


@pytest.fixture(scope="module")
def lab():
    lab = driven()
    lab.world.set(lab.world.named("hosts", "host02"), "comment", "next to host01")
    return lab


@pytest.mark.parametrize(
    ("path", "search", "found"),
    [
        ("vms", "storage=nfs1", {"web01", "web02", "web03", "web04", "old01", "lone01"}),
        ("vms", "storage.name=nfs2", set()),
        ("vms", "host.name=host01", {"web01", "web02", "web03", "web04"}),
        ("vms", "host=host0", {"web01", "web02", "web03", "web04"}),
        ("vms", "host=spare", {"lone01"}),
        ("vms", "hosts!=host01", {"lone01", "old01"}),
        ("vms", "spare", {"lone01"}),
        ("vms", "address=host01.lab.example", {"web01", "web02", "web03", "web04"}),
        ("vms", "Vms: name=web01", set()),
        ("vms", "cluster.name=intel", set()),
        ("hosts", "spm_id=1", {"host01"}),
        ("hosts", "cpus=16 and name=host0*", {"host01", "host02", "host03"}),
        ("hosts", "hostname=host01.lab.example", set()),
        ("hosts", "next", {"host02"}),
        ("clusters", "datacenter.name=main", {"intel", "spare"}),
        ("clusters", "datacenter=main", {"intel", "spare"}),
        ("clusters", "compatibility_level>=4.7", {"intel", "spare"}),
        ("datacenters", "compatibility_version=4.7", {"main"}),
        ("networks", "vmnetwork=false", {"migration"}),
        ("users", "usrname=reader", {"reader"}),
        ("users", "usrname=reader@internal-authz", {"reader"}),
    ],
)
def test_what_a_search_finds(lab, path, search, found):
    """A part of any text of an object is enough; an unknown field or a second prefix finds nothing."""
    assert set(lab.names(f"{path}?search={search.replace('=', '%3D').replace(' ', '%20')}")) == found


@pytest.mark.parametrize("path", ["roles", "macpools", "tags", "schedulingpolicies"])
def test_collections_without_a_search_ignore_it(lab, path):
    """The parameter is not read there, so everything is listed."""
    assert len(lab.get(f"{path}?search=name%3Dnonesuch")) == len(lab.get(path)) > 0


def test_an_id_is_a_field_of_few_collections(lab):
    """VMs, hosts and disks can be searched by id; clusters cannot."""
    vm, cluster = lab.id_of("vms", "web01"), lab.id_of("clusters", "intel")
    assert lab.names(f"vms?search=id%3D{vm}") == ["web01"]
    assert lab.names(f"clusters?search=id%3D{cluster}") == []
