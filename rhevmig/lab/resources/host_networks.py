"""Networks on hosts: attached, addressed, changed and detached (recordings `build-host-networks`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from rhevmig.lab.api.action_registry import Acted, act, create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.resources.changes import not_found, reference
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id, text_at
from rhevmig.lab.state.store import Entity, World

_BOOT_PROTOCOLS = {"static": "STATIC_IP", "dhcp": "DHCP"}


# -- state


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
    """Put a network on a device of a host; a tagged one gets its own VLAN device."""
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
    attrs: Tree = {
        "ip_address_assignments": _assignments(protocol, address),
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
        "ipv4_boot_protocol": _BOOT_PROTOCOLS.get(protocol, "NONE"),
        "ipv4_netmask": ip.get("netmask", ""),
        "ipv4_address": ip.get("address", ""),
        "ipv4_gateway": "",
        "ipv6_boot_protocol": "NONE",
    }


def _assignments(protocol: str, address: str | None) -> Tree:
    first = {"assignment_method": protocol, "ip": ip_tree(address) if address else {"version": "v4"}}
    return {"ip_address_assignment": [first, {"assignment_method": "none", "ip": {"version": "v6"}}]}


def detach(world: World, attachment: Entity) -> None:
    """Take a network off its device; a VLAN device goes with it."""
    host, network_id = attachment.parent, attachment.ref("network")
    for nic in world.children(host, "nics") if host is not None else []:
        if nic.ref("network") == network_id and nic.get("vlan") is not None:
            world.remove(nic)
        elif nic.ref("network") == network_id:
            world.update(nic, {"network": None, "ip": None, "boot_protocol": "none", "bridged": False})
    world.remove(attachment)


def synchronize(world: World, attachments: Iterable[Entity]) -> None:
    """The host reports of these networks what the engine expects."""
    for attachment in attachments:
        attachment.lab.pop("actual", None)
        world.touch(attachment)


# -- requests


@act("hosts", "setupnetworks")
def set_up_networks(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Attach, change and detach networks in one step, all or nothing; its refusals come bare, as recorded."""
    try:
        return _set_up(context, host, action)
    except EngineFault as refused:
        refused.in_action = False
        raise


def _set_up(context: RequestContext, host: Entity, action: Tree) -> Acted:
    removed = [_attachment(context, host, item) for item in _items(action, "removed")]
    for attachment in removed:
        _refuse_used(context, host, attachment)
    wanted = [_Wanted(context, host, item) for item in _items(action, "modified")]
    synchronized = [_attachment(context, host, item) for item in _items(action, "synchronized")]
    for attachment in removed:
        detach(context.world, attachment)
    for one in wanted:
        one.apply()
    synchronize(context.world, synchronized)
    job = context.end_job(f"Configuring networks on host {host.name}")
    names = ",".join(sorted(one.network.name for one in wanted))
    if names:
        context.log(10902, host, host=host.name)
        context.log(1146, host, networks=names, host=host.name)
    return Acted(job=job)


def _items(action: Tree, which: str) -> list[Any]:
    items = items_of(action.get(f"{which}_network_attachments"), "network_attachment")
    return [item for item in items if isinstance(item, dict)]


def _of_network(world: World, host: Entity, network: Entity) -> Entity | None:
    attachments = world.children(host, "networkattachments")
    return next((one for one in attachments if one.ref("network") == network.id), None)


def _attachment(context: RequestContext, host: Entity, item: Tree) -> Entity:
    found = context.world.find("hosts/networkattachments", item.get("@id"), host)
    if found is None and item.get("network"):
        found = _of_network(context.world, host, _network_of(context, host, item))
    if found is None:
        raise EngineFault(400, "[Internal Engine Error]")
    return found


def _network_of(context: RequestContext, host: Entity, item: Tree) -> Entity:
    """The network that an attachment names, among those of the host's data center."""
    named = item.get("network") or {}
    if named.get("@id"):
        return reference(context, "networks", named)
    cluster = context.world.find("clusters", host.ref("cluster"))
    center_id = cluster.ref("data_center") if cluster else None
    for network in context.world.referring("networks", "data_center", center_id or ""):
        if network.name == text_at(named, "name"):
            return network
    raise not_found(text_at(named, "name"))


