"""A saved inventory as a scenario of the lab: a twin of a real site with the same ids and names."""

from __future__ import annotations

import ipaddress
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from rhevmig.engine.mapping.cluster import CLUSTER
from rhevmig.engine.mapping.host import HOST
from rhevmig.engine.mapping.network import VNIC_PROFILE
from rhevmig.engine.mapping.vm import VM
from rhevmig.inventory import (
    SNAPSHOT,
    AffinityGroup,
    AffinityRule,
    Cluster,
    DataCenter,
    Host,
    HostNic,
    Inventory,
    Network,
    NetworkAttachment,
    Vm,
)
from rhevmig.lab.scenario.model import Scenario
from rhevmig.terms import NetworkRole
from rhevmig.units import GIB, MEGABIT

#: Fields that a scenario has keys for or the lab computes; all others are carried as attributes of the API.
_OF_CLUSTER = frozenset({"id", "name", "data_center_id", "scheduling_policy_id"})
_OF_HOST = frozenset(
    {"id", "name", "cluster_id", "status", "spm_status", "max_scheduling_memory_bytes"}
    | {"vms_active", "vms_migrating", "vms_total"}
)
_OF_VM = frozenset({"id", "name", "cluster_id", "host_id", "status", "template_id"})
_OF_PROFILE = frozenset({"id", "name", "network_id", "network_filter_id", "qos_id"})


def is_snapshot(path: Path) -> bool:
    """Whether a file begins like a snapshot, so that it is neither a crawl nor a scenario."""
    try:
        with path.open("rb") as stream:
            return stream.read(80).lstrip().startswith(f'{{"format":"{SNAPSHOT.format}"'.encode())
    except OSError:
        return False


def scenario_of(inventory: Inventory) -> Scenario:
    """The scenario of this inventory; what a snapshot does not hold (loads) is the lab's default."""
    sites = {dc.id: dc.name for dc in inventory.data_centers}
    # a detached cluster belongs to no data center; the lab cannot hold it
    clusters = [c for c in inventory.clusters if c.data_center_id in sites]
    names = {c.id: c.name for c in clusters}
    hosts = [h for h in inventory.hosts if h.cluster_id in names]
    read_at = f"{inventory.instant.started_at:%Y-%m-%d %H:%M}"
    raw = {
        "name": "twin",
        "description": f"A twin of {inventory.engine.url}, read at {read_at}",
        "engine_version": inventory.engine.version or "4.5",
        "data_centers": [_data_center(inventory, dc) for dc in inventory.data_centers],
        "clusters": [_cluster(inventory, c, sites) for c in clusters],
        "hosts": [_host(inventory, h, names) for h in hosts],
        "vms": [_vm(inventory, vm, names) for vm in inventory.vms if vm.cluster_id in names],
        "affinity_groups": [
            _group(inventory, g, names) for g in inventory.affinity_groups if g.cluster_id in names
        ],
        "affinity_labels": [
            {
                "name": label.name,
                "id": label.id,
                "attributes": {"has_implicit_affinity_group": label.has_implicit_affinity_group},
                "vms": _names(inventory.find_vm(key) for key in label.vm_ids),
                "hosts": _names(inventory.find_host(key) for key in label.host_ids),
            }
            for label in inventory.affinity_labels
        ],
    }
    found = _pruned(raw)
    for cluster, entry in zip(clusters, found["clusters"], strict=True):
        if cluster.migration is not None:
            entry["migration_policy"] = cluster.migration.policy_id  # None is the engine's legacy policy
    return msgspec.convert(found, type=Scenario)


def left_out(inventory: Inventory) -> tuple[str, ...]:
    """What the twin does not have although it may decide where a VM goes, one line each."""
    clusters = {cluster.id for cluster in inventory.clusters if cluster.data_center_id}
    vms = [vm for vm in inventory.vms if vm.cluster_id in clusters]
    hosts = inventory.hosts
    hidden = [vm for vm in vms if vm.is_running and vm.host_id is None]
    counts = {
        "VMs with host devices, which the twin leaves out": sum(bool(vm.host_devices) for vm in vms),
        "VMs with unread NICs: the twin gives them one": sum(vm.nics is None for vm in vms),
        "VMs with unread disks: the twin gives them one": sum(vm.disk_attachments is None for vm in vms),
        "hosts with unread NICs: the twin gives them one": sum(host.nics is None for host in hosts),
        "running VMs with an unread host: the twin chooses one": len(hidden),
        "VMs of clusters without a data center, which the twin leaves out": len(inventory.vms) - len(vms),
    }
    lines = [f"{count} {what}" for what, count in counts.items() if count]
    kinds = Counter(missing.kind for missing in inventory.unobserved)
    if kinds:
        parts = ", ".join(f"{kind.replace('_', ' ')} ({count})" for kind, count in sorted(kinds.items()))
        lines.append(f"not in the snapshot, so the twin has defaults: {parts}")
    return tuple(lines)


