"""The scheduler's filters, by the engine's names, each with the engine's sentence.

A filter looks at one VM and one host and says nothing (the host passes) or the words that follow
"because". Their order is the one in which the engine runs them: those that no policy can switch off
first, then those of the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rhevmig.lab import tree as trees
from rhevmig.lab.cpulevels import missing_flags
from rhevmig.lab.derived import overhead_mib, schedulable_mib
from rhevmig.lab.world import Entity, World

__all__ = ["FILTERS", "Filter", "host_networks", "vcpus", "vm_networks"]

_MIB = 1024 * 1024
#: Says why a host does not pass: the words after "because", or "" for a sentence without reason.
Filter = Callable[[World, Entity, Entity], str | None]


def vcpus(vm: Entity) -> int:
    """Virtual CPUs of a VM."""
    count = 1
    for part in ("sockets", "cores", "threads"):
        count *= max(1, vm.number(f"cpu.topology.{part}", 1))
    return count


def host_networks(world: World, host: Entity) -> dict[str, Entity]:
    """Attachments of a host by the id of their network."""
    found: dict[str, Entity] = {}
    for attachment in world.children(host, "networkattachments"):
        network_id = attachment.ref("network")
        if network_id:
            found[network_id] = attachment
    return found


def vm_networks(world: World, vm: Entity) -> list[Entity]:
    """The networks of a VM's plugged NICs, in the NICs' order."""
    found: dict[str, Entity] = {}
    for nic in world.children(vm, "nics"):
        profile = world.find("vnicprofiles", nic.ref("vnic_profile"))
        network = world.find("networks", profile.ref("network")) if profile else None
        if network is not None and nic.text("plugged", "true") == "true":
            found[network.id] = network
    return list(found.values())


def _cpu_level(world: World, vm: Entity, host: Entity) -> str | None:
    missing = missing_flags(world, vm, host)
    return f"its CPU flags are missing VM's required CPU flags: {', '.join(missing)}\"." if missing else None


def _pin_to_host(world: World, vm: Entity, host: Entity) -> str | None:
    listed = [trees.ref_id(item) for item in trees.items_of(vm.get("placement_policy.hosts"), "host")]
    return None if not listed or host.id in listed else "the host is not present in the pinning list"


def _compatibility(world: World, vm: Entity, host: Entity) -> str | None:
    wanted = vm.get("custom_compatibility_version")
    if not isinstance(wanted, dict):
        return None
    version = f"{wanted.get('major')}.{wanted.get('minor')}"
    known = tuple(host.lab.get("compatibility_versions", ()))
    if not known or version in known:
        return None
    return (
        f"it doesn't support compatibility version '{version}' which is required by the VM."
        f" Host supported compatibility versions are: {','.join(known)}."
    )


def _leases(world: World, vm: Entity, host: Entity) -> str | None:
    wants = vm.get("lease") is not None
    return "" if wants and host.lab.get("leases_ready") is False else None


def _devices(world: World, vm: Entity, host: Entity) -> str | None:
    wanted = {device.name for device in world.children(vm, "hostdevices")}
    if not wanted:
        return None
    present = {device.name for device in world.children(host, "devices")}
    return None if wanted <= present else "some of the required host devices are unavailable"


def _cpu(world: World, vm: Entity, host: Entity) -> str | None:
    cluster = world.find("clusters", host.ref("cluster"))
    parts = ["sockets", "cores", *(["threads"] if cluster and cluster.flag("threads_as_cores") else [])]
    if host.get("cpu.topology") is None:
        return None
    present = 1
    for part in parts:
        present *= max(1, host.number(f"cpu.topology.{part}", 1))
    return None if vcpus(vm) <= present else "it has an insufficient amount of CPU cores to run the VM"


def _overloaded(world: World, vm: Entity, host: Entity) -> str | None:
    cluster = world.find("clusters", host.ref("cluster"))
    properties = (
        trees.items_of(cluster.get("custom_scheduling_policy_properties"), "property") if cluster else []
    )
    limit = next((item.get("value") for item in properties if item.get("name") == "HighUtilization"), None)
    usage = host.lab.get("cpu_percent")
    return "its CPU is too loaded" if limit and usage is not None and usage > int(limit) else None


def _emulated_machine(world: World, vm: Entity, host: Entity) -> str | None:
    wanted, known = vm.text("custom_emulated_machine"), tuple(host.lab.get("emulated_machines", ()))
    if not wanted or not known or wanted in known:
        return None
    return (
        f"it doesn't support the emulated machine '{wanted}' which is required by the VM."
        f" Host supported emulated machines are: {','.join(known)}."
    )


def _swap(world: World, vm: Entity, host: Entity) -> str | None:
    return "it is swapping too much" if host.lab.get("swapping") else None


def _memory(world: World, vm: Entity, host: Entity) -> str | None:
    if host.get("memory") is None:
        return None
    free = max(0, schedulable_mib(world, host))
    needed = vm.number("memory") // _MIB + overhead_mib(vm)
    if vm.ref("host") == host.id or needed <= free:
        return None
    return f"its available memory is too low ({free} MB) to run the VM"


def _huge_pages(world: World, vm: Entity, host: Entity) -> str | None:
    properties = trees.items_of(vm.get("custom_properties"), "custom_property")
    size = next((item.get("value") for item in properties if item.get("name") == "hugepages"), None)
    free_mib = host.lab.get("free_huge_pages_mib")
    if not size or free_mib is None or free_mib >= vm.number("memory") // _MIB:
        return None
    return "there are not enough free huge pages to run the VM"


def _networks(world: World, vm: Entity, host: Entity) -> str | None:
    present = host_networks(world, host)
    missing = [network.name for network in vm_networks(world, vm) if network.id not in present]
    if missing:
        return f"network(s) {', '.join(missing)} are missing"
    return _display_network(world, host, present)


def _display_network(world: World, host: Entity, present: dict[str, Entity]) -> str | None:
    cluster = world.find("clusters", host.ref("cluster"))
    for network in world.children(cluster, "networks") if cluster else ():
        if "display" not in trees.items_of(network.get("usages"), "usage"):
            continue
        attachment = present.get(network.id)
        if attachment is None:
            return f"display network {network.name} was missing"
        methods = [
            item.get("assignment_method")
            for item in trees.items_of(attachment.get("ip_address_assignments"), "ip_address_assignment")
        ]
        if methods and not {"static", "dhcp", "autoconf"} & set(methods):
            needs = "must have a DHCP or Static boot protocol when configured on a host"
            return f"the display network {network.name} {needs}"
    return None


def _groups_of(world: World, vm: Entity, rule: str) -> Iterable[tuple[Entity, bool]]:
    """Enforcing groups whose rule holds the VM, each with whether the rule is positive."""
    cluster = world.find("clusters", vm.ref("cluster"))
    for group in world.children(cluster, "affinitygroups") if cluster else ():
        members = [trees.ref_id(item) for item in trees.items_of(group.get("vms"), "vm")]
        if vm.id in members and group.flag(f"{rule}.enabled") and group.flag(f"{rule}.enforcing"):
            yield group, group.flag(f"{rule}.positive")


def _places_of(world: World, vm: Entity, group: Entity) -> set[str]:
    """Hosts on which the group's other VMs run or to which they are on their way."""
    places: set[str] = set()
    for item in trees.items_of(group.get("vms"), "vm"):
        other = world.find("vms", trees.ref_id(item))
        if other is not None and other is not vm and other.ref("host"):
            places.add(str(other.lab.get("heading_to") or other.ref("host")))
    return places


