"""The scheduler's filters, by the engine's names, each with the engine's sentence.

A filter looks at a VM once; its check then returns for each host None (it passes) or the words after
"because". Their order is the one in which the engine runs them: those that no policy
can switch off first, then those of the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rhevmig.lab.scheduling.cpu_flags import host_flags, required_flags
from rhevmig.lab.state.attribute_values import items_of, ref_id
from rhevmig.lab.state.host_load import schedulable_mib, vm_mib
from rhevmig.lab.state.store import Entity, World

_MIB = 1024 * 1024
#: Why a host does not pass: the words after "because", or "" for a sentence without reason.
Check = Callable[[Entity], str | None]
#: Looks at a VM once and gives the check of each host, or None where every host passes.
Filter = Callable[[World, Entity], Check | None]


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


def _cpu_level(world: World, vm: Entity) -> Check | None:
    if vm.text("cpu.mode") == "host_passthrough":
        return None
    home = world.find("clusters", vm.ref("cluster"))
    needed = required_flags(world, vm, home) if home is not None else None
    if needed is None:
        return None

    def check(host: Entity) -> str | None:
        there = world.find("clusters", host.ref("cluster"))
        present = host_flags(world, host, there) if there is not None else None
        if present is None or needed <= present:
            return None
        missing = ", ".join(sorted(needed - present))
        return f"its CPU flags are missing VM's required CPU flags: {missing}\"."

    return check


def _pin_to_host(world: World, vm: Entity) -> Check | None:
    listed = {ref_id(item) for item in items_of(vm.get("placement_policy.hosts"), "host")}
    if not listed:
        return None
    return lambda host: None if host.id in listed else "the host is not present in the pinning list"


def _compatibility(world: World, vm: Entity) -> Check | None:
    wanted = vm.get("custom_compatibility_version")
    if not isinstance(wanted, dict):
        return None
    version = f"{wanted.get('major')}.{wanted.get('minor')}"

    def check(host: Entity) -> str | None:
        known = tuple(host.lab.get("compatibility_versions", ()))
        if not known or version in known:
            return None
        return (
            f"it doesn't support compatibility version '{version}' which is required by the VM."
            f" Host supported compatibility versions are: {','.join(known)}."
        )

    return check


def _leases(world: World, vm: Entity) -> Check | None:
    if vm.get("lease") is None:
        return None
    return lambda host: "" if host.lab.get("leases_ready") is False else None


def _devices(world: World, vm: Entity) -> Check | None:
    wanted = {device.name for device in world.children(vm, "hostdevices")}
    if not wanted:
        return None

    def check(host: Entity) -> str | None:
        present = {device.name for device in world.children(host, "devices")}
        return None if wanted <= present else "some of the required host devices are unavailable"

    return check


def _cpu(world: World, vm: Entity) -> Check | None:
    wanted = vcpus(vm)

    def check(host: Entity) -> str | None:
        if host.get("cpu.topology") is None:
            return None
        cluster = world.find("clusters", host.ref("cluster"))
        present = max(1, host.number("cpu.topology.sockets", 1)) * max(
            1, host.number("cpu.topology.cores", 1)
        )
        if wanted > present and cluster is not None and cluster.flag("threads_as_cores"):
            present *= max(1, host.number("cpu.topology.threads", 1))
        return None if wanted <= present else "it has an insufficient amount of CPU cores to run the VM"

    return check


def _overloaded(world: World, vm: Entity) -> Check | None:
    def check(host: Entity) -> str | None:
        usage = host.lab.get("cpu_percent")
        if usage is None:
            return None
        cluster = world.find("clusters", host.ref("cluster"))
        path = "custom_scheduling_policy_properties"
        properties = items_of(cluster.get(path), "property") if cluster else []
        limit = next(
            (item.get("value") for item in properties if item.get("name") == "HighUtilization"), None
        )
        return "its CPU is too loaded" if limit and usage > int(limit) else None

    return check


def _emulated_machine(world: World, vm: Entity) -> Check | None:
    wanted = vm.text("custom_emulated_machine")
    if not wanted:
        return None

    def check(host: Entity) -> str | None:
        known = tuple(host.lab.get("emulated_machines", ()))
        if not known or wanted in known:
            return None
        return (
            f"it doesn't support the emulated machine '{wanted}' which is required by the VM."
            f" Host supported emulated machines are: {','.join(known)}."
        )

    return check


def _swap(world: World, vm: Entity) -> Check | None:
    return lambda host: "it is swapping too much" if host.lab.get("swapping") else None


def _memory(world: World, vm: Entity) -> Check | None:
    needed = vm_mib(vm)
    home = vm.ref("host")

    def check(host: Entity) -> str | None:
        if host.id == home or host.get("memory") is None:
            return None
        free = max(0, schedulable_mib(world, host))
        return None if needed <= free else f"its available memory is too low ({free} MB) to run the VM"

    return check


def _huge_pages(world: World, vm: Entity) -> Check | None:
    properties = items_of(vm.get("custom_properties"), "custom_property")
    if not any(item.get("name") == "hugepages" and item.get("value") for item in properties):
        return None
    needed_mib = vm.number("memory") // _MIB

    def check(host: Entity) -> str | None:
        free_mib = host.lab.get("free_huge_pages_mib")
        return (
            "there are not enough free huge pages to run the VM"
            if free_mib is not None and free_mib < needed_mib
            else None
        )

    return check


def _networks(world: World, vm: Entity) -> Check | None:
    wanted = vm_networks(world, vm)
    displays: dict[str, list[Entity]] = {}

    def check(host: Entity) -> str | None:
        present = host_networks(world, host)
        missing = [network.name for network in wanted if network.id not in present]
        if missing:
            return f"network(s) {', '.join(missing)} are missing"
        cluster_id = host.ref("cluster") or ""
        if cluster_id not in displays:
            displays[cluster_id] = _display_networks(world, cluster_id)
        return _display_missing(displays[cluster_id], present)

    return check


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


def _groups_of(world: World, vm: Entity, rule: str) -> Iterable[tuple[Entity, bool]]:
    """Enforcing groups whose rule holds the VM, each with whether the rule is positive."""
    cluster = world.find("clusters", vm.ref("cluster"))
    for group in world.children(cluster, "affinitygroups") if cluster else ():
        members = [ref_id(item) for item in items_of(group.get("vms"), "vm")]
        if vm.id in members and group.flag(f"{rule}.enabled") and group.flag(f"{rule}.enforcing"):
            yield group, group.flag(f"{rule}.positive")


def _places_of(world: World, vm: Entity, group: Entity) -> set[str]:
    """Hosts on which the group's other VMs run or to which they are on their way."""
    places: set[str] = set()
    for item in items_of(group.get("vms"), "vm"):
        other = world.find("vms", ref_id(item))
        if other is not None and other is not vm and other.ref("host"):
            places.add(str(other.lab.get("heading_to") or other.ref("host")))
    return places


