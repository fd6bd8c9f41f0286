"""Checks of network roles: migration, storage and management are separated from each other."""

from __future__ import annotations

from itertools import combinations

import msgspec

from rhevmig.checks.finding import Finding, ObservedValue, Severity
from rhevmig.checks.registry import Check, Subject, each_cluster, each_data_center, each_host, seen
from rhevmig.checks.storage_networks import DECLARE, StorageNetworks, storage_networks
from rhevmig.inventory import (
    Cluster,
    DataCenter,
    Host,
    Inventory,
    Network,
    NetworkLink,
    network_link,
)
from rhevmig.policy import Policy
from rhevmig.terms import NetworkRole

NET_001 = Check(
    id="NET-001",
    title="The cluster has a dedicated migration network",
    area="network",
    severity=Severity.HIGH,
    needs=("clusters/{id}/networks.usages",),
)
NET_005 = Check(
    id="NET-005",
    title="Management, migration and storage have separate VLANs",
    area="network",
    severity=Severity.HIGH,
    needs=("clusters/{id}/networks.usages", "network.vlan", "roles.storage of the policy"),
)
NET_007 = Check(
    id="NET-007",
    title="The network that carries storage traffic is known",
    area="network",
    severity=Severity.MEDIUM,
    needs=("roles.storage of the policy", "iscsibonds", "storage_connection.address", "host_nic.ip"),
)
NET_008 = Check(
    id="NET-008",
    title="Storage traffic does not use the management NIC",
    area="network",
    severity=Severity.HIGH,
    needs=("host_nic", "networkattachments", "roles.storage of the policy"),
)
STORAGE = "storage"
_UNREAD = "not all networks of the cluster could be read"
_NETWORKS = "clusters/{id}/networks"
_NETWORKS_PART = ("cluster", "networks")


@each_cluster(NET_001)
def _dedicated(on: Subject, cluster: Cluster, _: Policy) -> Finding:
    migration = on.inventory.network_by_role(cluster, NetworkRole.MIGRATION)
    management = on.inventory.network_by_role(cluster, NetworkRole.MANAGEMENT)
    if management is None:
        # Every cluster has a management network: where none is seen, networks are hidden.
        return on.unread(_UNREAD, missing=_NETWORKS, part=_NETWORKS_PART)
    name = migration.name if migration else "none"
    row = seen("network with the role migration", name, f"another one than {management.name}")
    if migration is None or migration.id == management.id:
        return on.failed(
            "migrations use the management network: they can crowd out the engine's traffic",
            row,
            remedy="Create a migration network, attach it with an address to every host, assign the role.",
        )
    return on.passed(f"migrations use the network {migration.name}", row)


@each_cluster(NET_005)
def _distinct(on: Subject, cluster: Cluster, policy: Policy) -> Finding:
    if on.inventory.network_by_role(cluster, NetworkRole.MANAGEMENT) is None:
        return on.unread(_UNREAD, missing=_NETWORKS, part=_NETWORKS_PART)
    data_center = on.inventory.find_data_center(cluster.data_center_id)
    storage = storage_networks(on.inventory, policy, data_center) if data_center else None
    separation = role_separation(on.inventory, policy, cluster, storage)
    roles = separation.networks
    rows = [
        seen(role, ", ".join(_tagged(n) for n in networks), "a separate VLAN")
        for role, networks in roles.items()
    ]
    shared = "; ".join(conflict.text for conflict in separation.conflicts if conflict.is_certain)
    if shared:
        remedy = "Give each of these roles a network with a separate VLAN."
        return on.failed(f"not separated: {shared}", *rows, remedy=remedy)
    if separation.conflicts:
        doubtful = "; ".join(conflict.text for conflict in separation.conflicts)
        return on.unknown(
            f"{doubtful}: untagged networks are separate only if the switch separates them",
            *rows,
            missing="VLANs of the switch ports",
            remedy="Tag all but one of them, or attest the switch configuration.",
        )
    is_known = storage is not None and (storage.uses_ip is False or storage.is_identified)
    if STORAGE in roles and not is_known:
        return on.unknown(
            "the other roles are separated, but the network that carries storage is not known",
            *rows,
            missing="the storage network",
            remedy=storage.advice if storage else DECLARE,
        )
    return on.passed(f"{', '.join(r for r, n in roles.items() if n)} have separate VLANs", *rows)


class RoleConflict(msgspec.Struct, frozen=True):
    """Two roles of a cluster that are not separated, certainly or possibly."""

    roles: tuple[str, str]
    text: str
    #: False for two untagged networks: only the switch could separate them.
    is_certain: bool


class RoleSeparation(msgspec.Struct, frozen=True):
    """Which networks carry the roles that the policy separates, and which of these roles collide."""

    networks: dict[str, tuple[Network, ...]]
    conflicts: tuple[RoleConflict, ...]


