"""Networks that carry storage traffic: the engine has no such role, so it is declared or inferred."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from functools import cache

import msgspec

from rhevmig.inventory import DataCenter, Host, HostNic, Inventory, Network, StorageConnection
from rhevmig.policy import Policy
from rhevmig.terms import NetworkRole

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network
#: Kinds of storage that are reached over an IP network.
IP_STORAGE = frozenset({"nfs", "iscsi", "glusterfs", "posixfs", "managed_block_storage"})
NAME_HINTS = ("storage", "nfs", "iscsi", "san", "nas", "gluster")
DECLARE = "Declare it in the policy: roles: {storage: [NAME]}."


class StorageNetworks(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the storage networks of a data center."""

    #: Whether any of its storage is reached over IP; None where its storage could not be read.
    uses_ip: bool | None
    #: Networks that carry it; empty where none could be identified.
    networks: tuple[Network, ...] = ()
    #: How they were identified, one phrase per network.
    basis: tuple[str, ...] = ()
    #: Names in the policy that no data center has.
    undeclared_names: tuple[str, ...] = ()
    #: Networks whose name suggests it, which proves nothing.
    hints: tuple[str, ...] = ()
    #: Addresses of the storage, as set.
    addresses: tuple[str, ...] = ()

    @property
    def is_identified(self) -> bool:
        """Whether at least one network is known to carry storage traffic."""
        return bool(self.networks)

    @property
    def advice(self) -> str:
        """How to make it known, with the networks whose name suggests it."""
        if not self.hints:
            return DECLARE
        return f"{DECLARE} By its name it may be {' or '.join(self.hints)}; a name proves nothing."


def storage_networks(inventory: Inventory, policy: Policy, data_center: DataCenter) -> StorageNetworks:
    """Networks of a data center that carry storage: declared, of an iSCSI bond, or by a host's subnet."""
    kept = inventory.derived(_Kept)
    key = (data_center.id, policy.name, policy.roles.storage)
    if key not in kept:
        kept[key] = _find(inventory, policy, data_center)
    return kept[key]


class _Kept(dict[tuple[str, str, tuple[str, ...]], StorageNetworks]):
    """Answers by data center and declaration, because they are needed for every host."""

    def __init__(self, _: Inventory) -> None:
        super().__init__()


def _find(inventory: Inventory, policy: Policy, data_center: DataCenter) -> StorageNetworks:
    own = [n for n in inventory.networks if n.data_center_id == data_center.id]
    found: dict[str, tuple[Network, str]] = {}
    for network in own:
        if network.name in policy.roles.storage or network.id in policy.roles.storage:
            found[network.id] = (network, f"{network.name} by the policy {policy.name}")
    for bond in data_center.iscsi_bonds or ():
        for network in own:
            if network.id in bond.network_ids:
                found.setdefault(network.id, (network, f"{network.name} by the iSCSI bond {bond.name}"))
    addresses = tuple(dict.fromkeys(_addresses(inventory, data_center)))
    if not found:
        found.update(_by_subnet(inventory, data_center, addresses))
    return StorageNetworks(
        uses_ip=_uses_ip(inventory, data_center),
        networks=tuple(network for network, _ in found.values()),
        basis=tuple(basis for _, basis in found.values()),
        undeclared_names=_undeclared(inventory, policy),
        hints=tuple(_hints(inventory, data_center, own)),
        addresses=addresses,
    )


def _uses_ip(inventory: Inventory, data_center: DataCenter) -> bool | None:
    kinds = {
        domain.storage_type
        for domain in inventory.storage_domains
        if data_center.id in domain.data_center_ids
    }
    if kinds & IP_STORAGE:
        return True
    if None in kinds or any(u.kind == "storage_domain" for u in inventory.unobserved):
        return None
    return False


def _connections(inventory: Inventory, data_center: DataCenter) -> Iterator[StorageConnection]:
    by_id = {connection.id: connection for connection in inventory.storage_connections}
    for domain in inventory.storage_domains:
        if data_center.id in domain.data_center_ids:
            yield from (by_id[each] for each in domain.connection_ids or () if each in by_id)


def _addresses(inventory: Inventory, data_center: DataCenter) -> Iterator[str]:
    for domain in inventory.storage_domains:
        if data_center.id in domain.data_center_ids:
            yield from (address for address in (domain.address, *domain.lun_addresses) if address)
    yield from (c.address for c in _connections(inventory, data_center) if c.address)


def _by_subnet(
    inventory: Inventory, data_center: DataCenter, addresses: Iterable[str]
) -> dict[str, tuple[Network, str]]:
    targets = [target for target in map(_address, addresses) if target is not None]
    found: dict[str, tuple[Network, str]] = {}
    if not targets:
        return found
    for (subnet, network_id), (host, nic) in _subnets(inventory, data_center).items():
        inside = [target for target in targets if target.version == subnet.version and target in subnet]
        network = inventory.find_network(network_id) if inside else None
        if network is not None:
            basis = f"{network.name} by the subnet of {nic.name} on {host.name}, which contains {inside[0]}"
            found.setdefault(network.id, (network, basis))
    return found


def _subnets(inventory: Inventory, data_center: DataCenter) -> dict[tuple[Subnet, str], tuple[Host, HostNic]]:
    """Each subnet of a network once, with a host and NIC that have it."""
    found: dict[tuple[Subnet, str], tuple[Host, HostNic]] = {}
    for cluster in inventory.clusters_of(data_center):
        for host in inventory.hosts_of(cluster):
            for nic in (host.nics or ()) if host.is_up else ():
                pairs = ((nic.ip_address, nic.ip_netmask), (nic.ipv6_address, nic.ipv6_prefix))
                for address, mask in pairs if nic.network_id is not None else ():
                    subnet = _subnet(address, mask) if address and mask else None
                    if subnet is not None:
                        found.setdefault((subnet, nic.network_id or ""), (host, nic))
    return found


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


@cache
def _subnet(address: str, mask: str) -> Subnet | None:
    try:
        return ipaddress.ip_network(f"{address.split('/')[0]}/{mask}", strict=False)
    except ValueError:
        return None


def _undeclared(inventory: Inventory, policy: Policy) -> tuple[str, ...]:
    known = {n.name for n in inventory.networks} | {n.id for n in inventory.networks}
    return tuple(name for name in policy.roles.storage if name not in known)


def _hints(inventory: Inventory, data_center: DataCenter, own: list[Network]) -> Iterator[str]:
    taken = {
        network.id
        for cluster in inventory.clusters_of(data_center)
        for role in (NetworkRole.MANAGEMENT, NetworkRole.MIGRATION)
        if (network := inventory.network_by_role(cluster, role))
    }
    for network in own:
        if network.id not in taken and any(hint in network.name.lower() for hint in NAME_HINTS):
            yield network.name
