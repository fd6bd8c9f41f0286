"""Networks, their roles in a cluster, and the profiles through which VMs use them."""

from __future__ import annotations

import msgspec


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A logical network of a data center (`network`)."""

    #: Engine id.
    id: str
    #: Name, unique in its data center.
    name: str
    #: Data center.
    data_center_id: str | None = None
    #: VLAN tag; None means untagged.
    vlan_id: int | None = None
    #: MTU in bytes as set; 0 means the engine's default (`Inventory.default_mtu`).
    mtu: int | None = None
    #: Whether VMs may be attached to it.
    is_vm_network: bool | None = None
    #: Name of the bridge or device on hosts.
    vdsm_name: str | None = None
    #: Whether spanning tree is on.
    stp: bool | None = None
    #: Whether ports are isolated from each other.
    port_isolation: bool | None = None
    #: QoS entry.
    qos_id: str | None = None
    #: Provider, for an external network.
    external_provider_id: str | None = None
    #: Description.
    description: str | None = None
    #: Comment.
    comment: str | None = None


class ClusterNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network as one cluster uses it (`clusters/{id}/networks`): the only place where roles are told."""

    #: Cluster.
    cluster_id: str
    #: Network.
    network_id: str
    #: `operational` or `non_operational`.
    status: str | None = None
    #: Whether a host without it is taken out of service.
    required: bool | None = None
    #: Roles: `vm`, `display`, `migration`, `management`, `default_route`, `gluster`.
    usages: tuple[str, ...] = ()


class VnicProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a VM's NIC is plugged into (`vnic_profile`)."""

    #: Engine id.
    id: str
    #: Name.
    name: str
    #: Network.
    network_id: str | None = None
    #: `enabled` where the NIC is a virtual function of the host's.
    pass_through: str | None = None
    #: Whether a VM with a pass-through NIC may migrate.
    migratable: bool | None = None
    #: Profile that carries the traffic while a pass-through NIC is unplugged.
    failover_id: str | None = None
    #: Whether all traffic of the network is copied to the VM.
    port_mirroring: bool | None = None
    #: Filter.
    network_filter_id: str | None = None
    #: QoS entry.
    qos_id: str | None = None
    #: Description.
    description: str | None = None
    #: Comment.
    comment: str | None = None
