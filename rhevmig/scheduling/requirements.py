"""What a VM demands of a host and what a host offers, reduced to what the filters compare.

Equal VMs have equal demands and equal hosts equal offers, so thousands of VMs and hundreds of hosts are
judged by classes instead of pair by pair.
"""

from __future__ import annotations

import msgspec

from rhevmig.inventory import Cluster, Host, Inventory, Vm, VmNic, VnicProfile
from rhevmig.inventory.models.vm import HOSTED_ENGINE_ORIGINS, PASS_THROUGH
from rhevmig.scheduling.cpu_pins import CpuPinning, PinnedCpus, pinned_cpus, pinning_of
from rhevmig.scheduling.levels import level_number
from rhevmig.units import KIB

NONE_LIKE = frozenset({None, "", "none"})
#: Of engines before 4.4 every VM has this NUMA mode, with or without virtual nodes.
_OLD_DEFAULT_NUMA_MODE = "interleave"


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What a VM demands of any host, without memory, pins and affinity, which differ between equal VMs."""

    vcpus: int | None
    pinning: CpuPinning | None
    #: QEMU model that replaces the cluster's CPU type.
    cpu_model: str | None
    #: Whether it uses host CPU passthrough.
    cpu_passthrough: bool
    #: Whether it needs the TSC frequency of its current host.
    needs_tsc: bool
    #: Mode of its virtual NUMA nodes; None where it has none.
    numa_mode: str | None
    #: Networks of its plugged NICs; None where the NICs could not be read.
    network_ids: frozenset[str] | None
    #: NICs whose network could not be found.
    unknown_nics: tuple[str, ...]
    #: Plugged NICs that are virtual functions of a host.
    pass_through_nics: tuple[str, ...]
    #: Names of host devices; None where they could not be read.
    host_devices: tuple[str, ...] | None
    #: Hosts that hold the devices.
    device_host_ids: frozenset[str]
    #: Type of its mediated device, as the hook of older engines takes it.
    mediated_device: str | None
    #: Custom machine type.
    emulated_machine: str | None
    #: Custom compatibility version.
    compatibility_version: str | None
    #: Page size in KiB, as text, and number of its huge pages.
    huge_pages: tuple[str, int | None] | None
    #: Whether a hook of the host gives it host metrics for SAP.
    sap_agent: bool
    lease_storage_domain_id: str | None
    is_hosted_engine: bool
    #: Whether it runs on a host that the account does not see.
    runs_unseen: bool
    #: What its current host offers, where a filter compares with it.
    source: Offer | None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a host offers to any VM, without its memory and its identity."""

    status: str
    status_detail: str | None
    #: CPUs that the engine counts: cores, or threads where the cluster counts threads.
    cpus: int | None
    #: Sockets, cores per socket, threads per core.
    topology: tuple[int, int, int] | None
    #: CPUs that its VMs have for themselves or share.
    pinned: PinnedCpus
    #: Highest CPU type that it satisfies.
    cpu_type: str | None
    cpu_name: str | None
    cpu_speed_mhz: float | None
    numa_supported: bool | None
    #: Networks on it; None where they could not be read.
    network_ids: frozenset[str] | None
    #: Networks on it that have a boot protocol.
    addressed_network_ids: frozenset[str]
    #: Virtual functions of its NICs; None where they could not be read.
    virtual_functions: int | None
    #: Whether it supports device passthrough.
    device_passthrough: bool | None
    #: Versions of operating system, libvirt and VDSM.
    versions: tuple[str | None, ...]
    #: Whether the hosted engine is configured on it, its score, whether maintenance is global.
    hosted_engine: tuple[bool | None, int | None, bool | None]
    #: CPU load and swap in use in percent; None where statistics were not read.
    cpu_load_percent: int | None
    swap_percent: int | None
    #: Page size in KiB, as text, and number of free huge pages; None where statistics were not read.
    free_huge_pages: frozenset[tuple[str, int]] | None


def demand_of(inventory: Inventory, vm: Vm, source: Offer | None) -> Demand:
    """What this VM demands of any host."""
    networks = _networks_of(inventory, vm)
    needs_source = bool(
        vm.cpu_mode == "host_passthrough"
        or vm.type == "high_performance"
        or vm.custom_emulated_machine
        or vm.custom_compatibility_version
        or vm.origin in HOSTED_ENGINE_ORIGINS
        or vm.cpu_pinning_policy == "resize_and_pin_numa"
    )
    return Demand(
        vcpus=vm.vcpus,
        pinning=pinning_of(vm),
        cpu_model=vm.custom_cpu_model,
        cpu_passthrough=vm.cpu_mode == "host_passthrough",
        needs_tsc=vm.type == "high_performance",
        numa_mode=_numa_mode(inventory, vm),
        network_ids=networks.ids,
        unknown_nics=networks.unknown_nics,
        pass_through_nics=networks.pass_through_nics,
        host_devices=None if vm.host_devices is None else tuple(sorted(d.name for d in vm.host_devices)),
        device_host_ids=frozenset(d.host_id for d in vm.host_devices or () if d.host_id),
        mediated_device=vm.custom_properties.get("mdev_type"),
        emulated_machine=vm.custom_emulated_machine,
        compatibility_version=vm.custom_compatibility_version,
        huge_pages=_huge_pages(vm),
        sap_agent=vm.custom_properties.get("sap_agent", "").lower() == "true",
        lease_storage_domain_id=vm.lease_storage_domain_id,
        is_hosted_engine=vm.origin in HOSTED_ENGINE_ORIGINS,
        runs_unseen=vm.is_running and inventory.find_host(vm.host_id) is None,
        source=source if needs_source else None,
    )