def _data_center(inventory: Inventory, data_center: DataCenter) -> dict[str, Any]:
    storage = [d for d in inventory.storage_domains if data_center.id in d.data_center_ids]
    return {
        "name": data_center.name,
        "id": data_center.id,
        "version": data_center.version,
        "local": data_center.local,
        "status": data_center.status,
        "management": _management(inventory, data_center),
        "networks": [
            _network(inventory, network)
            for network in inventory.networks
            if network.data_center_id == data_center.id
        ],
        "storage": [
            {
                "name": domain.name,
                "id": domain.id,
                "type": domain.storage_type,
                "function": domain.type,
                "address": domain.address,
                "path": domain.path,
                "size_gib": _gib((domain.available_bytes or 0) + (domain.used_bytes or 0)),
                "used_gib": _gib(domain.used_bytes),
                "status": inventory.storage_status(data_center.id, domain.id),
                "master": domain.master,
            }
            for domain in storage
        ],
    }


def _management(inventory: Inventory, data_center: DataCenter) -> str | None:
    """The management network: sites that began as RHEV 3 call it `rhevm`."""
    for cluster in inventory.clusters_of(data_center):
        found = inventory.network_by_role(cluster, NetworkRole.MANAGEMENT)
        if found is not None:
            return found.name
    return None


def _network(inventory: Inventory, network: Network) -> dict[str, Any]:
    return {
        "name": network.name,
        "id": network.id,
        "vlan": network.vlan_id,
        "mtu": network.mtu,
        "vm": network.is_vm_network,
        "profiles": [
            {
                "name": profile.name,
                "id": profile.id,
                "attributes": VNIC_PROFILE.attributes_of(profile, without=_OF_PROFILE),
            }
            for profile in inventory.vnic_profiles
            if profile.network_id == network.id
        ],
        "attributes": {"description": network.description, "comment": network.comment},
    }


def _pairs(properties: dict[str, str], tag: str) -> dict[str, Any] | None:
    pairs = [{"name": name, "value": text} for name, text in properties.items()]
    return {tag: pairs} if pairs else None


def _cluster(inventory: Inventory, cluster: Cluster, sites: dict[str, str]) -> dict[str, Any]:
    migration = cluster.migration
    policies = {policy.id: policy.name for policy in inventory.scheduling_policies}
    networks = [
        {"name": network.name, "roles": list(member.usages), "required": member.required}
        for member in inventory.networks_of(cluster)
        if (network := inventory.find_network(member.network_id)) is not None
    ]
    return {
        "name": cluster.name,
        "id": cluster.id,
        "data_center": sites[cluster.data_center_id or ""],
        "cpu": cluster.cpu_type,
        "architecture": cluster.architecture,
        "version": cluster.version,
        "networks": networks or None,
        "migration_policy": migration.policy_id if migration else None,
        "migration_bandwidth_mbps": migration.bandwidth_custom_mbps if migration else None,
        "overcommit_percent": cluster.memory_overcommit_percent,
        "scheduling_policy": policies.get(cluster.scheduling_policy_id or ""),
        "attributes": {
            **CLUSTER.attributes_of(cluster, without=_OF_CLUSTER),
            "custom_scheduling_policy_properties": _pairs(cluster.scheduling_properties, "property"),
        },
    }


def _host(inventory: Inventory, host: Host, clusters: dict[str, str]) -> dict[str, Any]:
    nics = [nic for nic in host.nics or () if nic.vlan_id is None]
    attachments = [_attachment(inventory, host, item) for item in host.network_attachments or ()]
    return {
        "name": _escaped(host.name),
        "id": host.id,
        "cluster": clusters[host.cluster_id],
        "status": host.status,
        "address": host.address,
        "cpu": host.cpu_type,
        "cpu_model": host.cpu_name,
        "sockets": host.cpu_sockets,
        "cores": host.cpu_cores,
        "threads": host.cpu_threads,
        "memory_gib": _gib(host.memory_bytes),
        "spm": host.spm_status == "spm",
        "nics": [_nic(host, nic) for nic in nics],
        "attachments": [item for item in attachments if item is not None],
        "attributes": HOST.attributes_of(host, without=_OF_HOST),
    }


def _nic(host: Host, nic: HostNic) -> dict[str, Any]:
    slaves = [found.name for key in nic.bond_slave_ids or () if (found := host.find_nic(key)) is not None]
    mode = nic.bond_options.get("mode")
    speed = nic.speed_bits_per_second
    return {
        "name": nic.name,
        "id": nic.id,
        "speed_mbps": speed // MEGABIT if speed else None,
        "up": nic.is_up,
        "mtu": nic.mtu,
        "slaves": slaves,
        "bond_mode": int(mode) if mode and mode.isdigit() else None,
    }


def _attachment(inventory: Inventory, host: Host, item: NetworkAttachment) -> dict[str, Any] | None:
    network = inventory.find_network(item.network_id)
    uplink = host.find_nic(item.host_nic_id)
    if network is None or uplink is None:
        return None
    device = host.nic_of_network(network.id)
    actual = next((c.actual_value for c in item.reported_configurations if c.name == "mtu"), None)
    return {
        "network": network.name,
        "nic": uplink.name,
        "id": item.id,
        "address": _with_prefix(device) if device else None,
        "boot_protocol": device.boot_protocol if device else None,
        "mtu": int(actual) if actual and actual.isdigit() else None,
    }


