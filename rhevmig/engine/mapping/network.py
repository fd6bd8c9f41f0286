"""Networks and profiles."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.values import needed, ref, word, words
from rhevmig.inventory import Network, VnicProfile


def network_of(item: Any) -> Network:
    """A network; its roles are told by clusters only."""
    return Network(
        id=needed(item.id, kind="network", id=item.id, field="id"),
        name=needed(item.name, kind="network", id=item.id, field="name"),
        data_center_id=ref(item.data_center),
        vlan_id=int(item.vlan.id) if item.vlan and item.vlan.id is not None else None,
        mtu=item.mtu,
        is_vm_network="vm" in words(item.usages) if item.usages is not None else None,
        vdsm_name=item.vdsm_name,
        stp=item.stp,
        port_isolation=item.port_isolation,
        qos_id=ref(item.qos),
        external_provider_id=ref(item.external_provider),
        description=item.description,
        comment=item.comment,
    )


def vnic_profile_of(item: Any) -> VnicProfile:
    """A profile of VM NICs."""
    return VnicProfile(
        id=needed(item.id, kind="vNIC profile", id=item.id, field="id"),
        name=needed(item.name, kind="vNIC profile", id=item.id, field="name"),
        network_id=ref(item.network),
        pass_through=word(item.pass_through.mode) if item.pass_through else None,
        migratable=item.migratable,
        failover_id=ref(item.failover),
        port_mirroring=item.port_mirroring,
        network_filter_id=ref(item.network_filter),
        qos_id=ref(item.qos),
        description=item.description,
        comment=item.comment,
    )