def _huge_pages(vm: Vm) -> tuple[str, int | None] | None:
    size_kib = vm.custom_properties.get("hugepages")
    if not size_kib:
        return None
    if vm.memory_bytes is None or not size_kib.isdigit() or int(size_kib) == 0:
        return size_kib, None
    return size_kib, -(-vm.memory_bytes // (int(size_kib) * KIB))


def _numa_mode(inventory: Inventory, vm: Vm) -> str | None:
    """The mode of the VM's NUMA nodes; engines from 4.4 report one only where it has nodes."""
    version = level_number(".".join((inventory.engine.version or "").split(".")[:2]))
    is_old = version is not None and version < (4, 4)
    return None if is_old and vm.numa_tune_mode == _OLD_DEFAULT_NUMA_MODE else vm.numa_tune_mode


class _VmNetworks(msgspec.Struct, frozen=True):
    ids: frozenset[str] | None
    unknown_nics: tuple[str, ...] = ()
    pass_through_nics: tuple[str, ...] = ()


def _networks_of(inventory: Inventory, vm: Vm) -> _VmNetworks:
    """Networks that a host must have.

    Engine: NetworkPolicyUnit asks for the network of a plugged NIC; of a virtual function it asks for the
    network of the failover profile instead, because the function needs no network on the host.
    """
    if vm.nics is None:
        return _VmNetworks(None)
    found, unknown, passed = set[str](), list[str](), list[str]()
    for nic in vm.nics:
        if nic.plugged is False or nic.vnic_profile_id is None:
            continue
        profile = inventory.find_vnic_profile(nic.vnic_profile_id)
        if profile is not None and is_pass_through(nic, profile):
            passed.append(nic.name)
            if profile.failover_id is None:
                continue
            profile = inventory.find_vnic_profile(profile.failover_id)
        if profile is None:
            unknown.append(nic.name)
        elif profile.network_id is not None:
            found.add(profile.network_id)
    return _VmNetworks(frozenset(found), tuple(unknown), tuple(passed))


def is_pass_through(nic: VmNic, profile: VnicProfile) -> bool:
    """Whether a NIC is a virtual function of the host."""
    return nic.interface == PASS_THROUGH or profile.pass_through not in (None, "disabled")


def offer_of(inventory: Inventory, host: Host, cluster: Cluster | None) -> Offer:
    """What this host offers to any VM."""
    network_ids, addressed = _networks_on(host)
    sockets, cores, threads = host.cpu_sockets, host.cpu_cores, host.cpu_threads
    functions = [nic.virtual_functions for nic in host.nics or () if nic.virtual_functions is not None]
    return Offer(
        status=host.status,
        status_detail=host.status_detail,
        cpus=_cpus(host, cluster),
        topology=(sockets, cores, threads) if sockets and cores and threads else None,
        pinned=pinned_cpus(inventory.vms_on(host), threads),
        cpu_type=host.cpu_type,
        cpu_name=host.cpu_name,
        cpu_speed_mhz=host.cpu_speed_mhz,
        numa_supported=host.numa_supported,
        network_ids=network_ids,
        addressed_network_ids=addressed,
        virtual_functions=sum(functions) if functions else None,
        device_passthrough=host.device_passthrough,
        versions=(host.os_type, host.os_version, host.libvirt_version, host.vdsm_version),
        hosted_engine=(
            host.hosted_engine_configured,
            host.hosted_engine_score,
            host.hosted_engine_global_maintenance,
        ),
        cpu_load_percent=_cpu_load(host),
        swap_percent=_swap(host),
        free_huge_pages=_free_huge_pages(host),
    )


def _cpu_load(host: Host) -> int | None:
    idle = (host.statistics or {}).get("cpu.current.idle")
    return None if idle is None else round(100 - idle)


def _free_huge_pages(host: Host) -> frozenset[tuple[str, int]] | None:
    if host.statistics is None:
        return None
    pages = ((name.split("."), value) for name, value in host.statistics.items())
    return frozenset(
        (parts[1], int(value)) for parts, value in pages if parts[0] == "hugepages" and parts[-1] == "free"
    )


def _swap(host: Host) -> int | None:
    """Swap in use beyond free memory, in percent of the memory, as the filter Swap computes it."""
    figures = host.statistics or {}
    used, free, memory = figures.get("swap.used"), figures.get("memory.free"), host.memory_bytes
    if used is None or free is None or not memory:
        return None
    return int((used - free) * 100 / memory)


def _cpus(host: Host, cluster: Cluster | None) -> int | None:
    if cluster is not None and cluster.threads_as_cores:
        return host.logical_cpus
    if host.cpu_sockets is None or host.cpu_cores is None:
        return None
    return host.cpu_sockets * host.cpu_cores


def _networks_on(host: Host) -> tuple[frozenset[str] | None, frozenset[str]]:
    if host.network_attachments is None and host.nics is None:
        return None, frozenset()
    found, addressed = set[str](), set[str]()
    for attachment in host.network_attachments or ():
        if attachment.network_id is not None:
            found.add(attachment.network_id)
            if any(assigned.method not in NONE_LIKE for assigned in attachment.ip_assignments):
                addressed.add(attachment.network_id)
    for nic in host.nics or ():
        if nic.network_id is not None:
            found.add(nic.network_id)
            if nic.boot_protocol not in NONE_LIKE or nic.ipv6_boot_protocol not in NONE_LIKE:
                addressed.add(nic.network_id)
    return frozenset(found), frozenset(addressed)
