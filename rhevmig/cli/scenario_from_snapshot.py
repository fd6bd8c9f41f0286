"""A saved inventory as a scenario of the lab: a twin of a real site with the same ids and names."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import msgspec

from rhevmig.inventory import (
    SNAPSHOT,
    AffinityGroup,
    AffinityRule,
    Cluster,
    DataCenter,
    Host,
    HostNic,
    Inventory,
    NetworkAttachment,
    Vm,
)
from rhevmig.lab.scenario.model import Scenario
from rhevmig.units import GIB, MEGABIT


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
                "vms": _names(inventory.find_vm(key) for key in label.vm_ids),
                "hosts": _names(inventory.find_host(key) for key in label.host_ids),
            }
            for label in inventory.affinity_labels
        ],
    }
    return msgspec.convert(_pruned(raw), type=Scenario)


def _data_center(inventory: Inventory, data_center: DataCenter) -> dict[str, Any]:
    storage = [d for d in inventory.storage_domains if data_center.id in d.data_center_ids]
    return {
        "name": data_center.name,
        "id": data_center.id,
        "version": data_center.version,
        "local": data_center.local,
        "status": data_center.status,
        "networks": [
            {
                "name": network.name,
                "id": network.id,
                "vlan": network.vlan_id,
                "mtu": network.mtu,
                "vm": network.is_vm_network,
                "profiles": [p.name for p in inventory.vnic_profiles if p.network_id == network.id],
            }
            for network in inventory.networks
            if network.data_center_id == data_center.id and network.name != "ovirtmgmt"
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
    }


def _host(inventory: Inventory, host: Host, clusters: dict[str, str]) -> dict[str, Any]:
    nics = [nic for nic in host.nics or () if nic.vlan_id is None]
    attachments = [_attachment(inventory, host, item) for item in host.network_attachments or ()]
    return {
        "name": host.name,
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
    profiles = [inventory.find_vnic_profile(nic.vnic_profile_id) for nic in vm.nics or ()]
    disks = [inventory.find_disk(item.disk_id) for item in vm.disk_attachments or ()]
    return {
        "name": vm.name,
        "id": vm.id,
        "cluster": clusters[vm.cluster_id],
        "status": vm.status,
        "host": host.name if host else None,
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
                "profile": p and p.name,
            }
            for nic, p in zip(vm.nics or (), profiles, strict=True)
        ],
        "disks": [
            {
                "name": disk.name,
                "id": disk.id,
                "size_gib": _gib(disk.provisioned_size_bytes),
                "interface": item.interface,
                "shareable": disk.shareable,
                "storage": next(
                    iter(_names(map(inventory.find_storage_domain, disk.storage_domain_ids))), None
                ),
            }
            for item, disk in zip(vm.disk_attachments or (), disks, strict=True)
            if disk is not None
        ],
        "high_availability": vm.high_availability,
        "type": vm.type,
    }


def _group(inventory: Inventory, group: AffinityGroup, clusters: dict[str, str]) -> dict[str, Any]:
    return {
        "name": group.name,
        "id": group.id,
        "cluster": clusters[group.cluster_id],
        "vms": _names(inventory.find_vm(key) for key in group.vm_ids),
        "hosts": _names(inventory.find_host(key) for key in group.host_ids),
        "vms_rule": _rule(group.vms_rule),
        "vms_enforcing": group.vms_rule.enforcing,
        "hosts_rule": _rule(group.hosts_rule),
        "hosts_enforcing": group.hosts_rule.enforcing,
    }


def _rule(rule: AffinityRule) -> str:
    return ("positive" if rule.positive else "negative") if rule.enabled else "disabled"


def _names(found: Any) -> list[str]:
    return [item.name for item in found if item is not None]


def _gib(size_bytes: int | None) -> int | None:
    return None if size_bytes is None else max(1, round(size_bytes / GIB))


def _pruned(value: Any) -> Any:
    """Without keys whose value is unknown, so that the lab's defaults apply."""
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    return [_pruned(item) for item in value] if isinstance(value, list) else value
