"""Memory, Swap, HugePages, NUMA, leases, host devices, mediated devices: what a host has to give."""

from __future__ import annotations

from rhevmig.lab.scheduling.cpu_allocation import pinning_policy
from rhevmig.lab.scheduling.filters.check import Check, custom_property
from rhevmig.lab.state.attribute_values import items_of, ref_id
from rhevmig.lab.state.host_load import schedulable_mib, vm_mib
from rhevmig.lab.state.reported_statistics import figures_of
from rhevmig.lab.state.store import Entity, World

_KIB = 1024


def memory(world: World, vm: Entity) -> Check | None:
    """The host has enough memory left for scheduling; a paused VM needs none."""
    if vm.text("status") == "paused":
        return None
    needed = vm_mib(vm)
    home = vm.ref("host")

    def check(host: Entity) -> str | None:
        if host.id == home or host.get("memory") is None:
            return None
        free = max(0, schedulable_mib(world, host))
        return None if needed <= free else f"its available memory is too low ({free} MB) to run the VM"

    return check


def swap(world: World, vm: Entity) -> Check | None:
    """The host does not swap (`lab["swapping"]`)."""
    return lambda host: "it is swapping too much" if host.lab.get("swapping") else None


def huge_pages(world: World, vm: Entity) -> Check | None:
    """The host has enough free huge pages of the VM's size, as its statistics report them."""
    size_kib = custom_property(vm, "hugepages")
    if not size_kib.isdigit() or int(size_kib) == 0:
        return None
    needed = -(-vm.number("memory") // (int(size_kib) * _KIB))

    def check(host: Entity) -> str | None:
        free = str(figures_of(host).get(f"hugepages.{size_kib}.free", "0"))
        enough = free.isdigit() and int(free) >= needed
        return None if enough or host.id == vm.ref("host") else _FEW_PAGES

    return check


_FEW_PAGES = "there are not enough free huge pages to run the VM"


def numa(world: World, vm: Entity) -> Check | None:
    """Pinned virtual NUMA nodes find a node of the host with enough memory."""
    nodes = [node for node in world.children(vm, "numanodes") if node.get("numa_node_pins") is not None]
    resized = pinning_policy(vm) == "resize_and_pin_numa"
    if not nodes and not resized:
        return None
    strict = [node for node in nodes if node.text("numa_tune_mode", "strict") != "preferred"]

    def check(host: Entity) -> str | None:
        if host.id == vm.ref("host"):
            return None
        if not host.flag("numa_supported"):
            return "does not support NUMA"
        free = {node.number("index"): node.number("memory") for node in world.children(host, "numanodes")}
        for node in strict:
            pins = items_of(node.get("numa_node_pins"), "numa_node_pin")
            if not any(free.get(int(str(pin.get("index"))), 0) >= node.number("memory") for pin in pins):
                return _NO_NUMA_ROOM
        return None

    return check


_NO_NUMA_ROOM = (
    "cannot accommodate memory of VM's pinned virtual NUMA nodes within host's physical NUMA nodes."
)


def leases(world: World, vm: Entity) -> Check | None:
    """The host has joined the lockspace of the VM's lease (`lab["leases_ready"]`)."""
    if vm.get("lease") is None:
        return None
    return lambda host: "" if host.lab.get("leases_ready") is False else None


def host_devices(world: World, vm: Entity) -> Check | None:
    """The host passes devices through and has those of the VM."""
    devices = world.children(vm, "hostdevices")
    wanted = {device.name for device in devices}
    if not wanted:
        return None
    listed = [ref_id(item) for item in items_of(vm.get("placement_policy.hosts"), "host")]
    homes = {device.ref("host") for device in devices} - {None} or {*listed[:1], vm.ref("host")}

    def check(host: Entity) -> str | None:
        if host.text("device_passthrough.enabled") == "false":
            return "it does not support host device passthrough"
        if host.id not in homes:
            return "the host does not provide requested host devices"
        present = {device.name for device in world.children(host, "devices")}
        return None if wanted <= present else "some of the required host devices are unavailable"

    return check


def mediated_devices(world: World, vm: Entity) -> Check | None:
    """The host has a free mediated device of each type that the VM uses."""
    wanted = custom_property(vm, "mdev_type").split(",")[0]
    if not wanted:
        return None

    def check(host: Entity) -> str | None:
        types = [
            kind
            for device in world.children(host, "devices")
            for kind in items_of(device.get("m_dev_types"), "m_dev_type")
            if kind.get("name") == wanted
        ]
        if not types:
            return f"some of the required mDev devices are missing ({wanted})"
        if not any(int(str(kind.get("available_instances") or 0)) for kind in types):
            return f"some of the required mDev devices are unavailable ({wanted})"
        return None

    return check
