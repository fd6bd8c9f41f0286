"""The path of a migration: NICs, their speed, the allowed bandwidth, and the silent fallback.

The engine uses the cluster's migration network if both hosts have an address on it and its NIC is up;
otherwise it silently takes the management network (recorded: `nic-down-and-slow`
and the `rec-fallback-…` events of the crawl). Only the time a migration takes shows it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from rhevmig.lab.scheduling.filters.check import vcpus
from rhevmig.lab.scheduling.filters.network import host_networks
from rhevmig.lab.state.attribute_values import items_of, text_at
from rhevmig.lab.state.store import Entity, World
from rhevmig.precopy.bandwidth import Bandwidth, MigrationLink, migration_bandwidth, parallel_connections
from rhevmig.precopy.presets import LEGACY, MINIMAL_DOWNTIME, PolicyPreset, find_preset

#: Speed of a link whose speed is not reported, bits per second.
_UNKNOWN_SPEED_BPS = 1_000_000_000


class Path(NamedTuple):
    """Where the bytes of one migration go."""

    #: The network used; None when neither host has one.
    network: Entity | None
    #: Each end as the engine's arithmetic sees it.
    source: MigrationLink
    destination: MigrationLink
    #: Bytes per second of every link crossed, by a key that all migrations over it share.
    capacities_bytes_s: dict[Hashable, float]
    #: The cluster has a migration network, and it could not be used.
    fell_back: bool


def _role_network(world: World, cluster: Entity, role: str) -> Entity | None:
    for network in world.children(cluster, "networks"):
        if role in items_of(network.get("usages"), "usage"):
            return network
    return None


def _nic_of(world: World, host: Entity, attachment: Entity | None) -> Entity | None:
    return world.find("hosts/nics", attachment.ref("host_nic"), host) if attachment is not None else None


def _vlan_nic(world: World, host: Entity, network_id: str) -> Entity | None:
    return next((nic for nic in world.children(host, "nics") if nic.ref("network") == network_id), None)


def _has_address(world: World, host: Entity, network: Entity, attachment: Entity) -> bool:
    """Whether the host has an IP address on the network, as its NIC or its attachment says."""
    nic = _vlan_nic(world, host, network.id)
    if nic is not None and (nic.text("ip.address") or nic.text("ipv6.address")):
        return True
    for item in items_of(attachment.get("ip_address_assignments"), "ip_address_assignment"):
        if item.get("assignment_method") in ("static", "dhcp", "autoconf") and text_at(item, "ip.address"):
            return True
    return False


def _usable(world: World, host: Entity, network: Entity) -> Entity | None:
    """The base NIC under the network, if it is up and has an address."""
    attachment = host_networks(world, host).get(network.id)
    nic = _nic_of(world, host, attachment)
    if attachment is None or nic is None or not _has_address(world, host, network, attachment):
        return None
    above = _vlan_nic(world, host, network.id)
    down = nic.text("status", "up") != "up" or (above is not None and above.text("status", "up") != "up")
    return None if down else nic


def _any_nic(world: World, host: Entity, network: Entity | None) -> Entity | None:
    attachment = host_networks(world, host).get(network.id) if network is not None else None
    nic = _nic_of(world, host, attachment)
    return nic or next(iter(world.children(host, "nics")), None)


def way(world: World, vm: Entity, source: Entity, destination: Entity) -> Path:
    """The path from one host to another for a VM of its cluster."""
    cluster = world.find("clusters", vm.ref("cluster"))
    wanted = _role_network(world, cluster, "migration") if cluster else None
    management = _role_network(world, cluster, "management") if cluster else None
    chosen = wanted or management
    ends = [_usable(world, host, chosen) if chosen is not None else None for host in (source, destination)]
    fell_back = False
    if None in ends:
        fell_back = wanted is not None and management is not None and wanted.id != management.id
        chosen = management
        ends = [_any_nic(world, host, chosen) for host in (source, destination)]
    links: list[MigrationLink] = []
    capacities: dict[Hashable, float] = {}
    for direction, host, nic in zip(("out", "in"), (source, destination), ends, strict=True):
        speed_bps = (nic.number("speed") if nic is not None else 0) or _UNKNOWN_SPEED_BPS
        if nic is not None and nic.text("status", "up") != "up":
            speed_bps = 0
        links.append(
            MigrationLink(link_mbps=speed_bps // 1_000_000 or None, qos_mbps=_qos_mbps(host, chosen))
        )
        key = (direction, host.id, nic.id if nic is not None else "")
        capacities[key] = speed_bps / 8
    return Path(
        network=chosen,
        source=links[0],
        destination=links[1],
        capacities_bytes_s=capacities,
        fell_back=fell_back,
    )


def _qos_mbps(host: Entity, network: Entity | None) -> int | None:
    limits = host.lab.get("qos_mbps") or {}
    return limits.get(network.name) if network is not None else None


def inherited(world: World, vm: Entity, member: str) -> str:
    """A migration setting of the VM, or its cluster's where the VM inherits."""
    own = vm.text(f"migration.{member}")
    if own and own != "inherit":
        return own
    cluster = world.find("clusters", vm.ref("cluster"))
    value = cluster.text(f"migration.{member}") if cluster else ""
    return "" if value == "inherit" else value


def policy_of(world: World, vm: Entity) -> tuple[PolicyPreset, PolicyPreset]:
    """The migration policy of the VM and that of its cluster."""
    cluster = world.find("clusters", vm.ref("cluster"))
    of_cluster = find_preset(cluster.ref("migration.policy") or "") if cluster else None
    if of_cluster is None:
        of_cluster = LEGACY if cluster is not None and cluster.ref("migration.policy") else MINIMAL_DOWNTIME
    own = vm.ref("migration.policy")
    return (find_preset(own) or of_cluster if own else of_cluster), of_cluster


def bandwidth_of(world: World, vm: Entity, path: Path) -> Bandwidth:
    """What the engine allows this migration, by its own arithmetic."""
    cluster = world.find("clusters", vm.ref("cluster"))
    method = (cluster.text("migration.bandwidth.assignment_method") if cluster else "") or "auto"
    custom = cluster.number("migration.bandwidth.custom_value", -1) if cluster else -1
    own, of_cluster = policy_of(world, vm)
    plain = migration_bandwidth(
        assignment_method=method if method != "custom" or custom >= 0 else "auto",
        custom_value_mbps=custom if custom >= 0 else None,
        source=path.source,
        destination=path.destination,
        max_migrations=of_cluster.max_migrations,
        vm_max_migrations=own.max_migrations,
    )
    parallel = inherited(world, vm, "parallel_migrations_policy") or "disabled"
    amount = vm.get("migration.custom_parallel_migrations") or (
        cluster.get("migration.custom_parallel_migrations") if cluster else None
    )
    connections = parallel_connections(
        policy=parallel if parallel != "custom" or amount else "disabled",
        host_mbps=plain.host_mbps,
        vcpus=vcpus(vm),
        custom=int(amount) if amount else None,
        zero_copy=own.zero_copy and inherited(world, vm, "encrypted") != "true",
    )
    if connections is None:
        return plain
    return Bandwidth(
        mib_s=plain.mib_s,
        host_mbps=plain.host_mbps,
        limited_by=plain.limited_by,
        max_migrations=1,
        connections=connections,
    )
