"""Network: the networks of a VM's NICs and the display network are on the host."""

from __future__ import annotations

from rhevmig.lab.scheduling.filters.check import Check
from rhevmig.lab.state.attribute_values import items_of, ref_id
from rhevmig.lab.state.store import Entity, World


def host_networks(world: World, host: Entity) -> dict[str, Entity]:
    """Attachments of a host by the id of their network."""
    found: dict[str, Entity] = {}
    for attachment in world.children(host, "networkattachments"):
        network_id = attachment.ref("network")
        if network_id:
            found[network_id] = attachment
    return found


def is_pass_through(world: World, nic: Entity) -> bool:
    """Whether a NIC is a virtual function of the host."""
    profile = world.find("vnicprofiles", nic.ref("vnic_profile"))
    mode = profile.text("pass_through.mode", "disabled") if profile is not None else "disabled"
    return nic.text("interface") == "pci_passthrough" or mode == "enabled"


def vm_networks(world: World, vm: Entity) -> list[Entity]:
    """Networks that a host needs for the plugged NICs of a VM, in the NICs' order.

    A virtual function needs the network of its failover profile only. Networks of external providers are not
    on hosts.
    """
    found: dict[str, Entity] = {}
    for nic in world.children(vm, "nics"):
        profile = world.find("vnicprofiles", nic.ref("vnic_profile"))
        if nic.text("plugged", "true") != "true" or profile is None:
            continue
        if is_pass_through(world, nic):
            profile = world.find("vnicprofiles", ref_id(profile.get("failover")))
        network = world.find("networks", profile.ref("network")) if profile is not None else None
        if network is not None and network.get("external_provider") is None:
            found[network.id] = network
    return list(found.values())


def networks(world: World, vm: Entity) -> Check | None:
    """The host has every network, a display network with a boot protocol, and free virtual functions."""
    wanted = vm_networks(world, vm)
    functions = [
        nic.name
        for nic in world.children(vm, "nics")
        if nic.text("plugged", "true") == "true" and is_pass_through(world, nic)
    ]
    displays: dict[str, list[Entity]] = {}

    def check(host: Entity) -> str | None:
        present = host_networks(world, host)
        missing = [network.name for network in wanted if network.id not in present]
        if missing:
            return f"network(s) {', '.join(missing)} are missing"
        cluster_id = host.ref("cluster") or ""
        if cluster_id not in displays:
            displays[cluster_id] = _display_networks(world, cluster_id)
        return _display_missing(displays[cluster_id], present) or _functions_missing(
            world, vm, host, functions
        )

    return check


def _functions_missing(world: World, vm: Entity, host: Entity, nics: list[str]) -> str | None:
    """Free virtual functions: those of the host's NICs without those of its other VMs."""
    if not nics or host.id == vm.ref("host"):
        return None
    path = "virtual_functions_configuration.number_of_virtual_functions"
    configured = [nic.number(path) for nic in world.children(host, "nics") if nic.get(path) is not None]
    taken = sum(
        is_pass_through(world, nic) and nic.text("plugged", "true") == "true"
        for other in world.referring("vms", "host", host.id)
        for nic in world.children(other, "nics")
    )
    if not configured or sum(configured) - taken >= len(nics):
        return None
    return (
        f"there are no free virtual functions which are suitable for virtual nic(s) {', '.join(nics)}. A"
        " virtual function is considered as suitable if the VF's configuration of its physical function"
        " contains the virtual nic's network/network label"
    )


def _display_networks(world: World, cluster_id: str) -> list[Entity]:
    cluster = world.find("clusters", cluster_id)
    networks = world.children(cluster, "networks") if cluster else []
    return [network for network in networks if "display" in items_of(network.get("usages"), "usage")]


def _display_missing(displays: list[Entity], present: dict[str, Entity]) -> str | None:
    for network in displays:
        attachment = present.get(network.id)
        if attachment is None:
            return f"display network {network.name} was missing"
        assignments = items_of(attachment.get("ip_address_assignments"), "ip_address_assignment")
        methods = {item.get("assignment_method") for item in assignments}
        if methods and not {"static", "dhcp", "autoconf"} & methods:
            needs = "must have a DHCP or Static boot protocol when configured on a host"
            return f"the display network {network.name} {needs}"
    return None
