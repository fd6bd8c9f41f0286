"""Networks on hosts: attached to a device, addressed, reported by the host."""

from __future__ import annotations

import ipaddress

from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id
from rhevmig.lab.state.store import Entity, World


def attach(
    world: World,
    host: Entity,
    device: Entity,
    network: Entity,
    *,
    address: str | None,
    boot: str | None = None,
    mtu: int | None = None,
    given: str | None = None,
) -> Entity:
    """Put a network on a device of a host; a tagged one gets a VLAN device of its own."""
    vlan = ref_id(network.get("vlan"))
    carrier = device
    if vlan is not None:
        carrier = _vlan_device(world, host, device, vlan)
    protocol = boot or ("static" if address else "none")
    bridged = "vm" in items_of(network.get("usages"), "usage")
    real_mtu = mtu if mtu is not None else network.number("mtu") or 1500
    changes: Tree = {
        "boot_protocol": protocol,
        "bridged": "true" if bridged else "false",
        "custom_configuration": "false",
        "ip": ip_tree(address) if address else None,
        "ipv6": {"gateway": "::", "version": "v6"},
        "mtu": str(real_mtu),
        "network": ref(network.id),
    }
    world.update(carrier, changes)
    attachment_id = given or world.new_id("attachment", f"{host.id}/{network.id}")
    assignments = [
        {"assignment_method": protocol, "ip": ip_tree(address) if address else {"version": "v4"}},
        {"assignment_method": "none", "ip": {"version": "v6"}},
    ]
    attrs: Tree = {
        "ip_address_assignments": {"ip_address_assignment": assignments},
        "host": ref(host.id),
        "host_nic": ref(device.id),
        "network": ref(network.id),
    }
    attachment = world.add("hosts/networkattachments", attachment_id, attrs, parent=host)
    attachment.lab["actual"] = _actual(world, host, network, address, protocol, real_mtu, bridged=bridged)
    return attachment


def _vlan_device(world: World, host: Entity, device: Entity, vlan: str) -> Entity:
    attrs: Tree = {
        "name": f"{device.name}.{vlan}",
        "base_interface": device.name,
        "ipv6_boot_protocol": "none",
        "properties": {},
        **({"speed": device.text("speed")} if device.text("speed") else {}),
        "status": device.text("status"),
        "vlan": ref(vlan),
        "host": ref(host.id),
    }
    return world.add("hosts/nics", world.new_id("nic", f"{host.id}/{device.name}.{vlan}"), attrs, parent=host)


def ip_tree(address: str) -> Tree:
    """An address with prefix as the API has it."""
    interface = ipaddress.ip_interface(address)
    return {
        "address": str(interface.ip),
        "netmask": str(interface.netmask),
        "version": f"v{interface.version}",
    }


def _actual(
    world: World,
    host: Entity,
    network: Entity,
    address: str | None,
    protocol: str,
    mtu: int,
    *,
    bridged: bool,
) -> dict[str, str]:
    """What the host reports of an attached network, by the engine's names."""
    ip = ip_tree(address) if address else {}
    cluster = world.find("clusters", host.ref("cluster"))
    return {
        "mtu": str(mtu),
        "bridged": "true" if bridged else "false",
        "vlan": ref_id(network.get("vlan")) or "",
        "switchType": (cluster.text("switch_type", "legacy") if cluster else "legacy").upper(),
        "ipv4_boot_protocol": {"static": "STATIC_IP", "dhcp": "DHCP"}.get(protocol, "NONE"),
        "ipv4_netmask": ip.get("netmask", ""),
        "ipv4_address": ip.get("address", ""),
        "ipv4_gateway": "",
        "ipv6_boot_protocol": "NONE",
    }
