"""Random worlds for comparing the product's scheduling with the lab's scheduler, pair by pair."""

from __future__ import annotations

import random
from collections import Counter

from rhevmig import connect
from rhevmig.inventory import Inventory
from rhevmig.lab.lab import serve
from rhevmig.lab.scenario.build_sites import build_world
from rhevmig.lab.scenario.model import parse_scenario
from rhevmig.lab.scheduling.cpu_allocation import CpuUnits
from rhevmig.lab.scheduling.filters import checks_of
from rhevmig.lab.state.store import Entity, World
from rhevmig.scheduling.scheduler import scheduler_of
from rhevmig.scheduling.verdicts import Allowed
from rhevmig.terms import FilterName

GIB = 2**30
HOSTS, VMS = 8, 36
SITE = f"""
name: random
data_centers:
  - name: dc
    version: "4.8"
    networks:
      - {{name: migration, vlan: 100, vm: false}}
      - {{name: guests, vlan: 102}}
      - {{name: backup, vlan: 103}}
    storage: [{{name: nfs, address: nas}}]
clusters:
  - name: intel
    data_center: dc
    cpu: Intel Haswell Family
    networks:
      - {{name: ovirtmgmt, roles: [display, management, default_route], required: true}}
      - {{name: migration, roles: [migration], required: true}}
      - {{name: guests, required: true}}
      - {{name: backup}}
hosts:
  - name: "h{{n}}"
    count: {HOSTS}
    cluster: intel
    memory_gib: 48
    nics: [{{name: eth0}}, {{name: eth1}}]
    attachments:
      - {{network: ovirtmgmt, nic: eth0, address: "192.0.2.{{n}}/24"}}
      - {{network: migration, nic: eth1, address: "10.0.0.{{n}}/24"}}
      - {{network: guests, nic: eth0}}
      - {{network: backup, nic: eth0}}
vms:
  - name: "vm{{n}}"
    count: {VMS}
    cluster: intel
    host: h1
    memory_gib: 1
    nics: [{{profile: guests}}, {{profile: backup}}]
"""


class Comparison:
    """How two schedulers judge the same pairs."""

    def __init__(self) -> None:
        self.pairs = 0
        self.unknown: Counter[str] = Counter()
        #: Refusals of the lab by filter.
        self.refusals: Counter[str] = Counter()
        #: World, VM, host and filter, where one said yes and the other no.
        self.ours_yes: list[str] = []
        self.ours_no: list[str] = []

    def compare(self, seed: int) -> None:
        """Judge every pair of one world."""
        world = random_world(seed)
        with serve(world, speed=0.001) as lab:
            arguments = {"username": lab.username, "password": lab.password, "ca_file": lab.ca_file}
            with connect(lab.url, **arguments) as client:
                inventory = client.inventory(detail=["hosts", "host_statistics", "vms"])
            self._pairs(seed, world, inventory)

    def _pairs(self, seed: int, world: World, inventory: Inventory) -> None:
        scheduler = scheduler_of(inventory)
        for vm in inventory.vms:
            theirs_vm = world.find("vms", vm.id)
            if theirs_vm is None or not vm.is_running or theirs_vm.ref("host") is None:
                continue
            checks = checks_of(world, theirs_vm)
            for verdict in scheduler.explain(vm).verdicts:
                host = world.find("hosts", verdict.host_id)
                if host is None or host.id == theirs_vm.ref("host") or host.text("status") != "up":
                    continue
                self.pairs += 1
                refused = [name for name, check in checks if check(host) is not None]
                self.refusals.update(refused)
                where = f"world {seed}: {vm.name} on {host.name}: lab {refused}, ours {verdict.reasons}"
                if verdict.allowed == Allowed.UNKNOWN:
                    self.unknown.update({reason.filter for reason in verdict.reasons})
                    self.unknown["pairs"] += 1
                elif verdict.allowed == Allowed.YES and refused:
                    self.ours_yes.append(where)
                elif verdict.allowed == Allowed.NO and not refused:
                    self.ours_no.append(where)


def random_world(seed: int) -> World:
    """A world in which each filter of the engine has something to look at."""
    chance = random.Random(seed)
    world = build_world(parse_scenario(SITE), speed=0)
    hosts, vms = list(world.all("hosts")), list(world.all("vms"))
    for host in hosts:
        _host(world, chance, host)
    for vm in vms:
        _vm(world, chance, vm, chance.choice(hosts))
    for host in hosts:
        units = CpuUnits(host)
        for vm in world.referring("vms", "host", host.id):
            if not units.allocate(vm):  # no engine would have started it
                world.set(vm, "cpu_pinning_policy", None)
    _groups(world, chance, vms, hosts)
    if chance.random() < 0.5:
        world.set(vms[0], "origin", "managed_hosted_engine")
    if chance.random() < 0.2:
        _compare_systems(world)
    if chance.random() < 0.3:
        world.set(hosts[0], "address", hosts[1].text("address"))
    special = SPECIAL[seed % WORLDS] if seed % WORLDS < len(SPECIAL) else None
    if special is not None:
        special(world, hosts, vms)
    return world


