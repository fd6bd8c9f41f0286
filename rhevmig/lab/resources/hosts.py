"""Hosts added, changed and removed, with their fence agents (recordings `build-hosts`)."""

from __future__ import annotations

from functools import partial

from rhevmig.lab.api.action_registry import Acted, act, create, edit, remove, unknown
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.resources.changes import reference
from rhevmig.lab.resources.host_networks import attach
from rhevmig.lab.resources.kinds import add_entity, check_new, edit_entity
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, text_at
from rhevmig.lab.state.store import Entity, World

#: Seconds that installing a host takes in the lab.
INSTALL_S = 60.0
_REMOVABLE = ("maintenance", "install_failed", "pending_approval", "down")

unknown("hosts", "deactivate", "HOST_NOT_FOUND_MAINTENANCE")


@create("hosts")
def add_host(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A host that is being installed for a minute, then up."""
    check_new(context, "hosts", sent)
    world, address = context.world, text_at(sent, "address")
    if any(host.text("address") == address for host in world.all("hosts")):
        raise context.refusal("HOST_ADDRESS_IN_USE")
    named = sent.get("cluster")
    cluster = reference(context, "clusters", named) if named else world.named("clusters", "Default")
    if cluster is None:
        detail = "Host [cluster.id|name] required for add"
        raise EngineFault(400, detail, reason="Incomplete parameters", in_action=False)
    members: Tree = {
        "cluster": ref(cluster.id),
        "status": "installing",
        "certificate": {"organization": "lab.example", "subject": f"O=lab.example,CN={address}"},
    }
    base: Tree = {"comment": "", "spm": {"priority": "5", "status": "none"}}
    host = add_entity(context, "hosts", sent, base=base, members=members)
    context.log(42, host, name=host.name)
    world.agenda.after(INSTALL_S, lambda: _installed(context, host, cluster), f"install {host.name}")
    return host


def _installed(context: RequestContext, host: Entity, cluster: Entity) -> None:
    world = context.world
    if world.find("hosts", host.id) is not host or host.text("status") != "installing":
        return
    cpu: Tree = {
        "name": "Intel Xeon Processor",
        "speed": "2400",
        "topology": {"cores": "8", "sockets": "2", "threads": "2"},
        **({"type": cluster.text("cpu.type")} if cluster.text("cpu.type") else {}),
    }
    world.update(host, {"cpu": cpu, "memory": str(64 * 2**30), "status": "up"})
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
    nic = world.add("hosts/nics", world.new_id("nic", f"{host.id}/eth0"), device, parent=host)
    for part in world.children(cluster, "networks"):
        if part.base is not None and "management" in items_of(part.get("usages"), "usage"):
            address = f"10.0.{host.seq >> 8 & 0xFF}.{host.seq & 0xFF or 1}/16"
            attach(world, host, nic, part.base, address=address)
    context.events.write(13, host, host=host.name, correlation_id=context.correlation_id)


@edit("hosts")
def edit_host(context: RequestContext, host: Entity, sent: Tree) -> None:
    """Change a host; power management needs a fence agent."""
    wanted = text_at(sent, "power_management.enabled") == "true"
    if wanted and not context.world.children(host, "fenceagents"):
        raise context.refusal("HOST_NO_FENCE_AGENT")
    moves = text_at(sent, "address") not in ("", host.text("address"))
    if moves and host.text("status") not in _REMOVABLE:
        raise context.refusal("HOST_EDIT_OPERATIONAL")
    cluster = reference(context, "clusters", sent["cluster"]) if sent.get("cluster") else None
    edit_entity(context, host, sent, members={"cluster": ref(cluster.id)} if cluster else None)
    context.log(43, host, name=host.name)
    host.lab["being_changed"] = True
    context.world.agenda.after(0.0, partial(_changed, context.world, host), "host changed")


def _changed(world: World, host: Entity) -> None:
    """The host is unlocked; the answer to the change still shows it locked."""
    host.lab.pop("being_changed", None)
    world.touch(host)


@remove("hosts")
def remove_host(context: RequestContext, host: Entity) -> None:
    """Remove a host that is in maintenance."""
    if host.text("status") not in _REMOVABLE:
        raise context.refusal("HOST_REMOVE_NOT_MAINTENANCE")
    context.world.remove(host)
    context.log(44, name=host.name)


@act("hosts", "approve")
def approve_host(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Refused unless the host waits for approval, which hosts of the lab never do."""
    raise context.refusal("HOST_APPROVE_STATUS")


@act("hosts", "forceselectspm")
def select_spm(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Make the host the SPM of its data center."""
    if host.text("spm.status") in ("spm", "contending"):
        raise context.refusal("SPM_ALREADY", host=host.name)
    world = context.world
    cluster = world.find("clusters", host.ref("cluster"))
    center_id = cluster.ref("data_center") if cluster else None
    for other in world.referring("clusters", "data_center", center_id or ""):
        for peer in world.referring("hosts", "cluster", other.id):
            if peer.text("spm.status") == "spm":
                world.set(peer, "spm.status", "none")
    world.set(host, "spm.status", "spm")
    return Acted(shown=host)


@act("hosts", "enrollcertificate")
def enroll_certificate(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Renew the host's certificate, which no answer shows; only in maintenance."""
    if host.text("status") != "maintenance":
        raise context.refusal("ENROLL_STATUS")
    return Acted(shown=host)


@create("hosts/fenceagents")
def add_agent(context: RequestContext, host: Entity, sent: Tree) -> Entity:
    """A fence agent; its password is not stored."""
    check_new(context, "hosts/fenceagents", sent, parent=host)
    context.end_job("Adding fence agent to host 00000000-0000-0000-0000-000000000000")
    return add_entity(context, "hosts/fenceagents", sent, parent=host)
