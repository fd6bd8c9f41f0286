"""Hosts: adding, editing, removing, their attached networks and fence agents (recordings `build-host*`)."""

from __future__ import annotations

from functools import partial
from typing import Any

from rhevmig.lab.api.faults import Refused, refuse
from rhevmig.lab.http.request_context import Asked
from rhevmig.lab.resources.action_registry import Acted, act, create, edit, remove, unknown
from rhevmig.lab.resources.changes import job_done, merged, need, reference, say, unique
from rhevmig.lab.scenario import build_hosts
from rhevmig.lab.state import attribute_values as trees
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import Entity, World

#: Seconds that installing a host takes in the lab.
INSTALL_S = 60.0

unknown("hosts", "deactivate", "HOST_NOT_FOUND_MAINTENANCE")


@create("hosts")
def add_host(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A host that is installed for a minute and then Up."""
    need("Host", sent, "name", "address")
    world, name = asked.world, trees.text(sent, "name")
    unique(asked, "hosts", name, "HOST_NAME_IN_USE")
    address = trees.text(sent, "address")
    if any(host.text("address") == address for host in world.all("hosts")):
        raise refuse("HOST_ADDRESS_IN_USE", language=asked.language)
    cluster = (
        reference(asked, "clusters", sent["cluster"])
        if sent.get("cluster")
        else world.named("clusters", "Default")
    )
    if cluster is None:
        raise Refused(
            400, "Host [cluster.id|name] required for add", reason="Incomplete parameters", in_action=False
        )
    base: Tree = {
        **defaults.default_attrs("hosts"),
        "comment": "",
        "spm": {"priority": "5", "status": "none"},
    }
    attrs = merged(asked, "hosts", base, sent, skip=("root_password", "cluster"))
    attrs.update(
        cluster=trees.ref(cluster.id),
        status="installing",
        certificate={"organization": "lab.example", "subject": f"O=lab.example,CN={address}"},
    )
    host = world.add("hosts", world.new_id(), attrs)
    say(asked, 42, host, name=name)
    world.agenda.after(INSTALL_S, lambda: _installed(asked, host, cluster), f"install {name}")
    return host


def _installed(asked: Asked, host: Entity, cluster: Entity) -> None:
    world = asked.world
    if world.find("hosts", host.id) is not host or host.text("status") != "installing":
        return
    facts: Tree = {
        "cpu": {
            "name": "Intel Xeon Processor",
            "speed": "2400",
            "topology": {"cores": "8", "sockets": "2", "threads": "2"},
            **({"type": cluster.text("cpu.type")} if cluster.text("cpu.type") else {}),
        },
        "memory": str(64 * 2**30),
        "status": "up",
    }
    world.update(host, facts)
    nic_id = world.new_id("nic", f"{host.id}/eth0")
    device: Tree = {
        "name": "eth0",
        "boot_protocol": "none",
        "bridged": "false",
        "ipv6_boot_protocol": "none",
        "mac": {"address": f"52:54:00:{host.seq >> 8 & 0xFF:02x}:{host.seq & 0xFF:02x}:00"},
        "mtu": "1500",
        "speed": "10000000000",
        "status": "up",
        "host": trees.ref(host.id),
    }
    nic = world.add("hosts/nics", nic_id, device, parent=host)
    for part in world.children(cluster, "networks"):
        if part.base is not None and "management" in trees.items_of(part.get("usages"), "usage"):
            address = f"10.0.{host.seq >> 8 & 0xFF}.{host.seq & 0xFF or 1}/16"
            build_hosts.attach(world, host, nic, part.base, address=address)
    asked.events.write(13, host, host=host.name, correlation_id=asked.correlation_id)


@edit("hosts")
def edit_host(asked: Asked, host: Entity, sent: Tree) -> None:
    """Change a host; power management needs a fence agent."""
    if "name" in sent:
        unique(asked, "hosts", trees.text(sent, "name"), "HOST_EDIT_NAME_IN_USE", besides=host)
    wanted = trees.text(sent, "power_management.enabled") == "true"
    if wanted and not asked.world.children(host, "fenceagents"):
        raise refuse("HOST_NO_FENCE_AGENT", language=asked.language)
    asked.world.update(host, merged(asked, "hosts", host.attrs, sent, skip=("root_password", "cluster")))
    if sent.get("cluster"):
        asked.world.set(host, "cluster", trees.ref(reference(asked, "clusters", sent["cluster"]).id))
    say(asked, 43, host, name=host.name)
    host.lab["being_changed"] = True
    asked.world.agenda.after(0.0, partial(_changed, asked.world, host), "host changed")


def _changed(world: World, host: Entity) -> None:
    """The answer to the change still shows the host locked."""
    host.lab.pop("being_changed", None)
    world.touch(host)


@remove("hosts")
def remove_host(asked: Asked, host: Entity) -> None:
    """Remove a host that is in maintenance."""
    if host.text("status") not in ("maintenance", "install_failed", "pending_approval", "down"):
        raise refuse("HOST_REMOVE_NOT_MAINTENANCE", language=asked.language)
    asked.world.remove(host)
    say(asked, 44, name=host.name)


@create("hosts/fenceagents")
def add_agent(asked: Asked, host: Entity | None, sent: Tree) -> Entity:
    """A fence agent; its password is kept by nobody."""
    if host is None:
        raise Refused(404, in_action=False)
    need("Agent", sent, "address", "order", "type", "username", "password")
    attrs = merged(asked, "hosts/fenceagents", {"encrypt_options": "false"}, sent, skip=("password",))
    attrs["host"] = trees.ref(host.id)
    job_done(asked, "Adding fence agent to host 00000000-0000-0000-0000-000000000000")
    return asked.world.add("hosts/fenceagents", asked.world.new_id(), attrs, parent=host)


@edit("hosts/fenceagents")
def edit_agent(asked: Asked, agent: Entity, sent: Tree) -> None:
    """Change a fence agent."""
    asked.world.update(
        agent, merged(asked, "hosts/fenceagents", agent.attrs, sent, skip=("password", "host"))
    )


@remove("hosts/fenceagents")
def remove_agent(asked: Asked, agent: Entity) -> None:
    """Remove a fence agent."""
    asked.world.remove(agent)


# -- networks on a host


@act("hosts", "setupnetworks")
def setup_networks(asked: Asked, host: Entity, action: Tree) -> Acted:
    """Attach, change and detach networks in one step, all or nothing; its refusals come bare, as recorded."""
    try:
        return _set_up(asked, host, action)
    except Refused as refused:
        refused.in_action = False
        raise


def _set_up(asked: Asked, host: Entity, action: Tree) -> Acted:
    removed = [_attachment(asked, host, item) for item in _items(action, "removed_network_attachments")]
    for attachment in removed:
        _refuse_used(asked, host, attachment)
    wanted = [_wanted(asked, host, item) for item in _items(action, "modified_network_attachments")]
    synchronized = [
        _attachment(asked, host, item) for item in _items(action, "synchronized_network_attachments")
    ]
    for attachment in removed:
        _detach(asked, attachment)
    for network, nic, item, known in wanted:
        _put(asked, host, network, nic, item, known)
    for attachment in synchronized:
        attachment.lab.pop("actual", None)
        asked.world.touch(attachment)
    job = job_done(asked, f"Configuring networks on host {host.name}")
    names = ",".join(sorted(network.name for network, *_ in wanted))
    if names:
        say(asked, 10902, host, host=host.name)
        say(asked, 1146, host, networks=names, host=host.name)
    return Acted(job=job)


def _items(action: Tree, name: str) -> list[Any]:
    return [item for item in trees.items_of(action.get(name), "network_attachment") if isinstance(item, dict)]


def _attachment(asked: Asked, host: Entity, item: Tree) -> Entity:
    found = asked.world.find("hosts/networkattachments", item.get("@id"), host)
    if found is None and item.get("network"):
        network = _network_of(asked, host, item)
        found = next(
            (
                one
                for one in asked.world.children(host, "networkattachments")
                if one.ref("network") == network.id
            ),
            None,
        )
    if found is None:
        raise Refused(400, "[Internal Engine Error]")
    return found


def _network_of(asked: Asked, host: Entity, item: Tree) -> Entity:
    """The network that an attachment names, among those of the host's data center."""
    named = item.get("network") or {}
    cluster = asked.world.find("clusters", host.ref("cluster"))
    center_id = cluster.ref("data_center") if cluster else None
    if named.get("@id"):
        return reference(asked, "networks", named)
    for network in asked.world.referring("networks", "data_center", center_id or ""):
        if network.name == trees.text(named, "name"):
            return network
    raise Refused(404, f"Entity not found: {trees.text(named, 'name')}", in_action=False)


def _wanted(asked: Asked, host: Entity, item: Tree) -> tuple[Entity, Entity, Tree, Entity | None]:
    known = asked.world.find("hosts/networkattachments", item.get("@id"), host) if item.get("@id") else None
    network = _network_of(asked, host, item) if item.get("network") else None
    if network is None and known is not None:
        network = asked.world.find("networks", known.ref("network"))
    if network is None:
        raise Refused(400, "[Internal Engine Error]")
    if known is None:
        attached = asked.world.children(host, "networkattachments")
        known = next((one for one in attached if one.ref("network") == network.id), None)
    named = item.get("host_nic") or {}
    nics = asked.world.children(host, "nics")
    nic = next(
        (one for one in nics if one.id == named.get("@id") or one.name == trees.text(named, "name")), None
    )
    if nic is None and known is not None:
        nic = asked.world.find("hosts/nics", known.ref("host_nic"), host)
    if nic is None:
        raise refuse("SETUP_NO_SUCH_NIC", language=asked.language, name=trees.text(named, "name"))
    _refuse_role_without_boot(asked, host, network, item, known)
    return network, nic, item, known


def _refuse_role_without_boot(
    asked: Asked, host: Entity, network: Entity, item: Tree, known: Entity | None
) -> None:
    cluster = asked.world.find("clusters", host.ref("cluster"))
    part = asked.world.find("clusters/networks", network.id, cluster) if cluster else None
    roles = set(trees.items_of(part.get("usages"), "usage")) if part is not None else set()
    source = item if "ip_address_assignments" in item else (known.attrs if known is not None else item)
    method = _assignment(source)[0]
    if roles & {"migration", "display", "gluster"} and method == "none":
        raise refuse("SETUP_ROLE_NO_BOOT", language=asked.language, network=network.name)


def _assignment(item: Tree) -> tuple[str, str | None]:
    for one in trees.items_of(item.get("ip_address_assignments"), "ip_address_assignment"):
        method = trees.text(one, "assignment_method", "none")
        address = trees.text(one, "ip.address")
        if trees.text(one, "ip.version", "v4") == "v4":
            netmask = trees.text(one, "ip.netmask", "255.255.255.0")
            return method, f"{address}/{netmask}" if address else None
    return "none", None


def _put(asked: Asked, host: Entity, network: Entity, nic: Entity, item: Tree, known: Entity | None) -> None:
    source = item if "ip_address_assignments" in item or known is None else known.attrs
    method, address = _assignment(source)
    if known is not None and known.ref("host_nic") == nic.id:
        _readdress(asked, host, network, known, method, address)
        return
    given = known.id if known is not None else None
    if known is not None:
        _detach(asked, known)
    build_hosts.attach(asked.world, host, nic, network, address=address, boot=method, given=given)


def _readdress(
    asked: Asked, host: Entity, network: Entity, known: Entity, method: str, address: str | None
) -> None:
    """The network stays on its device; only how it gets its address changes."""
    ip = build_hosts.ip_tree(address) if address else None
    first = {"assignment_method": method, "ip": ip or {"version": "v4"}}
    assignments = [first, {"assignment_method": "none", "ip": {"version": "v6"}}]
    known.lab.pop("actual", None)
    rows = trees.items_of(known.get("reported_configurations"), "reported_configuration")
    changes: Tree = {"ip_address_assignments": {"ip_address_assignment": assignments}}
    if rows:
        values = {
            "ipv4_boot_protocol": {"static": "STATIC_IP", "dhcp": "DHCP"}.get(method, "NONE"),
            "ipv4_address": trees.text(ip or {}, "address"),
            "ipv4_netmask": trees.text(ip or {}, "netmask"),
        }
        changes["reported_configurations"] = {"reported_configuration": [_row(row, values) for row in rows]}
    asked.world.update(known, changes)
    for device in asked.world.children(host, "nics"):
        if device.ref("network") == network.id:
            asked.world.update(device, {"boot_protocol": method, "ip": ip})


def _row(row: Tree, values: dict[str, str]) -> Tree:
    if row["name"] not in values:
        return row
    value = values[row["name"]]
    shown = {"actual_value": value, "expected_value": value} if value else {}
    return {**shown, "in_sync": "true", "name": row["name"]}


def _detach(asked: Asked, attachment: Entity) -> None:
    world, host = asked.world, attachment.parent
    network_id = attachment.ref("network")
    for nic in world.children(host, "nics") if host is not None else []:
        if nic.ref("network") == network_id:
            if nic.get("vlan") is not None:
                world.remove(nic)
            else:
                world.update(nic, {"network": None, "ip": None, "boot_protocol": "none", "bridged": False})
    world.remove(attachment)


def _refuse_used(asked: Asked, host: Entity, attachment: Entity) -> None:
    world = asked.world
    network = world.find("networks", attachment.ref("network"))
    profiles = {item.id for item in world.referring("vnicprofiles", "network", network.id if network else "")}
    using = [
        vm.name
        for vm in world.referring("vms", "host", host.id)
        if any(nic.ref("vnic_profile") in profiles for nic in world.children(vm, "nics"))
    ]
    if using and network is not None:
        names = ", ".join(sorted(using))
        raise refuse("SETUP_NETWORK_USED", language=asked.language, network=network.name, names=names)


@create("hosts/networkattachments")
def add_attachment(asked: Asked, host: Entity | None, sent: Tree) -> Entity:
    """Attach one network."""
    if host is None:
        raise Refused(404, in_action=False)
    network, nic, item, known = _wanted(asked, host, sent)
    _put(asked, host, network, nic, item, known)
    return next(
        one for one in asked.world.children(host, "networkattachments") if one.ref("network") == network.id
    )


@edit("hosts/networkattachments")
def edit_attachment(asked: Asked, attachment: Entity, sent: Tree) -> None:
    """Change how a network is attached."""
    host = attachment.parent
    if host is not None:
        _, nic, item, _ = _wanted(asked, host, {**sent, "@id": attachment.id})
        changes = (
            {"ip_address_assignments": item["ip_address_assignments"]}
            if "ip_address_assignments" in item
            else {}
        )
        asked.world.update(attachment, {**changes, "host_nic": trees.ref(nic.id)})


@remove("hosts/networkattachments")
def remove_attachment(asked: Asked, attachment: Entity) -> None:
    """Detach a network that no running VM uses."""
    if attachment.parent is not None:
        _refuse_used(asked, attachment.parent, attachment)
    _detach(asked, attachment)


@act("hosts", "commitnetconfig")
def commit_networks(asked: Asked, host: Entity, action: Tree) -> Acted:
    """Keep the network configuration over a reboot."""
    job = job_done(asked, f"Applying saved network configuration to Host {host.name}")
    say(asked, 1104, host, host=host.name)
    return Acted(job=job, shown=host)


@act("hosts", "syncallnetworks")
def sync_networks(asked: Asked, host: Entity, action: Tree) -> Acted:
    """Bring the host's networks to what the engine wants."""
    for attachment in asked.world.children(host, "networkattachments"):
        attachment.lab.pop("actual", None)
        asked.world.touch(attachment)
    return Acted(job=job_done(asked, f"Configuring networks on host {host.name}"), shown=host)
