"""The engine's filters that compare what a VM asks with what a host offers, by their names in refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from rhevmig.inventory import Cluster, Inventory
from rhevmig.scheduling.cpu_types import CpuTypes
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Allowed, Reason
from rhevmig.terms import FilterName, HostStatus, NetworkRole

#: Before any filter is asked: only hosts that are up are candidates.
HOST_STATUS = "Host status"


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster adds to the comparison."""

    #: The cluster.
    cluster: Cluster
    #: CPU types of its level.
    cpu_types: CpuTypes
    #: Network of its consoles.
    display_network_id: str | None
    #: Whether the roles of its networks were seen.
    roles_seen: bool
    #: Names of networks by id.
    network_names: dict[str, str]
    #: Networks of an external provider, which the filter passes over.
    external_network_ids: frozenset[str]
    #: Status of storage domains by id, in the cluster's data center.
    storage_status: dict[str, str | None]


def surroundings_of(inventory: Inventory, cluster: Cluster, cpu_types: CpuTypes) -> Surroundings:
    """What this cluster adds to the comparison."""
    display = inventory.network_by_role(cluster, NetworkRole.DISPLAY)
    return Surroundings(
        cluster=cluster,
        cpu_types=cpu_types,
        display_network_id=display.id if display else None,
        roles_seen=inventory.network_by_role(cluster, NetworkRole.MANAGEMENT) is not None,
        network_names={network.id: network.name for network in inventory.networks},
        external_network_ids=frozenset(n.id for n in inventory.networks if n.external_provider_id),
        storage_status={
            a.storage_domain_id: a.status
            for a in inventory.storage_attachments
            if a.data_center_id == cluster.data_center_id
        },
    )


def judge(demand: Demand, offer: Offer, around: Surroundings) -> tuple[Reason, ...]:
    """All reasons against, or doubts about, VMs of this demand on hosts of this offer."""
    return tuple(reason for each in _FILTERS for reason in each(demand, offer, around))


Filter = Callable[[Demand, Offer, Surroundings], Iterator[Reason]]


def _no(name: str, sentence: str, **evidence: object) -> Reason:
    return _reason(name, Allowed.NO, sentence, evidence)


def _unknown(name: str, sentence: str, **evidence: object) -> Reason:
    return _reason(name, Allowed.UNKNOWN, sentence, evidence)


def _reason(name: str, allowed: Allowed, sentence: str, evidence: dict[str, object]) -> Reason:
    shown = {key.replace("_", " "): "–" if value is None else str(value) for key, value in evidence.items()}
    return Reason(filter=name, allowed=allowed, sentence=sentence, evidence=shown)


def _status(_: Demand, offer: Offer, __: Surroundings) -> Iterator[Reason]:
    if offer.status != HostStatus.UP:
        why = f"the host is {offer.status}" + (f" ({offer.status_detail})" if offer.status_detail else "")
        yield _no(HOST_STATUS, f"{why}; only hosts that are up take VMs", status=offer.status)


def _cpu(demand: Demand, offer: Offer, around: Surroundings) -> Iterator[Reason]:
    counted = "threads" if around.cluster.threads_as_cores else "cores"
    if demand.vcpus is None or offer.cpus is None:
        missing = "vCPUs of the VM" if demand.vcpus is None else f"{counted} of the host"
        yield _unknown(FilterName.CPU, f"the {missing} are not known")
    elif demand.vcpus > offer.cpus:
        sentence = f"the VM has {demand.vcpus} vCPUs, the host only {offer.cpus} {counted}"
        yield _no(FilterName.CPU, sentence, vcpus=demand.vcpus, **{counted: offer.cpus})


def _cpu_level(demand: Demand, offer: Offer, around: Surroundings) -> Iterator[Reason]:
    if demand.cpu_passthrough:
        yield from _same_cpu(demand, offer)
        return
    if demand.cpu_model:
        wanted = demand.cpu_model
        answer = around.cpu_types.runs_model(offer.cpu_type, demand.cpu_model)
    elif around.cluster.cpu_type is None:
        yield _unknown(FilterName.CPU_LEVEL, "the cluster's CPU type is not known")
        return
    else:
        wanted = around.cluster.cpu_type
        answer = around.cpu_types.satisfies(offer.cpu_type, wanted)
        # An up host passed the engine's own comparison with the cluster's type when it reported its flags.
        if answer.allowed == Allowed.UNKNOWN and offer.status == HostStatus.UP:
            return
    if answer.allowed == Allowed.YES:
        return
    sentence = f"the VM's CPU is {wanted}; {answer.because}"
    yield _reason(
        FilterName.CPU_LEVEL,
        answer.allowed,
        sentence,
        {"wanted": wanted, "host": offer.cpu_type, "flags": ", ".join(answer.flags) or None},
    )


