"""Contracts of reading: the inventory, its details, and the cheap readings of the port."""

from __future__ import annotations

from rhevmig.errors import EngineNotFound, InvalidArgument, NotFound
from tests.contract.adapter.site import NO_SUCH_ID, Site, contract


@contract()
def meeting_an_engine(site: Site) -> object:
    """Connecting tells which engine it is and what time it has there."""
    engine = site.client.engine
    assert engine.version
    assert engine.instance_id
    assert engine.tls_verified is not bool(site.insecure)
    assert site.client.engine_time is not None
    assert site.port.identity() == engine
    return engine, site.client.engine_time


@contract()
def whole_inventory(site: Site) -> object:
    """An administrator's inventory leaves nothing unobserved and is whole in itself."""
    inventory = site.client.inventory()
    assert inventory.unobserved == ()
    assert inventory.host(site.host("source")).is_up
    assert inventory.vm(site.vm("movable")).cluster_id == site.cluster()
    assert {vm.cluster_id for vm in inventory.vms} <= {cluster.id for cluster in inventory.clusters}
    assert inventory.instant.requests
    return inventory


@contract()
def inventory_twice(site: Site) -> object:
    """A second inventory takes no more requests than the first, and finds the same VMs."""
    one, two = site.client.inventory(), site.client.inventory()
    assert two.instant.requests == one.instant.requests
    assert {vm.id for vm in one.vms} == {vm.id for vm in two.vms}
    return one.instant.requests, len(one.vms)


@contract()
def targets_of_a_vm(site: Site) -> object:
    """The scheduler's own answer, for the one VM that was named and in hosts of its cluster."""
    inventory = site.client.inventory(detail={"targets": [site.vm("movable")]})
    targets = inventory.migration_targets
    assert list(targets) == [site.vm("movable")]
    hosts = {host.id for host in inventory.hosts if host.cluster_id == site.cluster()}
    assert set(targets[site.vm("movable")]) <= hosts
    return targets


@contract()
def details_of_hosts_and_vms(site: Site) -> object:
    """All content and statistics of what was named, and of nothing else."""
    hosts, vms = [site.host("source")], [site.vm("movable")]
    detail = {"hosts": hosts, "host_statistics": hosts, "vms": vms, "vm_statistics": vms}
    inventory = site.client.inventory(detail=detail)
    assert inventory.host(hosts[0]).statistics
    assert inventory.vm(vms[0]).statistics
    assert not any(vm.statistics for vm in inventory.vms if vm.id not in vms)
    return inventory.host(hosts[0]), inventory.vm(vms[0])


@contract(raises=InvalidArgument)
def unknown_detail(site: Site) -> object:
    """A detail that does not exist is refused before anything is asked."""
    client = site.client
    before = client.requests
    try:
        return client.inventory(detail="colour")
    finally:
        assert client.requests == before


@contract(raises=NotFound)
def detail_of_an_unknown_vm(site: Site) -> object:
    """A detail of a VM that is not there names the VM."""
    return site.client.inventory(detail={"targets": ["no-such-vm"]})


@contract()
def watching(site: Site) -> object:
    """States of VMs by one request however many; one that is not there is left out."""
    port, client = site.port, site.client
    before = client.requests
    assert port.watch([]) == {}
    assert client.requests == before
    found = port.watch([site.vm("movable"), NO_SUCH_ID])
    assert client.requests == before + 1
    assert list(found) == [site.vm("movable")]
    assert found[site.vm("movable")].status == "up"
    return found


@contract()
def vms_of_a_host(site: Site) -> object:
    """VMs on a host, from the list of its cluster."""
    found = site.port.vms_on(site.host("source"), cluster_id=site.cluster())
    assert site.vm("movable") in {vm.vm_id for vm in found}
    assert {vm.host_id for vm in found} == {site.host("source")}
    return found


@contract(raises=EngineNotFound)
def vms_of_an_unknown_cluster(site: Site) -> object:
    """A cluster that is not there is an error, never a host without VMs."""
    return site.port.vms_on(site.host("source"), cluster_id=NO_SUCH_ID)


@contract()
def states_of_hosts(site: Site) -> object:
    """One host, several, and one that is not there."""
    source, other = site.host("source"), site.host("other")
    one = site.port.host_states([source])
    several = site.port.host_states([source, other, NO_SUCH_ID])
    assert list(one) == [source]
    assert set(several) == {source, other}
    assert one[source].status == several[source].status == "up"
    assert site.port.host_states([NO_SUCH_ID]) == {}
    assert site.port.host_states([]) == {}
    return one, several


@contract()
def progress_of_vms(site: Site) -> object:
    """Progress of a VM that does not move, and of one that is not there."""
    found = site.port.progress([site.vm("movable"), NO_SUCH_ID])
    assert NO_SUCH_ID not in found
    return found


@contract()
def nothing_known_of_an_id(site: Site) -> object:
    """An engine that never saw a correlation id has neither jobs nor events of it."""
    jobs = site.port.jobs_of("contract-nobody-used-this")
    events = site.port.events_of("contract-nobody-used-this")
    assert (jobs, events) == ((), ())
    return jobs, events


@contract()
def newest_event(site: Site) -> object:
    """Events of migrations and hosts after a point in the past, in order, and none after the newest."""
    index = site.port.event_index()
    assert index > 0
    events = site.port.events_since(max(0, index - 50))
    numbers = [event.index for event in events]
    assert numbers == sorted(set(numbers))
    return index, events
