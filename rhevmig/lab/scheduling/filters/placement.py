"""PinToHost, affinity, HA, HostedEngineSpares, versions and the source host: where a VM may be at all."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rhevmig.lab.scheduling.filters.check import Check, custom_property, is_hosted_engine, policy_property
from rhevmig.lab.state.attribute_values import items_of, ref_id
from rhevmig.lab.state.host_load import schedulable_mib
from rhevmig.lab.state.store import Entity, World

_MIB = 1024 * 1024
#: The hook that a VM with the custom property `sap_agent` needs.
_SAP_HOOK = "50_vhostmd"
#: A destination of the hosted engine's VM may have a score this much lower than its host.
_SCORE_MARGIN = 800
#: From this cluster level on, labels with an implicit affinity group are not rules.
_NO_IMPLICIT_GROUPS = (4, 4)


def pin_to_host(world: World, vm: Entity) -> Check | None:
    """A pinned VM runs on the hosts of its list only; a list of any other VM is a preference."""
    if vm.text("placement_policy.affinity") != "pinned":
        return None
    listed = {ref_id(item) for item in items_of(vm.get("placement_policy.hosts"), "host")}
    if not listed and vm.ref("host") is None:
        return None
    return lambda host: None if host.id in listed else "the host is not present in the pinning list."


def same_host(world: World, vm: Entity) -> Check | None:
    """The destination is another machine than the source."""
    source = world.find("hosts", vm.ref("host"))
    if source is None or not source.text("address"):
        return None
    address = source.text("address")
    return lambda host: (
        "it currently hosts the VM." if host is not source and host.text("address") == address else None
    )


def compatibility(world: World, vm: Entity) -> Check | None:
    """The host supports the VM's custom compatibility version (`lab["compatibility_versions"]`)."""
    wanted = vm.get("custom_compatibility_version")
    version = f"{wanted.get('major')}.{wanted.get('minor')}" if isinstance(wanted, dict) else ""
    return _supported(version, "compatibility version", "compatibility_versions")


def emulated_machine(world: World, vm: Entity) -> Check | None:
    """The host supports the VM's custom machine type (`lab["emulated_machines"]`)."""
    return _supported(vm.text("custom_emulated_machine"), "the emulated machine", "emulated_machines")


def _supported(wanted: str, what: str, listed: str) -> Check | None:
    """The host lists what is wanted; a host without a list supports everything."""
    if not wanted:
        return None

    def check(host: Entity) -> str | None:
        known = tuple(host.lab.get(listed, ()))
        if not known or wanted in known:
            return None
        return (
            f"it doesn't support {what} '{wanted}' which is required by the VM."
            f" Host supported {what.removeprefix('the ')}s are: {','.join(known)}."
        )

    return check


def host_hooks(world: World, vm: Entity) -> Check | None:
    """The host has the hook that a VM with `sap_agent` needs."""
    if custom_property(vm, "sap_agent") != "true":
        return None

    def check(host: Entity) -> str | None:
        names = {hook.name for hook in world.children(host, "hooks")}
        return None if _SAP_HOOK in names else f"the host does not contain required VDS hook {_SAP_HOOK}"

    return check


def in_cluster_upgrade(world: World, vm: Entity) -> Check | None:
    """The operating system of the host is that of the source, and of no older major version."""
    source = world.find("hosts", vm.ref("host"))
    name, version = _system(source) if source is not None else ("", ())
    if not name or not version:
        return None

    def check(host: Entity) -> str | None:
        other, found = _system(host)
        if not other or not found:
            return f"its OS identifier is invalid or incomplete. Found {other or 'null'}."
        if other != name:
            return f"its OS is different from what is expected. Expected {name}, found {other}"
        return (
            f"its OS version is too old, found {other}"
            if found < version and found[0] != version[0]
            else None
        )

    return check


def _system(host: Entity) -> tuple[str, tuple[int, ...]]:
    numbers = re.findall(r"\d+", host.text("os.version.full_version"))
    return host.text("os.type"), tuple(map(int, numbers))


# -- the hosted engine


def high_availability(world: World, vm: Entity) -> Check | None:
    """Hosts that may run the hosted engine's VM, with a score that is high enough."""
    if not is_hosted_engine(vm):
        return None
    source = world.find("hosts", vm.ref("host"))
    least = 0
    if source is not None and not source.flag("hosted_engine.global_maintenance"):
        least = max(0, source.number("hosted_engine.score") - _SCORE_MARGIN)

    def check(host: Entity) -> str | None:
        score = host.number("hosted_engine.score")
        if not host.flag("hosted_engine.configured"):
            return "it is not a Hosted Engine host."
        if score <= 0:
            return "it doesn't have a positive Hosted Engine score."
        return "it has much lower Hosted Engine score than the current host." if score <= least else None

    return check


