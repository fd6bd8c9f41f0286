"""Hosts: adding, editing, removing, their attached networks and fence agents (recordings `build-host*`)."""

from __future__ import annotations

from functools import partial
from typing import Any

from rhevmig.lab.api.action_registry import Acted, act, create, edit, remove, unknown
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.resources.changes import job_done, merged, need, reference, say, unique
from rhevmig.lab.resources.host_networks import attach, ip_tree
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, text_at
from rhevmig.lab.state.store import Entity, World

#: Seconds that installing a host takes in the lab.
INSTALL_S = 60.0

unknown("hosts", "deactivate", "HOST_NOT_FOUND_MAINTENANCE")


@create("hosts")
def add_host(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A host that is installed for a minute and then Up."""
    need("Host", sent, "name", "address")
    world, name = context.world, text_at(sent, "name")
    unique(context, "hosts", name, "HOST_NAME_IN_USE")
    address = text_at(sent, "address")
    if any(host.text("address") == address for host in world.all("hosts")):
        raise refuse("HOST_ADDRESS_IN_USE", language=context.language)
    cluster = (
        reference(context, "clusters", sent["cluster"])
        if sent.get("cluster")
        else world.named("clusters", "Default")
    )
    if cluster is None:
        raise EngineFault(
            400, "Host [cluster.id|name] required for add", reason="Incomplete parameters", in_action=False
        )
    base: Tree = {
        **defaults.default_attrs("hosts"),
        "comment": "",
        "spm": {"priority": "5", "status": "none"},
    }
    attrs = merged(context, "hosts", base, sent, skip=("root_password", "cluster"))
    attrs.update(
        cluster=ref(cluster.id),
        status="installing",
        certificate={"organization": "lab.example", "subject": f"O=lab.example,CN={address}"},
    )
    host = world.add("hosts", world.new_id(), attrs)
    say(context, 42, host, name=name)
    world.agenda.after(INSTALL_S, lambda: _installed(context, host, cluster), f"install {name}")
    return host


def _installed(context: RequestContext, host: Entity, cluster: Entity) -> None:
    world = context.world
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
        "host": ref(host.id),
    }
    nic = world.add("hosts/nics", nic_id, device, parent=host)
    for part in world.children(cluster, "networks"):
        if part.base is not None and "management" in items_of(part.get("usages"), "usage"):
            address = f"10.0.{host.seq >> 8 & 0xFF}.{host.seq & 0xFF or 1}/16"
            attach(world, host, nic, part.base, address=address)
    context.events.write(13, host, host=host.name, correlation_id=context.correlation_id)


@edit("hosts")
def edit_host(context: RequestContext, host: Entity, sent: Tree) -> None:
    """Change a host; power management needs a fence agent."""
    if "name" in sent:
        unique(context, "hosts", text_at(sent, "name"), "HOST_EDIT_NAME_IN_USE", besides=host)
    wanted = text_at(sent, "power_management.enabled") == "true"
    if wanted and not context.world.children(host, "fenceagents"):
        raise refuse("HOST_NO_FENCE_AGENT", language=context.language)
    context.world.update(host, merged(context, "hosts", host.attrs, sent, skip=("root_password", "cluster")))
    if sent.get("cluster"):
        context.world.set(host, "cluster", ref(reference(context, "clusters", sent["cluster"]).id))
    say(context, 43, host, name=host.name)
    host.lab["being_changed"] = True
    context.world.agenda.after(0.0, partial(_changed, context.world, host), "host changed")


def _changed(world: World, host: Entity) -> None:
    """The answer to the change still shows the host locked."""
    host.lab.pop("being_changed", None)
    world.touch(host)


@remove("hosts")
def remove_host(context: RequestContext, host: Entity) -> None:
    """Remove a host that is in maintenance."""
    if host.text("status") not in ("maintenance", "install_failed", "pending_approval", "down"):
        raise refuse("HOST_REMOVE_NOT_MAINTENANCE", language=context.language)
    context.world.remove(host)
    say(context, 44, name=host.name)


@create("hosts/fenceagents")
def add_agent(context: RequestContext, host: Entity | None, sent: Tree) -> Entity:
    """A fence agent; its password is kept by nobody."""
    if host is None:
        raise EngineFault(404, in_action=False)
    need("Agent", sent, "address", "order", "type", "username", "password")
    attrs = merged(context, "hosts/fenceagents", {"encrypt_options": "false"}, sent, skip=("password",))
    attrs["host"] = ref(host.id)
    job_done(context, "Adding fence agent to host 00000000-0000-0000-0000-000000000000")
    return context.world.add("hosts/fenceagents", context.world.new_id(), attrs, parent=host)


@edit("hosts/fenceagents")
def edit_agent(context: RequestContext, agent: Entity, sent: Tree) -> None:
    """Change a fence agent."""
    context.world.update(
        agent, merged(context, "hosts/fenceagents", agent.attrs, sent, skip=("password", "host"))
    )


@remove("hosts/fenceagents")
def remove_agent(context: RequestContext, agent: Entity) -> None:
    """Remove a fence agent."""
    context.world.remove(agent)


# -- networks on a host


@act("hosts", "setupnetworks")
def setup_networks(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Attach, change and detach networks in one step, all or nothing; its refusals come bare, as recorded."""
    try:
        return _set_up(context, host, action)
    except EngineFault as refused:
        refused.in_action = False
        raise


def _set_up(context: RequestContext, host: Entity, action: Tree) -> Acted:
    removed = [_attachment(context, host, item) for item in _items(action, "removed_network_attachments")]
    for attachment in removed:
        _refuse_used(context, host, attachment)
    wanted = [_wanted(context, host, item) for item in _items(action, "modified_network_attachments")]
    synchronized = [
        _attachment(context, host, item) for item in _items(action, "synchronized_network_attachments")
    ]
    for attachment in removed:
        _detach(context, attachment)
    for network, nic, item, known in wanted:
        _put(context, host, network, nic, item, known)
    for attachment in synchronized:
        attachment.lab.pop("actual", None)
        context.world.touch(attachment)
    job = job_done(context, f"Configuring networks on host {host.name}")
    names = ",".join(sorted(network.name for network, *_ in wanted))
    if names:
        say(context, 10902, host, host=host.name)
        say(context, 1146, host, networks=names, host=host.name)
    return Acted(job=job)


def _items(action: Tree, name: str) -> list[Any]:
    return [item for item in items_of(action.get(name), "network_attachment") if isinstance(item, dict)]


def _attachment(context: RequestContext, host: Entity, item: Tree) -> Entity:
    found = context.world.find("hosts/networkattachments", item.get("@id"), host)
    if found is None and item.get("network"):
        network = _network_of(context, host, item)
        found = next(
            (
                one
                for one in context.world.children(host, "networkattachments")
                if one.ref("network") == network.id
            ),
            None,
        )
    if found is None:
        raise EngineFault(400, "[Internal Engine Error]")
    return found


def _network_of(context: RequestContext, host: Entity, item: Tree) -> Entity:
    """The network that an attachment names, among those of the host's data center."""
    named = item.get("network") or {}
    cluster = context.world.find("clusters", host.ref("cluster"))
    center_id = cluster.ref("data_center") if cluster else None
    if named.get("@id"):
        return reference(context, "networks", named)
    for network in context.world.referring("networks", "data_center", center_id or ""):
        if network.name == text_at(named, "name"):
            return network
    raise EngineFault(404, f"Entity not found: {text_at(named, 'name')}", in_action=False)


def _wanted(context: RequestContext, host: Entity, item: Tree) -> tuple[Entity, Entity, Tree, Entity | None]:
    known = context.world.find("hosts/networkattachments", item.get("@id"), host) if item.get("@id") else None
    network = _network_of(context, host, item) if item.get("network") else None
    if network is None and known is not None:
        network = context.world.find("networks", known.ref("network"))
    if network is None:
        raise EngineFault(400, "[Internal Engine Error]")
    if known is None:
        attached = context.world.children(host, "networkattachments")
        known = next((one for one in attached if one.ref("network") == network.id), None)
    named = item.get("host_nic") or {}
    nics = context.world.children(host, "nics")
    nic = next(
        (one for one in nics if one.id == named.get("@id") or one.name == text_at(named, "name")), None
    )
    if nic is None and known is not None:
        nic = context.world.find("hosts/nics", known.ref("host_nic"), host)
    if nic is None:
        raise refuse("SETUP_NO_SUCH_NIC", language=context.language, name=text_at(named, "name"))
    _refuse_role_without_boot(context, host, network, item, known)
    return network, nic, item, known


def _refuse_role_without_boot(
    context: RequestContext, host: Entity, network: Entity, item: Tree, known: Entity | None
) -> None:
    cluster = context.world.find("clusters", host.ref("cluster"))
    part = context.world.find("clusters/networks", network.id, cluster) if cluster else None
    roles = set(items_of(part.get("usages"), "usage")) if part is not None else set()
    source = item if "ip_address_assignments" in item else (known.attrs if known is not None else item)
    method = _assignment(source)[0]
    if roles & {"migration", "display", "gluster"} and method == "none":
        raise refuse("SETUP_ROLE_NO_BOOT", language=context.language, network=network.name)


def _assignment(item: Tree) -> tuple[str, str | None]:
    for one in items_of(item.get("ip_address_assignments"), "ip_address_assignment"):
        method = text_at(one, "assignment_method", "none")
        address = text_at(one, "ip.address")
        if text_at(one, "ip.version", "v4") == "v4":
            netmask = text_at(one, "ip.netmask", "255.255.255.0")
            return method, f"{address}/{netmask}" if address else None
    return "none", None


def _put(
    context: RequestContext, host: Entity, network: Entity, nic: Entity, item: Tree, known: Entity | None
) -> None:
    source = item if "ip_address_assignments" in item or known is None else known.attrs
    method, address = _assignment(source)
    if known is not None and known.ref("host_nic") == nic.id:
        _readdress(context, host, network, known, method, address)
        return
    given = known.id if known is not None else None
    if known is not None:
        _detach(context, known)
    attach(context.world, host, nic, network, address=address, boot=method, given=given)


def _readdress(
    context: RequestContext, host: Entity, network: Entity, known: Entity, method: str, address: str | None
) -> None:
    """The network stays on its device; only how it gets its address changes."""
    ip = ip_tree(address) if address else None
    first = {"assignment_method": method, "ip": ip or {"version": "v4"}}
    assignments = [first, {"assignment_method": "none", "ip": {"version": "v6"}}]
    known.lab.pop("actual", None)
    rows = items_of(known.get("reported_configurations"), "reported_configuration")
    changes: Tree = {"ip_address_assignments": {"ip_address_assignment": assignments}}
    if rows:
        values = {
            "ipv4_boot_protocol": {"static": "STATIC_IP", "dhcp": "DHCP"}.get(method, "NONE"),
            "ipv4_address": text_at(ip or {}, "address"),
            "ipv4_netmask": text_at(ip or {}, "netmask"),
        }
        changes["reported_configurations"] = {"reported_configuration": [_row(row, values) for row in rows]}
    context.world.update(known, changes)
    for device in context.world.children(host, "nics"):
        if device.ref("network") == network.id:
            context.world.update(device, {"boot_protocol": method, "ip": ip})


def _row(row: Tree, values: dict[str, str]) -> Tree:
    if row["name"] not in values:
        return row
    value = values[row["name"]]
    shown = {"actual_value": value, "expected_value": value} if value else {}
    return {**shown, "in_sync": "true", "name": row["name"]}


def _detach(context: RequestContext, attachment: Entity) -> None:
    world, host = context.world, attachment.parent
    network_id = attachment.ref("network")
    for nic in world.children(host, "nics") if host is not None else []:
        if nic.ref("network") == network_id:
            if nic.get("vlan") is not None:
                world.remove(nic)
            else:
                world.update(nic, {"network": None, "ip": None, "boot_protocol": "none", "bridged": False})
    world.remove(attachment)


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
        raise refuse("SETUP_NETWORK_USED", language=context.language, network=network.name, names=names)


@create("hosts/networkattachments")
def add_attachment(context: RequestContext, host: Entity | None, sent: Tree) -> Entity:
    """Attach one network."""
    if host is None:
        raise EngineFault(404, in_action=False)
    network, nic, item, known = _wanted(context, host, sent)
    _put(context, host, network, nic, item, known)
    return next(
        one for one in context.world.children(host, "networkattachments") if one.ref("network") == network.id
    )


@edit("hosts/networkattachments")
def edit_attachment(context: RequestContext, attachment: Entity, sent: Tree) -> None:
    """Change how a network is attached."""
    host = attachment.parent
    if host is not None:
        _, nic, item, _ = _wanted(context, host, {**sent, "@id": attachment.id})
        changes = (
            {"ip_address_assignments": item["ip_address_assignments"]}
            if "ip_address_assignments" in item
            else {}
        )
        context.world.update(attachment, {**changes, "host_nic": ref(nic.id)})


@remove("hosts/networkattachments")
def remove_attachment(context: RequestContext, attachment: Entity) -> None:
    """Detach a network that no running VM uses."""
    if attachment.parent is not None:
        _refuse_used(context, attachment.parent, attachment)
    _detach(context, attachment)


@act("hosts", "commitnetconfig")
def commit_networks(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Keep the network configuration over a reboot."""
    job = job_done(context, f"Applying saved network configuration to Host {host.name}")
    say(context, 1104, host, host=host.name)
    return Acted(job=job, shown=host)


@act("hosts", "syncallnetworks")
def sync_networks(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Bring the host's networks to what the engine wants."""
    for attachment in context.world.children(host, "networkattachments"):
        attachment.lab.pop("actual", None)
        context.world.touch(attachment)
    return Acted(job=job_done(context, f"Configuring networks on host {host.name}"), shown=host)
