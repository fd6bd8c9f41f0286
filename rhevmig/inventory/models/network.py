"""Networks, their roles in a cluster, and the profiles through which VMs use them."""

from __future__ import annotations

import msgspec


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A logical network of a data center (`network`)."""

    id: str
    #: Unique in its data center.
    name: str
    data_center_id: str | None = None
    #: None means untagged.
    vlan_id: int | None = None
    #: In bytes, as set; 0 means the engine's default (`Inventory.default_mtu`).
    mtu: int | None = None
    #: Whether VMs may be attached to it.
    is_vm_network: bool | None = None
    #: Name of the bridge or device on hosts.
    vdsm_name: str | None = None
    port_isolation: bool | None = None
    qos_id: str | None = None
    #: Only of an external network.
    external_provider_id: str | None = None
    description: str | None = None
    comment: str | None = None


class ClusterNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network in one cluster (`clusters/{id}/networks`), the only place where the API shows roles."""

    cluster_id: str
    network_id: str
    #: `operational` or `non_operational`.
    status: str | None = None
    #: Whether a host without it is taken out of service.
    required: bool | None = None
    #: Roles: `vm`, `display`, `migration`, `management`, `default_route`, `gluster`.
    usages: tuple[str, ...] = ()


class VnicProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The profile that connects a VM's NIC to a network (`vnic_profile`)."""

    id: str
    name: str
    network_id: str | None = None
    #: `enabled` where the NIC is a virtual function of the host.
    pass_through: str | None = None
    #: Whether a VM with a pass-through NIC may migrate.
    migratable: bool | None = None
    #: Profile that carries the traffic while a pass-through NIC is unplugged.
    failover_id: str | None = None
    #: Whether all traffic of the network is copied to the VM.
    port_mirroring: bool | None = None
    network_filter_id: str | None = None
    qos_id: str | None = None
    description: str | None = None
    comment: str | None = None
