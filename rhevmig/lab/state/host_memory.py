"""Memory of a host as the engine's scheduler counts it: what its VMs take, what may still be placed on it."""

from __future__ import annotations

from rhevmig.lab.state.store import Entity, World

MIB = 1024 * 1024
#: Memory that the engine keeps for the host itself, MiB (recorded hosts: 321 + 65).
HOST_RESERVE_MIB = 386
#: VM statuses that count as active in a host's summary.
ACTIVE_STATUSES = frozenset(
    (
        "up",
        "powering_up",
        "paused",
        "migrating",
        "reboot_in_progress",
        "wait_for_launch",
        "powering_down",
        "not_responding",
        "unknown",
        "saving_state",
        "restoring_state",
    )
)


def overhead_mib(vm: Entity) -> int:
    """Memory of QEMU in addition to the guest's: 88 MiB, 8 per vCPU, 1/512 of the memory (recorded)."""
    vcpus = 1
    for part in ("sockets", "cores", "threads"):
        vcpus *= vm.number(f"cpu.topology.{part}", 1)
    return 88 + 8 * vcpus + vm.number("memory") // MIB // 512


def _committed_mib(world: World, host: Entity) -> int:
    """Memory of the VMs on a host, MiB; cached until one of them changes, arrives or leaves."""
    version = world.load_version.get(host.id, 0)
    known = host.lab.get("#committed")
    if known is None or known[0] != version:
        vms = world.referring("vms", "host", host.id)
        known = (version, sum(vm.number("memory") // MIB + overhead_mib(vm) for vm in vms))
        host.lab["#committed"] = known
    return int(known[1])


def schedulable_mib(world: World, host: Entity) -> int:
    """Memory that the scheduler may still place on the host, MiB."""
    cluster = world.find("clusters", host.ref("cluster"))
    percent = cluster.number("memory_policy.over_commit.percent", 100) if cluster else 100
    memory = host.number("memory") // MIB * percent // 100
    committed = _committed_mib(world, host)
    return memory - HOST_RESERVE_MIB - committed - int(host.lab.get("pending_mib", 0))
