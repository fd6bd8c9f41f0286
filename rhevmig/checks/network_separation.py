"""Networks by role: the migration, storage and management networks are apart from each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import msgspec

from rhevmig.checks.finding import Evidence, Finding, Severity
from rhevmig.checks.registry import Check, register
from rhevmig.checks.scopes import (
    cluster_scope,
    clusters_with_hosts,
    data_center_scope,
    help_for,
    host_scope,
)
from rhevmig.checks.storage_networks import DECLARE, StorageNetworks, storage_networks
from rhevmig.inventory import Cluster, Host, Inventory, Network, NetworkLink, network_link
from rhevmig.policy import Policy
from rhevmig.terms import NetworkRole

NET_001 = Check(
    id="NET-001",
    title="The cluster has a migration network of its own",
    area="network",
    severity=Severity.HIGH,
    needs=("clusters/{id}/networks.usages",),
)
NET_005 = Check(
    id="NET-005",
    title="Management, migration and storage have VLANs of their own",
    area="network",
    severity=Severity.HIGH,
    needs=("clusters/{id}/networks.usages", "network.vlan", "roles.storage of the policy"),
)
NET_007 = Check(
    id="NET-007",
    title="It is known which network carries storage traffic",
    area="network",
    severity=Severity.MEDIUM,
    needs=("roles.storage of the policy", "iscsibonds", "storage_connection.address", "host_nic.ip"),
)
NET_008 = Check(
    id="NET-008",
    title="Storage traffic stays off the management NIC",
    area="network",
    severity=Severity.HIGH,
    needs=("host_nic", "networkattachments", "roles.storage of the policy"),
)
STORAGE = "storage"


@register(NET_001)
def _dedicated(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for item in clusters_with_hosts(inventory, NET_001):
        yield item if isinstance(item, Finding) else _dedicated_of(inventory, item)


def _dedicated_of(inventory: Inventory, cluster: Cluster) -> Finding:
    scope = cluster_scope(cluster)
    migration = inventory.network_by_role(cluster, NetworkRole.MIGRATION)
    management = inventory.network_by_role(cluster, NetworkRole.MANAGEMENT)
    if management is None:
        # every cluster has a management network: where none is seen, networks are hidden
        return NET_001.unknown(
            scope,
            "the networks of the cluster could not be read, or not all of them",
            missing="clusters/{id}/networks",
            remedy=help_for(inventory, "cluster", "networks", id=cluster.id),
        )
    row = Evidence(
        name="network with the role migration",
        observed=migration.name if migration else "none",
        expected=f"another one than {management.name}",
    )
    if migration is None or migration.id == management.id:
        return NET_001.failed(
            scope,
            "migrations run over the management network: they can crowd out the engine's own traffic",
            row,
            remedy="Create a network for migration, put it on every host with an address, give it the role.",
        )
    return NET_001.passed(scope, f"migrations have the network {migration.name}", row)


@register(NET_005)
def _distinct(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
    storage = {each.id: storage_networks(inventory, policy, each) for each in inventory.data_centers}
    for item in clusters_with_hosts(inventory, NET_005):
        if isinstance(item, Finding):
            yield item
        else:
            yield _distinct_in(inventory, policy, item, storage.get(item.data_center_id or ""))


def _distinct_in(
    inventory: Inventory, policy: Policy, cluster: Cluster, storage: StorageNetworks | None
) -> Finding:
    scope = cluster_scope(cluster)
    if inventory.network_by_role(cluster, NetworkRole.MANAGEMENT) is None:
        return NET_005.unknown(
            scope,
            "the networks of the cluster could not be read, or not all of them",
            missing="clusters/{id}/networks",
            remedy=help_for(inventory, "cluster", "networks", id=cluster.id),
        )
    separation = role_separation(inventory, policy, cluster, storage)
    roles = separation.networks
    rows = [
        Evidence(
            name=role, observed=", ".join(_tagged(n) for n in networks) or "–", expected="a dedicated VLAN"
        )
        for role, networks in roles.items()
    ]
    shared = [conflict.text for conflict in separation.conflicts if conflict.is_certain]
    if shared:
        return NET_005.failed(
            scope,
            f"not separated: {'; '.join(shared)}",
            *rows,
            remedy="Give each of these roles a network with a dedicated VLAN.",
        )
    if separation.conflicts:
        doubtful = "; ".join(conflict.text for conflict in separation.conflicts)
        return NET_005.unknown(
            scope,
            f"{doubtful}: untagged networks are separate only if the switch separates them",
            *rows,
            missing="VLANs of the switch ports",
            remedy="Tag all but one of them, or attest the switch configuration.",
        )
    is_known = storage is not None and (storage.uses_ip is False or storage.is_identified)
    if STORAGE in roles and not is_known:
        return NET_005.unknown(
            scope,
            "the others are separated, but which network carries storage is not known",
            *rows,
            missing="the storage network",
            remedy=storage.advice if storage else DECLARE,
        )
    return NET_005.passed(
        scope, f"{', '.join(r for r, n in roles.items() if n)} have VLANs of their own", *rows
    )


class RoleConflict(msgspec.Struct, frozen=True):
    """Two roles of a cluster that are not separated, or perhaps not."""

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


@register(NET_007)
def _identifiable(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
    for data_center in inventory.data_centers:
        scope = data_center_scope(data_center)
        storage = storage_networks(inventory, policy, data_center)
        rows = [Evidence(name="storage address", observed=address) for address in storage.addresses]
        rows += [Evidence(name="storage network", observed=basis) for basis in storage.basis]
        if storage.uses_ip is False:
            yield NET_007.not_applicable(scope, "none of its storage is reached over an IP network")
        elif storage.undeclared_names:
            names = ", ".join(storage.undeclared_names)
            yield NET_007.failed(
                scope,
                f"the policy declares {names} as storage network, and the engine has none of that name",
                *rows,
                remedy="Correct roles.storage in the policy.",
            )
        elif storage.is_identified:
            yield NET_007.passed(scope, "; ".join(storage.basis), *rows)
        else:
            yield NET_007.unknown(
                scope,
                "which network carries storage traffic is neither declared nor to be inferred",
                *rows,
                missing="the storage network",
                remedy=storage.advice,
            )


@register(NET_008)
def _off_management(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
    for data_center in inventory.data_centers:
        storage = storage_networks(inventory, policy, data_center)
        for cluster in inventory.clusters_of(data_center):
            management = inventory.network_by_role(cluster, NetworkRole.MANAGEMENT)
            for host in inventory.hosts_of(cluster):
                yield _off_management_on(inventory, host, storage, management)


def _off_management_on(
    inventory: Inventory, host: Host, storage: StorageNetworks, management: Network | None
) -> Finding:
    scope = host_scope(inventory, host)
    if storage.uses_ip is False:
        return NET_008.not_applicable(scope, "its storage is not reached over an IP network")
    if not host.is_up:
        return NET_008.not_applicable(scope, f"it is {host.status}: its links are judged when it is up")
    if not storage.is_identified:
        return NET_008.unknown(
            scope,
            "which network carries storage traffic is not known",
            missing="the storage network",
            remedy=storage.advice,
        )
    if management is None or host.nics is None:
        part = "networks of the cluster" if management is None else "NICs of the host"
        return NET_008.unknown(
            scope,
            f"the {part} could not be read",
            missing=part,
            remedy=help_for(inventory, "host", "nics", id=host.id),
        )
    links = [network_link(host, network) for network in storage.networks]
    return _judge_links(inventory, host, network_link(host, management), links)


def _judge_links(
    inventory: Inventory, host: Host, management: NetworkLink, links: list[NetworkLink]
) -> Finding:
    scope = host_scope(inventory, host)
    attached = [link for link in links if link.is_attached]
    rows = [_link_row(inventory, link, "another NIC than the management network's") for link in links]
    rows.insert(0, _link_row(inventory, management, ""))
    remedy = "Put the storage network on a NIC or bond of its own, with an address, on every host."
    if not attached:
        message = "it has no storage network: its storage traffic leaves by the management NIC"
        return NET_008.failed(scope, message, *rows, remedy=remedy)
    if management.uplink is None:
        return NET_008.unknown(
            scope,
            "the NIC of its management network could not be seen",
            *rows,
            missing="host_nic of the management network",
            remedy=help_for(inventory, "host", "nics", id=host.id),
        )
    shared = [link for link in attached if link.uplink == management.uplink]
    if shared:
        how = "the same device" if shared[0].device == management.device else "apart by VLAN only"
        message = f"storage shares {management.uplink} with the management network ({how})"
        return NET_008.failed(scope, message, *rows, remedy=remedy)
    return NET_008.passed(scope, f"storage has {', '.join(str(link.uplink) for link in attached)}", *rows)


def _link_row(inventory: Inventory, link: NetworkLink, expected: str) -> Evidence:
    network = inventory.find_network(link.network_id)
    where = f"{link.device} on {link.uplink}" if link.device != link.uplink else f"{link.device}"
    observed = where if link.is_attached else "not on the host"
    return Evidence(name=network.name if network else link.network_id, observed=observed, expected=expected)