def role_separation(
    inventory: Inventory, policy: Policy, cluster: Cluster, storage: StorageNetworks | None
) -> RoleSeparation:
    """The networks of a cluster by the roles that the policy separates, and their collisions."""
    found: dict[str, tuple[Network, ...]] = {}
    for role in policy.roles.separate:
        if role == STORAGE:
            found[role] = storage.networks if storage else ()
        else:
            network = inventory.network_by_role(cluster, role)
            found[role] = (network,) if network else ()
    conflicts = (
        _conflict((one, a), (other, b))
        for (one, networks), (other, others) in combinations(found.items(), 2)
        for a in networks
        for b in others
    )
    return RoleSeparation(found, tuple(conflict for conflict in conflicts if conflict))


def _conflict(first: tuple[str, Network], second: tuple[str, Network]) -> RoleConflict | None:
    (one, a), (other, b) = first, second
    roles = (one, other)
    if a.id == b.id:
        return RoleConflict(roles, f"{one} and {other} use the network {a.name}", is_certain=True)
    if a.vlan_id is not None and a.vlan_id == b.vlan_id:
        text = f"{one} ({a.name}) and {other} ({b.name}) have VLAN {a.vlan_id}"
        return RoleConflict(roles, text, is_certain=True)
    if a.vlan_id is None and b.vlan_id is None:
        return RoleConflict(roles, f"{one} ({a.name}) and {other} ({b.name}) are untagged", is_certain=False)
    return None


def _tagged(network: Network) -> str:
    return f"{network.name} ({'untagged' if network.vlan_id is None else f'VLAN {network.vlan_id}'})"


@each_data_center(NET_007)
def _identified(on: Subject, data_center: DataCenter, policy: Policy) -> Finding:
    storage = storage_networks(on.inventory, policy, data_center)
    rows = [seen("storage address", address) for address in storage.addresses]
    rows += [seen("storage network", basis) for basis in storage.basis]
    if storage.uses_ip is False:
        return on.not_applicable("none of its storage is reached over an IP network")
    if storage.undeclared_names:
        names = ", ".join(storage.undeclared_names)
        return on.failed(
            f"the policy declares {names} as storage network; the engine has no such network",
            *rows,
            remedy="Correct roles.storage in the policy.",
        )
    if storage.is_identified:
        return on.passed("; ".join(storage.basis), *rows)
    return on.unknown(
        "the network that carries storage traffic is neither declared nor can it be inferred",
        *rows,
        missing="the storage network",
        remedy=storage.advice,
    )


@each_host(NET_008)
def _off_management(on: Subject, host: Host, policy: Policy) -> Finding:
    cluster = on.inventory.find_cluster(host.cluster_id)
    data_center = on.inventory.find_data_center(cluster.data_center_id) if cluster else None
    if cluster is None or data_center is None:
        return on.not_applicable("its cluster is in no data center, so it uses no storage")
    storage = storage_networks(on.inventory, policy, data_center)
    if storage.uses_ip is False:
        return on.not_applicable("its storage is not reached over an IP network")
    if not host.is_up:
        return on.not_applicable(f"the host is {host.status}: its links are judged while it is up")
    if not storage.is_identified:
        return on.unknown(
            "the network that carries storage traffic is not known",
            missing="the storage network",
            remedy=storage.advice,
        )
    management = on.inventory.network_by_role(cluster, NetworkRole.MANAGEMENT)
    if management is None or host.nics is None:
        part = "networks of the cluster" if management is None else "NICs of the host"
        return on.unread(f"the {part} could not be read", missing=part, part=("host", "nics"))
    links = [network_link(host, network) for network in storage.networks]
    return _judge_links(on, network_link(host, management), links)


def _judge_links(on: Subject, management: NetworkLink, links: list[NetworkLink]) -> Finding:
    attached = [link for link in links if link.is_attached]
    rows = [
        _link_row(on.inventory, management, ""),
        *(_link_row(on.inventory, link, "another NIC than that of the management network") for link in links),
    ]
    remedy = "Attach the storage network to a separate NIC or bond, with an address, on every host."
    if not attached:
        message = "it has no storage network: storage traffic uses the management NIC"
        return on.failed(message, *rows, remedy=remedy)
    if management.uplink is None:
        return on.unread(
            "the NIC of its management network could not be read",
            *rows,
            missing="host_nic of the management network",
            part=("host", "nics"),
        )
    shared = [link for link in attached if link.uplink == management.uplink]
    if shared:
        how = "the same device" if shared[0].device == management.device else "separated by VLAN only"
        message = f"storage shares {management.uplink} with the management network ({how})"
        return on.failed(message, *rows, remedy=remedy)
    return on.passed(f"storage uses {', '.join(str(link.uplink) for link in attached)}", *rows)


def _link_row(inventory: Inventory, link: NetworkLink, expected: str) -> ObservedValue:
    network = inventory.find_network(link.network_id)
    where = f"{link.device} on {link.uplink}" if link.device != link.uplink else f"{link.device}"
    return seen(
        network.name if network else link.network_id,
        where if link.is_attached else "not on the host",
        expected,
    )