def _by_rules(rules: list[tuple[set[str], bool]]) -> Check | None:
    if not rules:
        return None

    def check(host: Entity) -> str | None:
        for places, positive in rules:
            if positive and places and host.id not in places:
                return "it did not match positive affinity rules "
            if not positive and host.id in places:
                return "it matched negative affinity rules "
        return None

    return check


def _vm_affinity(world: World, vm: Entity) -> Check | None:
    return _by_rules(
        [(_places_of(world, vm, group), positive) for group, positive in _groups_of(world, vm, "vms_rule")]
    )


def _host_affinity(world: World, vm: Entity) -> Check | None:
    return _by_rules(
        [
            ({str(ref_id(item)) for item in items_of(group.get("hosts"), "host")}, positive)
            for group, positive in _groups_of(world, vm, "hosts_rule")
        ]
    )


def is_hosted_engine(vm: Entity) -> bool:
    """Whether the engine itself runs in this VM."""
    return vm.text("origin") in ("managed_hosted_engine", "hosted_engine")


def _hosted_engine(world: World, vm: Entity) -> Check | None:
    if not is_hosted_engine(vm):
        return None
    return lambda host: "" if host.number("hosted_engine.score") <= 0 else None


def _tsc(world: World, vm: Entity) -> Check | None:
    source = world.find("hosts", vm.ref("host"))
    here = source.lab.get("tsc_khz") if source is not None else None
    if vm.text("type") != "high_performance" or here is None:
        return None
    return lambda host: "it has a different TSC Frequency" if host.lab.get("tsc_khz", here) != here else None


def _maintenance_policy(world: World, vm: Entity) -> Check | None:
    if vm.ref("host") or vm.flag("high_availability.enabled"):
        return None

    def check(host: Entity) -> str | None:
        cluster = world.find("clusters", host.ref("cluster"))
        policy = world.find("schedulingpolicies", cluster.ref("scheduling_policy")) if cluster else None
        if policy is None or policy.name != "cluster_maintenance":
            return None
        return "the cluster is in maintenance and only highly available VMs are allowed to start"

    return check


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