def _with_prefix(nic: HostNic) -> str | None:
    if not nic.ip_address:
        return None
    netmask = nic.ip_netmask or "255.255.255.0"
    return f"{nic.ip_address}/{ipaddress.ip_network(f'0.0.0.0/{netmask}').prefixlen}"


def _vm(inventory: Inventory, vm: Vm, clusters: dict[str, str]) -> dict[str, Any]:
    host = inventory.find_host(vm.host_id)
    profiles = [_profile(inventory, nic.vnic_profile_id) for nic in vm.nics or ()]
    disks = [inventory.find_disk(item.disk_id) for item in vm.disk_attachments or ()]
    return {
        "name": _escaped(vm.name),
        "id": vm.id,
        "cluster": clusters[vm.cluster_id],
        "status": vm.status,
        "host": host.name if host and host.cluster_id == vm.cluster_id else None,
        "memory_gib": (vm.memory_bytes or 0) / GIB or None,
        "guaranteed_gib": vm.memory_guaranteed_bytes / GIB if vm.memory_guaranteed_bytes else None,
        "sockets": vm.cpu_sockets,
        "cores": vm.cpu_cores,
        "threads": vm.cpu_threads,
        "affinity": vm.affinity,
        "pinned_to": _names(inventory.find_host(key) for key in vm.placement_host_ids),
        "nics": [
            {
                "name": nic.name,
                "id": nic.id,
                "mac": nic.mac_address,
                "interface": nic.interface,
                "profile": profile,
                "plugged": nic.plugged,
                "linked": nic.linked,
            }
            for nic, profile in zip(vm.nics or (), profiles, strict=True)
        ],
        "disks": [
            {
                "name": disk.name,
                "id": disk.id,
                "size_gib": _gib(disk.provisioned_size_bytes),
                "interface": item.interface,
                "shareable": disk.shareable,
                "active": item.active,
                "read_only": item.read_only,
                "uses_scsi_reservation": item.uses_scsi_reservation,
                "storage": next(
                    iter(_names(map(inventory.find_storage_domain, disk.storage_domain_ids))), None
                ),
            }
            for item, disk in zip(vm.disk_attachments or (), disks, strict=True)
            if disk is not None
        ],
        "high_availability": vm.high_availability,
        "type": vm.type,
        "tags": list(vm.tags or ()),
        "attributes": {
            **VM.attributes_of(vm, without=_OF_VM),
            "custom_compatibility_version": _version(vm.custom_compatibility_version),
            "custom_properties": _pairs(vm.custom_properties, "custom_property"),
            "cpu.cpu_tune": _pins(vm.cpu_pins),
        },
    }


def _profile(inventory: Inventory, profile_id: str | None) -> str | None:
    """A profile by its network and name: networks may have profiles of one name."""
    profile = inventory.find_vnic_profile(profile_id)
    network = inventory.find_network(profile.network_id) if profile else None
    return f"{network.name}/{profile.name}" if profile and network else None


def _version(text: str | None) -> dict[str, str] | None:
    major, _, minor = (text or "").partition(".")
    return {"major": major, "minor": minor} if major else None


def _pins(pins: dict[str, str]) -> dict[str, Any] | None:
    found = [{"vcpu": vcpu, "cpu_set": cpus} for vcpu, cpus in pins.items()]
    return {"vcpu_pins": {"vcpu_pin": found}} if found else None


def _group(inventory: Inventory, group: AffinityGroup, clusters: dict[str, str]) -> dict[str, Any]:
    # members by label are members, so the twin needs no labels in its groups
    vm_ids, host_ids = inventory.members_of(group)
    return {
        "name": group.name,
        "id": group.id,
        "cluster": clusters[group.cluster_id],
        "vms": _names(vm for vm in inventory.vms if vm.id in vm_ids),
        "hosts": _names(host for host in inventory.hosts if host.id in host_ids),
        "attributes": {"priority": group.priority},
        "vms_rule": _rule(group.vms_rule),
        "vms_enforcing": group.vms_rule.enforcing,
        "hosts_rule": _rule(group.hosts_rule),
        "hosts_enforcing": group.hosts_rule.enforcing,
    }


def _rule(rule: AffinityRule) -> str:
    return ("positive" if rule.positive else "negative") if rule.enabled else "disabled"


def _escaped(name: str) -> str:
    """A name that a scenario does not take for a pattern such as `web{n}`."""
    return name.replace("{", "{{").replace("}", "}}")


def _names(found: Any) -> list[str]:
    return [item.name for item in found if item is not None]


def _gib(size_bytes: int | None) -> int | None:
    return None if size_bytes is None else max(1, round(size_bytes / GIB))


def _pruned(value: Any) -> Any:
    """Without keys whose value is unknown, so that the lab's defaults apply."""
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    return [_pruned(item) for item in value] if isinstance(value, list) else value