def _host(world: World, chance: random.Random, host: Entity) -> None:
    sockets, cores, threads = chance.choice([(1, 6, 1), (1, 8, 2), (2, 8, 2), (2, 16, 1), (8, 1, 2)])
    level = chance.choice(["Intel Haswell Family", "Intel Broadwell Family", "Intel Skylake Server Family"])
    world.update(
        host,
        {
            "cpu.topology": {"sockets": str(sockets), "cores": str(cores), "threads": str(threads)},
            "cpu.type": level,
            "memory": str(chance.choice([16, 32, 64]) * GIB),
            "os": {
                "type": chance.choice(["RHEL", "RHEL", "RHEL", "OL"]),
                "version": {"full_version": chance.choice(["8.6", "9.2", "9.4"])},
            },
            "device_passthrough.enabled": chance.choice(["true", "false"]),
            "hosted_engine": {
                "active": "true",
                "configured": chance.choice(["true", "true", "false"]),
                "global_maintenance": "false",
                "local_maintenance": "false",
                "score": str(chance.choice([0, 1800, 3000, 3400])),
            },
        },
    )
    if chance.random() < 0.15:
        attachment = chance.choice(world.children(host, "networkattachments")[2:])
        for nic in world.children(host, "nics"):
            if nic.ref("network") == attachment.ref("network"):
                world.set(nic, "network", None)
        world.remove(attachment)
    pages = chance.choice([0, 512, 4096])
    memory = host.number("memory")
    swap = chance.random() < 0.1
    host.lab["swapping"] = swap
    host.lab["reported"] = {
        "hugepages.2048.free": str(pages),
        "swap.used": str(memory // 2 if swap else 0),
        "memory.free": str(memory // 4),
    }
    host.lab["reported_memory"] = [memory // 2, memory // 4]
    host.lab["reported_beside"] = 0


def _vm(world: World, chance: random.Random, vm: Entity, host: Entity) -> None:
    sockets, cores = chance.choice([(1, 1), (1, 2), (2, 2), (1, 4)] * 9 + [(1, 10)])
    changes: dict[str, object] = {
        "host": {"@id": host.id},
        "status": chance.choice(["up", "up", "up", "paused"]),
        "memory": str(chance.choice([1, 1, 2, 4, 20]) * GIB),
        "cpu.topology": {
            "sockets": str(sockets),
            "cores": str(cores),
            "threads": chance.choice(["1", "1", "2"]),
        },
    }
    kind = chance.random()
    if kind < 0.015:
        changes["cpu_pinning_policy"] = chance.choice(["dedicated", "isolate_threads"])
    elif kind < 0.1:
        cpus = chance.choice(["0-3", "2,5", "30-33", "1-7,^3"])
        changes["cpu.cpu_tune"] = {"vcpu_pins": {"vcpu_pin": [{"vcpu": "0", "cpu_set": cpus}]}}
    elif kind < 0.2:
        changes["placement_policy.affinity"] = "pinned"
        changes["placement_policy.hosts"] = {"host": [{"@id": host.id}]}
    elif kind < 0.24:
        changes["custom_cpu_model"] = chance.choice(
            ["Broadwell-noTSX", "Skylake-Server,-hle,-rtm,-mpx", "Skylake-Server", "Nehalem"]
        )
    elif kind < 0.34:
        changes["custom_properties"] = _properties(("hugepages", "2048"))
    world.update(vm, changes)
    if 0.4 < kind < 0.45:
        device = {"name": "pci_0000_3b_00_0", "host": {"@id": host.id}}
        world.add("vms/hostdevices", world.new_id("device", vm.id), device, parent=vm)
        world.add("hosts/devices", world.new_id("device", f"{vm.id}/host"), device, parent=host)


def _properties(*pairs: tuple[str, str]) -> dict[str, object]:
    return {"custom_property": [{"name": name, "value": value} for name, value in pairs]}


def _groups(world: World, chance: random.Random, vms: list[Entity], hosts: list[Entity]) -> None:
    cluster = world.named("clusters", "intel")
    for number in range(4):
        rule = {"enabled": "true", "enforcing": "true", "positive": chance.choice(["true", "false"])}
        off = {"enabled": "false", "enforcing": "false", "positive": "false"}
        of_vms = number % 2 == 0
        attrs: dict[str, object] = {
            "name": f"group{number}",
            "enforcing": "true" if of_vms else "false",
            "vms_rule": rule if of_vms else off,
            "hosts_rule": off if of_vms else rule,
            "vms": {"vm": [{"@id": vm.id} for vm in chance.sample(vms, 3)]},
        }
        if not of_vms:
            attrs["hosts"] = {"host": [{"@id": host.id} for host in chance.sample(hosts, 2)]}
        new_id = world.new_id("group", f"{number}")
        world.add("clusters/affinitygroups", new_id, attrs, parent=cluster)


def _compare_systems(world: World) -> None:
    """Add the filter of cluster upgrades to the scheduling policy."""
    cluster = world.named("clusters", "intel")
    unit = world.named("schedulingpolicyunits", "InClusterUpgrade")
    assert cluster is not None
    assert unit is not None
    policy = world.find("schedulingpolicies", cluster.ref("scheduling_policy"))
    attrs = {"scheduling_policy_unit": {"@id": unit.id}}
    world.add("schedulingpolicies/filters", unit.id, attrs, parent=policy)


# -- what the API reports too little about: one world for each


def _place(world: World, vms: list[Entity], host: Entity, **changes: object) -> None:
    for vm in vms:
        world.update(vm, {"host": {"@id": host.id}, "status": "up", "cpu_pinning_policy": None, **changes})


def _overloaded(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    cluster = world.named("clusters", "intel")
    assert cluster is not None
    limit = {"property": [{"name": "HighUtilization", "value": "80"}]}
    world.set(cluster, "custom_scheduling_policy_properties", limit)
    hosts[0].lab["cpu_percent"] = 95
    hosts[0].lab["reported"]["cpu.current.idle"] = "5"


def _spares(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    cluster = world.named("clusters", "intel")
    assert cluster is not None
    count = {"property": [{"name": "HeSparesCount", "value": "3"}]}
    world.set(cluster, "custom_scheduling_policy_properties", count)
    world.update(vms[0], {"origin": "managed_hosted_engine", "memory": str(GIB)})
    for host in hosts[1:]:
        world.set(host, "hosted_engine", {"active": "false", "configured": "false", "score": "0"})
    spare = {"active": "true", "configured": "true", "local_maintenance": "false", "score": "3400"}
    world.set(hosts[0], "hosted_engine", spare)
    for vm in world.referring("vms", "host", hosts[0].id):
        world.set(vm, "host", {"@id": hosts[1].id})
    for vm in vms[1:]:
        world.set(vm, "memory", str(hosts[0].number("memory") - GIB))


def _numa(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    for host in hosts:
        world.set(host, "numa_supported", "false")
    _place(world, vms[1:4], hosts[0], numa_tune_mode="strict")
    for vm in vms[1:4]:
        pins = {"numa_node_pin": [{"index": "0"}]}
        node = {"index": "0", "memory": "1024", "numa_node_pins": pins}
        world.add("vms/numanodes", world.new_id("numa", vm.id), node, parent=vm)


def _tsc(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    for number, host in enumerate(hosts):
        host.lab["tsc_khz"] = 2_400_000 + 100_000 * number
        world.set(host, "cpu.speed", str(2400 + 100 * number))
    _place(world, vms[1:4], hosts[0], type="high_performance")


def _mediated(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    _place(world, vms[1:4], hosts[0], custom_properties=_properties(("mdev_type", "nvidia-22")))


def _hooks(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    _place(world, vms[1:4], hosts[0], custom_properties=_properties(("sap_agent", "true")))


def _machine(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    world.set(hosts[0], "os.version.full_version", "9.9")
    for host in hosts:
        host.lab["emulated_machines"] = ("pc-q35-rhel9.2.0",)
    hosts[0].lab["emulated_machines"] = ("pc-q35-rhel9.2.0", "pc-q35-rhel9.9.0")
    _place(world, vms[1:4], hosts[0], custom_emulated_machine="pc-q35-rhel9.9.0")


def _version(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    world.set(hosts[0], "os.version.full_version", "9.9")
    for host in hosts:
        host.lab["compatibility_versions"] = ("4.7", "4.8")
    hosts[0].lab["compatibility_versions"] = ("4.6", "4.7", "4.8")
    _place(world, vms[1:4], hosts[0], custom_compatibility_version={"major": "4", "minor": "6"})


def _leases(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    domain = world.named("storagedomains", "nfs")
    assert domain is not None
    for host in hosts:
        host.lab["leases_ready"] = False
    for attached in world.all("datacenters/storagedomains"):
        world.set(attached, "status", "inactive")
    _place(world, vms[1:4], hosts[0], lease={"storage_domain": {"@id": domain.id}})


def _topology(world: World, hosts: list[Entity], vms: list[Entity]) -> None:
    for host in hosts[1:]:
        world.set(host, "cpu.topology", {"sockets": "16", "cores": "1", "threads": "1"})
    world.set(hosts[0], "cpu.topology", {"sockets": "2", "cores": "8", "threads": "2"})
    _place(world, vms[1:4], hosts[0])
    for vm in vms[1:4]:
        world.set(vm, "cpu_pinning_policy", "dedicated")
        world.set(vm, "cpu.topology", {"sockets": "1", "cores": "1", "threads": "2"})


SPECIAL = (_overloaded, _spares, _numa, _tsc, _mediated, _hooks, _machine, _version, _leases, _topology)
#: Worlds of a whole comparison.
WORLDS = 40
#: The filter that never refuses a VM that runs.
_FOR_STARTS = frozenset((FilterName.CLUSTER_IN_MAINTENANCE,))


def missing_refusals(comparison: Comparison, least: int) -> dict[str, int]:
    """Filters that refused less often than that, with their counts."""
    judged = set(FilterName) - _FOR_STARTS
    return {name: comparison.refusals[name] for name in judged if comparison.refusals[name] < least}