def hosted_engine_spares(world: World, vm: Entity) -> Check | None:
    """Hosts that are kept free for the hosted engine's VM."""
    text = policy_property(world, vm, "HeSparesCount")
    required = int(text) if text.isdigit() else 0
    engine_vm = next((other for other in world.all("vms") if is_hosted_engine(other)), None)
    if not required or engine_vm is None or engine_vm is vm or engine_vm.ref("cluster") != vm.ref("cluster"):
        return None
    engine_mib, own_mib = engine_vm.number("memory") // _MIB, vm.number("memory") // _MIB
    spares = {
        host.id: schedulable_mib(world, host) > engine_mib + own_mib
        for host in world.referring("hosts", "cluster", vm.ref("cluster") or "")
        if host.text("status") == "up"
        and host.flag("hosted_engine.active")
        and host.number("hosted_engine.score") != 0
        and not host.flag("hosted_engine.local_maintenance")
        and host.id != engine_vm.ref("host")
        and schedulable_mib(world, host) > engine_mib
    }
    if len(spares) > required:
        return None
    return lambda host: "it acts as a Hosted Engine spare" if spares.get(host.id) is False else None


# -- affinity


def _groups_of(world: World, vm: Entity, rule: str) -> Iterable[tuple[Entity, bool]]:
    """Enforcing groups whose rule holds the VM, each with whether the rule is positive."""
    cluster = world.find("clusters", vm.ref("cluster"))
    for group in world.children(cluster, "affinitygroups") if cluster else ():
        is_hard = group.flag(f"{rule}.enabled") and group.flag(f"{rule}.enforcing")
        if is_hard and vm.id in _members(world, group, "vm"):
            yield group, group.flag(f"{rule}.positive")


def _members(world: World, group: Entity, kind: str) -> set[str]:
    """Ids of the VMs or hosts of a group, those of its labels included."""
    found = {str(ref_id(item)) for item in items_of(group.get(f"{kind}s"), kind)}
    for item in items_of(group.get(f"{kind}_labels"), "affinity_label"):
        label = world.find("affinitylabels", ref_id(item))
        if label is not None:
            found |= {str(ref_id(member)) for member in items_of(label.get(f"{kind}s"), kind)}
    return found


def _places_of(world: World, vm: Entity, group: Entity) -> set[str]:
    """Hosts on which the group's other VMs run or to which they are on their way."""
    places: set[str] = set()
    for vm_id in _members(world, group, "vm"):
        other = world.find("vms", vm_id)
        if other is not None and other is not vm and other.ref("host"):
            places.add(str(other.lab.get("heading_to") or other.ref("host")))
    return places


def _by_rules(rules: list[tuple[set[str], bool]]) -> Check | None:
    if not rules:
        return None

    def check(host: Entity) -> str | None:
        for places, positive in rules:
            if positive and host.id not in places:
                return "it did not match positive affinity rules "
            if not positive and host.id in places:
                return "it matched negative affinity rules "
        return None

    return check


def vm_affinity(world: World, vm: Entity) -> Check | None:
    """Enforcing rules between VMs: the hosts of all positive groups together, none of the negative ones.

    Engine: VmAffinityFilterPolicyUnit.
    """
    together: set[str] = set()
    apart: set[str] = set()
    for group, positive in _groups_of(world, vm, "vms_rule"):
        (together if positive else apart).update(_places_of(world, vm, group))
    return _by_rules([*([(together, True)] if together else []), *([(apart, False)] if apart else [])])


def host_affinity(world: World, vm: Entity) -> Check | None:
    """Enforcing rules between VMs and hosts; below cluster level 4.4 labels are such rules, too."""
    rules = [
        (_members(world, group, "host"), positive) for group, positive in _groups_of(world, vm, "hosts_rule")
    ]
    cluster = world.find("clusters", vm.ref("cluster"))
    level = (cluster.number("version.major", 4), cluster.number("version.minor", 8)) if cluster else (4, 8)
    for label in world.all("affinitylabels") if level < _NO_IMPLICIT_GROUPS else ():
        vms = {ref_id(item) for item in items_of(label.get("vms"), "vm")}
        if label.flag("has_implicit_affinity_group") and vm.id in vms:
            rules.append(({str(ref_id(item)) for item in items_of(label.get("hosts"), "host")}, True))
    return _by_rules(rules)


def cluster_in_maintenance(world: World, vm: Entity) -> Check | None:
    """Under the policy `cluster_maintenance` only highly available VMs start."""
    if vm.ref("host") or vm.flag("high_availability.enabled"):
        return None
    return lambda host: "the cluster is in maintenance and only highly available VMs are allowed to start"