def _same_cpu(demand: Demand, offer: Offer) -> Iterator[Reason]:
    source = demand.source
    if source is None or (source.cpu_name and source.cpu_name == offer.cpu_name):
        return
    sentence = "the VM sees the CPU of its host, and flags of hosts are not told by the API"
    yield _unknown(FilterName.CPU_LEVEL, sentence, runs_on=source.cpu_name, host=offer.cpu_name)


def _tsc(demand: Demand, offer: Offer, _: Surroundings) -> Iterator[Reason]:
    source = demand.source
    if not demand.needs_tsc or source is None:
        return
    if (source.cpu_name, source.cpu_speed_mhz) == (offer.cpu_name, offer.cpu_speed_mhz) and offer.cpu_name:
        return
    sentence = "a high-performance VM needs the same TSC frequency, which the API does not tell"
    yield _unknown(FilterName.MIGRATION_TSC_FREQUENCY, sentence, runs_on=source.cpu_name, host=offer.cpu_name)


def _network(demand: Demand, offer: Offer, around: Surroundings) -> Iterator[Reason]:
    if demand.network_ids is None:
        yield _unknown(FilterName.NETWORK, "the NICs of the VM could not be read")
        return
    if offer.network_ids is None:
        yield _unknown(FilterName.NETWORK, "the networks of the host could not be read")
        return
    if demand.unknown_nics:
        nics = ", ".join(demand.unknown_nics)
        yield _unknown(FilterName.NETWORK, f"the profile of {nics} could not be read", nics=nics)
    missing = demand.network_ids - offer.network_ids - around.external_network_ids
    if missing:
        names = ", ".join(sorted(around.network_names.get(each, each) for each in missing))
        yield _no(FilterName.NETWORK, f"the host lacks the VM's network {names}", missing=names)
    yield from _display(offer, around)


def _display(offer: Offer, around: Surroundings) -> Iterator[Reason]:
    display = around.display_network_id
    if display is None:
        if not around.roles_seen:
            yield _unknown(FilterName.NETWORK, "the display network of the cluster could not be read")
        return
    name = around.network_names.get(display, display)
    if offer.network_ids is not None and display not in offer.network_ids:
        yield _no(FilterName.NETWORK, f"the host lacks the display network {name}", missing=name)
    elif display not in offer.addressed_network_ids:
        sentence = f"the display network {name} has no boot protocol on the host"
        yield _no(FilterName.NETWORK, sentence, network=name)


def _host_device(demand: Demand, offer: Offer, _: Surroundings) -> Iterator[Reason]:
    if demand.host_devices is None:
        yield _unknown(FilterName.HOST_DEVICE, "the host devices of the VM could not be read")
    elif demand.host_devices and offer.device_passthrough is False:
        names = ", ".join(demand.host_devices)
        yield _no(FilterName.HOST_DEVICE, "the host gives no devices to VMs", devices=names)


def _same_versions(demand: Demand, offer: Offer, around: Surroundings) -> Iterator[Reason]:
    level = demand.compatibility_version
    same = demand.source is not None and demand.source.versions == offer.versions and any(offer.versions)
    if demand.emulated_machine and not same:
        sentence = "the machine types that hosts support are not told by the API"
        yield _unknown(FilterName.EMULATED_MACHINE, sentence, wanted=demand.emulated_machine)
    if level and level != around.cluster.version and not same:
        sentence = "the levels that hosts support are not told by the API"
        yield _unknown(
            FilterName.COMPATIBILITY_VERSION, sentence, wanted=level, cluster=around.cluster.version
        )


def _huge_pages(demand: Demand, _: Offer, __: Surroundings) -> Iterator[Reason]:
    if demand.huge_pages:
        sentence = "the VM is backed by huge pages; how many are free is only told by host statistics"
        yield _unknown(FilterName.HUGE_PAGES, sentence, page_size_kib=demand.huge_pages)


def _lease(demand: Demand, _: Offer, around: Surroundings) -> Iterator[Reason]:
    domain = demand.lease_storage_domain_id
    if domain is not None and around.storage_status.get(domain) != "active":
        status = around.storage_status.get(domain)
        sentence = f"the storage domain of the VM's lease is {status or 'not seen'}, not active"
        yield _unknown(FilterName.VM_LEASES_READY, sentence, storage_domain=domain, status=status)


def _hosted_engine(demand: Demand, offer: Offer, _: Surroundings) -> Iterator[Reason]:
    if not demand.is_hosted_engine:
        return
    configured, score = offer.hosted_engine
    if configured is False or score == 0:
        yield _no(FilterName.HA, "the host is not ready for the engine's own VM", score=score)
    elif configured is None or score is None:
        yield _unknown(FilterName.HA, "whether the host may run the engine's own VM was not read")


_FILTERS: tuple[Filter, ...] = (
    _status,
    _cpu,
    _cpu_level,
    _tsc,
    _network,
    _host_device,
    _same_versions,
    _huge_pages,
    _lease,
    _hosted_engine,
)
