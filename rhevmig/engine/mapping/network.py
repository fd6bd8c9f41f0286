"""Networks and vNIC profiles."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.conversions import integer_of, words_of
from rhevmig.engine.mapping.fields import FieldTable, reference, same, value, word
from rhevmig.inventory import Network, VnicProfile


def _is_for_vms(usages: Any) -> bool | None:
    return None if usages is None else "vm" in words_of(usages)


#: Without roles: those are shown per cluster only.
NETWORK = FieldTable(
    Network,
    "network",
    same("id", "name", "mtu", "vdsm_name", "port_isolation", "description", "comment"),
    data_center_id=reference("data_center"),
    vlan_id=value("vlan.id", integer_of),
    is_vm_network=value("usages", _is_for_vms),
    qos_id=reference("qos"),
    external_provider_id=reference("external_provider"),
)
VNIC_PROFILE = FieldTable(
    VnicProfile,
    "vNIC profile",
    same("id", "name", "migratable", "port_mirroring", "description", "comment"),
    network_id=reference("network"),
    pass_through=word("pass_through.mode"),
    failover_id=reference("failover"),
    network_filter_id=reference("network_filter"),
    qos_id=reference("qos"),
)