class _Wanted:
    """One attachment as a request wants it; refused when it is made, not when it is applied."""

    def __init__(self, context: RequestContext, host: Entity, item: Tree) -> None:
        world = context.world
        self.world, self.host, self.item = world, host, item
        known = world.find("hosts/networkattachments", item.get("@id"), host) if item.get("@id") else None
        network = _network_of(context, host, item) if item.get("network") else None
        if network is None and known is not None:
            network = world.find("networks", known.ref("network"))
        if network is None:
            raise EngineFault(400, "[Internal Engine Error]")
        self.network = network
        self.known = known or _of_network(world, host, network)
        named = item.get("host_nic") or {}
        name = text_at(named, "name")
        nics = world.children(host, "nics")
        nic = next((one for one in nics if one.id == named.get("@id") or one.name == name), None)
        if nic is None and self.known is not None:
            nic = world.find("hosts/nics", self.known.ref("host_nic"), host)
        if nic is None:
            raise context.refusal("SETUP_NO_SUCH_NIC", name=name)
        self.nic = nic
        sent = "ip_address_assignments" in item or self.known is None
        self.method, self.address = _assignment(item if sent or self.known is None else self.known.attrs)
        if self._needs_address() and self.method == "none":
            raise context.refusal("SETUP_ROLE_NO_BOOT", network=network.name)

    def _needs_address(self) -> bool:
        cluster = self.world.find("clusters", self.host.ref("cluster"))
        part = self.world.find("clusters/networks", self.network.id, cluster) if cluster else None
        roles = set(items_of(part.get("usages"), "usage")) if part is not None else set()
        return bool(roles & {"migration", "display", "gluster"})

    def apply(self) -> None:
        """Attach the network, move it to another device, or change its address."""
        known = self.known
        if known is not None and known.ref("host_nic") == self.nic.id:
            self._readdress(known)
            return
        if known is not None:
            detach(self.world, known)
        given = known.id if known is not None else None
        attach(
            self.world,
            self.host,
            self.nic,
            self.network,
            address=self.address,
            boot=self.method,
            given=given,
        )

    def _readdress(self, known: Entity) -> None:
        """The network stays on its device; only how it gets its address changes."""
        ip = ip_tree(self.address) if self.address else None
        known.lab.pop("actual", None)
        rows = items_of(known.get("reported_configurations"), "reported_configuration")
        changes: Tree = {"ip_address_assignments": _assignments(self.method, self.address)}
        if rows:
            values = {
                "ipv4_boot_protocol": _BOOT_PROTOCOLS.get(self.method, "NONE"),
                "ipv4_address": text_at(ip or {}, "address"),
                "ipv4_netmask": text_at(ip or {}, "netmask"),
            }
            shown = [_row(row, values) for row in rows]
            changes["reported_configurations"] = {"reported_configuration": shown}
        self.world.update(known, changes)
        for device in self.world.children(self.host, "nics"):
            if device.ref("network") == self.network.id:
                self.world.update(device, {"boot_protocol": self.method, "ip": ip})


def _assignment(item: Tree) -> tuple[str, str | None]:
    """How the network gets its IPv4 address, and the address with netmask."""
    for one in items_of(item.get("ip_address_assignments"), "ip_address_assignment"):
        method = text_at(one, "assignment_method", "none")
        address = text_at(one, "ip.address")
        if text_at(one, "ip.version", "v4") == "v4":
            netmask = text_at(one, "ip.netmask", "255.255.255.0")
            return method, f"{address}/{netmask}" if address else None
    return "none", None


def _row(row: Tree, values: dict[str, str]) -> Tree:
    if row["name"] not in values:
        return row
    value = values[row["name"]]
    shown = {"actual_value": value, "expected_value": value} if value else {}
    return {**shown, "in_sync": "true", "name": row["name"]}


def _refuse_used(context: RequestContext, host: Entity, attachment: Entity) -> None:
    world = context.world
    network = world.find("networks", attachment.ref("network"))
    profiles = {item.id for item in world.referring("vnicprofiles", "network", network.id if network else "")}
    using = [
        vm.name
        for vm in world.referring("vms", "host", host.id)
        if any(nic.ref("vnic_profile") in profiles for nic in world.children(vm, "nics"))
    ]
    if using and network is not None:
        names = ", ".join(sorted(using))
        raise context.refusal("SETUP_NETWORK_USED", network=network.name, names=names)


@create("hosts/networkattachments")
def add_attachment(context: RequestContext, host: Entity, sent: Tree) -> Entity:
    """Attach one network."""
    wanted = _Wanted(context, host, sent)
    wanted.apply()
    made = _of_network(context.world, host, wanted.network)
    assert made is not None
    return made


@edit("hosts/networkattachments")
def edit_attachment(context: RequestContext, attachment: Entity, sent: Tree) -> None:
    """Change how a network is attached."""
    host = attachment.parent
    if host is not None:
        wanted = _Wanted(context, host, {**sent, "@id": attachment.id})
        changes: Tree = {name: sent[name] for name in ("ip_address_assignments",) if name in sent}
        context.world.update(attachment, {**changes, "host_nic": ref(wanted.nic.id)})


@remove("hosts/networkattachments")
def remove_attachment(context: RequestContext, attachment: Entity) -> None:
    """Detach a network that no running VM uses."""
    if attachment.parent is not None:
        _refuse_used(context, attachment.parent, attachment)
    detach(context.world, attachment)


@act("hosts", "commitnetconfig")
def commit_networks(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Keep the network configuration over a reboot."""
    job = context.end_job(f"Applying saved network configuration to Host {host.name}")
    context.log(1104, host, host=host.name)
    return Acted(job=job, shown=host)


@act("hosts", "syncallnetworks")
def synchronize_networks(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Bring the host's networks to what the engine expects."""
    synchronize(context.world, context.world.children(host, "networkattachments"))
    return Acted(job=context.end_job(f"Configuring networks on host {host.name}"), shown=host)