def _vm_affinity(world: World, vm: Entity, host: Entity) -> str | None:
    for group, positive in _groups_of(world, vm, "vms_rule"):
        places = _places_of(world, vm, group)
        if positive and places and host.id not in places:
            return "it did not match positive affinity rules "
        if not positive and host.id in places:
            return "it matched negative affinity rules "
    return None


def _host_affinity(world: World, vm: Entity, host: Entity) -> str | None:
    for group, positive in _groups_of(world, vm, "hosts_rule"):
        hosts = {trees.ref_id(item) for item in trees.items_of(group.get("hosts"), "host")}
        if positive and hosts and host.id not in hosts:
            return "it did not match positive affinity rules "
        if not positive and host.id in hosts:
            return "it matched negative affinity rules "
    return None


def _hosted_engine(world: World, vm: Entity, host: Entity) -> str | None:
    return (
        ""
        if vm.text("origin") == "managed_hosted_engine" and host.number("hosted_engine.score") <= 0
        else None
    )


def _tsc(world: World, vm: Entity, host: Entity) -> str | None:
    source = world.find("hosts", vm.ref("host"))
    frequencies = [entry.lab.get("tsc_khz") for entry in (source, host) if entry is not None]
    if vm.text("type") != "high_performance" or None in frequencies or len(set(frequencies)) < 2:
        return None
    return "it has a different TSC Frequency"


def _maintenance_policy(world: World, vm: Entity, host: Entity) -> str | None:
    cluster = world.find("clusters", host.ref("cluster"))
    policy = world.find("schedulingpolicies", cluster.ref("scheduling_policy")) if cluster else None
    if (
        policy is None
        or policy.name != "cluster_maintenance"
        or vm.ref("host")
        or vm.flag("high_availability.enabled")
    ):
        return None
    return "the cluster is in maintenance and only highly available VMs are allowed to start"


#: Name and function, in the order in which the engine runs them.
FILTERS: tuple[tuple[str, Filter], ...] = (
    ("CPU-Level", _cpu_level),
    ("PinToHost", _pin_to_host),
    ("Compatibility-Version", _compatibility),
    ("VM leases ready", _leases),
    ("HostDevice", _devices),
    ("CPU", _cpu),
    ("CPUOverloaded", _overloaded),
    ("Emulated-Machine", _emulated_machine),
    ("HA", _hosted_engine),
    ("Swap", _swap),
    ("Memory", _memory),
    ("HugePages", _huge_pages),
    ("VmAffinityGroups", _vm_affinity),
    ("VmToHostsAffinityGroups", _host_affinity),
    ("Network", _networks),
    ("Migration-Tsc-Frequency", _tsc),
    ("ClusterInMaintenance", _maintenance_policy),
)
