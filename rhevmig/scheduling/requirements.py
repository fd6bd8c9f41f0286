"""What a VM demands of a host and what a host offers, reduced to what the filters compare.

Equal VMs have equal demands and equal hosts equal offers, so thousands of VMs and hundreds of hosts are
judged by classes instead of pair by pair.
"""

from __future__ import annotations

import msgspec

from rhevmig.inventory import Cluster, Host, Inventory, Vm

NONE_LIKE = frozenset({None, "", "none"})
HOSTED_ENGINE = frozenset({"managed_hosted_engine", "hosted_engine"})


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What a VM demands of any host, without memory, pins and affinity, which differ between equal VMs."""

    vcpus: int | None
    #: QEMU model that replaces the cluster's CPU type.
    cpu_model: str | None
    #: Whether it uses host CPU passthrough.
    cpu_passthrough: bool
    #: Whether it needs the TSC frequency of its current host.
    needs_tsc: bool
    #: Networks of its plugged NICs; None where the NICs could not be read.
    network_ids: frozenset[str] | None
    #: NICs whose network could not be found.
    unknown_nics: tuple[str, ...]
    #: Names of host devices; None where they could not be read.
    host_devices: tuple[str, ...] | None
    #: Hosts that hold the devices.
    device_host_ids: frozenset[str]
    #: Custom machine type.
    emulated_machine: str | None
    #: Custom compatibility version.
    compatibility_version: str | None
    #: Page size of its huge pages in KiB, as text.
    huge_pages: str | None
    lease_storage_domain_id: str | None
    is_hosted_engine: bool
    #: What its current host offers, where a filter compares with it.
    source: Offer | None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a host offers to any VM, without its memory and its identity."""

    status: str
    status_detail: str | None
    #: CPUs that the engine counts: cores, or threads where the cluster counts threads.
    cpus: int | None
    #: Highest CPU type that it satisfies.
    cpu_type: str | None
    cpu_name: str | None
    cpu_speed_mhz: float | None
    #: Networks on it; None where they could not be read.
    network_ids: frozenset[str] | None
    #: Networks on it that have a boot protocol.
    addressed_network_ids: frozenset[str]
    #: Whether it supports device passthrough.
    device_passthrough: bool | None
    #: Versions of operating system, libvirt and VDSM.
    versions: tuple[str | None, ...]
    #: Whether the hosted engine is configured on it, and its score.
    hosted_engine: tuple[bool | None, int | None]


def demand_of(inventory: Inventory, vm: Vm, source: Offer | None) -> Demand:
    """What this VM demands of any host."""
    network_ids, unknown_nics = _networks_of(inventory, vm)
    needs_source = bool(
        vm.cpu_mode == "host_passthrough"
        or vm.type == "high_performance"
        or vm.custom_emulated_machine
        or vm.custom_compatibility_version
    )
    return Demand(
        vcpus=vm.vcpus,
        cpu_model=vm.custom_cpu_model,
        cpu_passthrough=vm.cpu_mode == "host_passthrough",
        needs_tsc=vm.type == "high_performance",
        network_ids=network_ids,
        unknown_nics=unknown_nics,
        host_devices=None if vm.host_devices is None else tuple(sorted(d.name for d in vm.host_devices)),
        device_host_ids=frozenset(d.host_id for d in vm.host_devices or () if d.host_id),
        emulated_machine=vm.custom_emulated_machine,
        compatibility_version=vm.custom_compatibility_version,
        huge_pages=vm.custom_properties.get("hugepages"),
        lease_storage_domain_id=vm.lease_storage_domain_id,
        is_hosted_engine=vm.origin in HOSTED_ENGINE,
        source=source if needs_source else None,
    )


def _networks_of(inventory: Inventory, vm: Vm) -> tuple[frozenset[str] | None, tuple[str, ...]]:
    if vm.nics is None:
        return None, ()
    found, unknown = set[str](), list[str]()
    for nic in vm.nics:
        if nic.plugged is False or nic.vnic_profile_id is None:
            continue
        profile = inventory.find_vnic_profile(nic.vnic_profile_id)
        if profile is None:
            unknown.append(nic.name)
        elif profile.network_id is not None:
            found.add(profile.network_id)
    return frozenset(found), tuple(unknown)


def offer_of(host: Host, cluster: Cluster | None) -> Offer:
    """What this host offers to any VM."""
    network_ids, addressed = _networks_on(host)
    return Offer(
        status=host.status,
        status_detail=host.status_detail,
        cpus=_cpus(host, cluster),
        cpu_type=host.cpu_type,
        cpu_name=host.cpu_name,
        cpu_speed_mhz=host.cpu_speed_mhz,
        network_ids=network_ids,
        addressed_network_ids=addressed,
        device_passthrough=host.device_passthrough,
        versions=(host.os_type, host.os_version, host.libvirt_version, host.vdsm_version),
        hosted_engine=(host.hosted_engine_configured, host.hosted_engine_score),
    )


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
