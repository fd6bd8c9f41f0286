"""The filters over a whole inventory: classes of equal VMs and hosts are judged once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rhevmig.inventory import Cluster, Host, Inventory, Vm
from rhevmig.scheduling.affinity import HardRules
from rhevmig.scheduling.cpu_types import CpuTypes
from rhevmig.scheduling.filters import Surroundings, judge, surroundings_of
from rhevmig.scheduling.memory import required_bytes
from rhevmig.scheduling.preconditions import vm_obstacles
from rhevmig.scheduling.requirements import Demand, Offer, demand_of, offer_of
from rhevmig.scheduling.verdicts import Allowed, Explanation, Reason, Verdict
from rhevmig.terms import Affinity, FilterName, VmStatus
from rhevmig.units import MIB


class Scheduler:
    """Judges where VMs of one inventory may run; keeps what it found, so use one for many questions."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.rules = HardRules(inventory)
        self._cpu_types: dict[str | None, CpuTypes] = {}
        self._around: dict[str, Surroundings] = {}
        self._offers: dict[str, Offer] = {}
        self._offer_classes: dict[Offer, int] = {}
        self._demands: dict[str, tuple[int, Demand]] = {}
        self._demand_classes: dict[Demand, int] = {}
        self._possible: dict[tuple[str, int], tuple[Host, ...]] = {}
        self._judged: dict[tuple[str, int, int], tuple[Reason, ...]] = {}

    def cpu_types_of(self, cluster: Cluster) -> CpuTypes:
        """The CPU types of the cluster's level."""
        if cluster.version not in self._cpu_types:
            self._cpu_types[cluster.version] = CpuTypes(self.inventory.cluster_level(cluster.version))
        return self._cpu_types[cluster.version]

    def explain(self, vm: Vm, host: Host | None = None) -> Explanation:
        """A verdict for each host of the VM's cluster, or for one host."""
        cluster = self.inventory.find_cluster(vm.cluster_id)
        hosts = (host,) if host else self.inventory.hosts_of(cluster) if cluster else ()
        return Explanation(
            vm_id=vm.id,
            vm_name=vm.name,
            cluster_id=vm.cluster_id,
            host_id=vm.host_id,
            obstacles=vm_obstacles(self.inventory, vm),
            verdicts=tuple(self._verdict(vm, each) for each in hosts),
        )

    def destinations(self, vm: Vm) -> tuple[Host, ...]:
        """Hosts that the VM surely could move to, in the engine's order."""
        needed = 0 if vm.status == VmStatus.PAUSED else required_bytes(vm)
        if needed is None:
            return ()
        concerns = self.rules.concerns(vm.id)
        return tuple(
            host
            for host in self.possible_hosts(vm)
            if host.id != vm.host_id
            and (not needed or needed <= (host.max_scheduling_memory_bytes or 0))
            and not (concerns and self.affinity_reasons(vm, host))
        )

    def possible_hosts(self, vm: Vm) -> tuple[Host, ...]:
        """Hosts of its cluster that nothing fixed speaks against; memory and affinity are not asked."""
        cluster = self.inventory.find_cluster(vm.cluster_id)
        if cluster is None:
            return ()
        demand_class, demand = self._demand(vm)
        if vm.affinity == Affinity.PINNED or demand.host_devices:
            return tuple(h for h in self.inventory.hosts_of(cluster) if not self.fixed_reasons(vm, h))
        key = (cluster.id, demand_class)
        if key not in self._possible:
            hosts = self.inventory.hosts_of(cluster)
            self._possible[key] = tuple(h for h in hosts if not self.fixed_reasons(vm, h))
        return self._possible[key]

    def reasons(self, vm: Vm, host: Host) -> tuple[Reason, ...]:
        """Everything against (or in doubt about) this VM on this host, by the state as it was read."""
        fixed = self.fixed_reasons(vm, host)
        own = (*memory_reasons(vm, host, host.max_scheduling_memory_bytes), *self.affinity_reasons(vm, host))
        return (*fixed, *own) if own else fixed

    def fixed_reasons(self, vm: Vm, host: Host) -> tuple[Reason, ...]:
        """Reasons that no other VM's move changes: status, CPU, networks, devices, pins."""
        cluster = self.inventory.find_cluster(vm.cluster_id)
        if cluster is None or host.cluster_id != vm.cluster_id:
            sentence = "the host belongs to another cluster"
            return (Reason(filter="Cluster", allowed=Allowed.NO, sentence=sentence),)
        demand_class, demand = self._demand(vm)
        offer_class, offer = self._offer(host)
        key = (cluster.id, demand_class, offer_class)
        if key not in self._judged:
            self._judged[key] = judge(demand, offer, self._surroundings(cluster))
        shared = self._judged[key]
        own = (
            tuple(_pinned(vm, host, demand)) if vm.affinity == Affinity.PINNED or demand.host_devices else ()
        )
        return (*shared, *own) if own else shared

    def affinity_reasons(
        self, vm: Vm, host: Host, *, at: Mapping[str, str | None] | None = None
    ) -> tuple[Reason, ...]:
        """What hard affinity says against the host, with other VMs where they run or where `at` puts them."""
        return tuple(self.rules.reasons(vm, host.id, at=at)) if self.rules.concerns(vm.id) else ()

    def _verdict(self, vm: Vm, host: Host) -> Verdict:
        reasons = self.reasons(vm, host)
        targets = self.inventory.migration_targets.get(vm.id)
        return Verdict(
            vm_id=vm.id,
            vm_name=vm.name,
            host_id=host.id,
            host_name=host.name,
            allowed=_together(reasons),
            reasons=reasons,
            is_current_host=host.id == vm.host_id,
            engine_allows=None if targets is None else host.id in targets,
        )

    def _surroundings(self, cluster: Cluster) -> Surroundings:
        if cluster.id not in self._around:
            self._around[cluster.id] = surroundings_of(self.inventory, cluster, self.cpu_types_of(cluster))
        return self._around[cluster.id]

    def _offer(self, host: Host) -> tuple[int, Offer]:
        if host.id not in self._offers:
            self._offers[host.id] = offer_of(host, self.inventory.find_cluster(host.cluster_id))
        offer = self._offers[host.id]
        return self._offer_classes.setdefault(offer, len(self._offer_classes)), offer

    def _demand(self, vm: Vm) -> tuple[int, Demand]:
        if vm.id not in self._demands:
            source = self.inventory.find_host(vm.host_id)
            demand = demand_of(self.inventory, vm, self._offer(source)[1] if source else None)
            number = self._demand_classes.setdefault(demand, len(self._demand_classes))
            self._demands[vm.id] = (number, demand)
        return self._demands[vm.id]


def scheduler_of(inventory: Inventory) -> Scheduler:
    """The scheduler of an inventory, built at the first question and kept with its lookups."""
    kept = inventory.__dict__.get("_scheduler")
    if isinstance(kept, Scheduler):
        return kept
    scheduler = Scheduler(inventory)
    inventory.__dict__["_scheduler"] = scheduler
    return scheduler


def memory_reasons(vm: Vm, host: Host, available_bytes: float | None) -> Iterator[Reason]:
    """What the filter Memory says, with so much memory left for scheduling.

    Engine: a paused VM and the host where a VM runs already need none; recordings `migrate-refused-memory`.
    """
    if vm.status == VmStatus.PAUSED or vm.host_id == host.id:
        return
    needed = required_bytes(vm)
    if needed is None or available_bytes is None:
        missing = "memory of the VM" if needed is None else "memory left for scheduling on the host"
        sentence = f"the {missing} is not known"
        yield Reason(filter=FilterName.MEMORY, allowed=Allowed.UNKNOWN, sentence=sentence)
    elif needed > available_bytes:
        left, need = f"{int(available_bytes) // MIB} MiB", f"{needed // MIB} MiB"
        yield Reason(
            filter=FilterName.MEMORY,
            allowed=Allowed.NO,
            sentence=f"the host has {left} left for scheduling, the VM needs {need}",
            evidence={"available": left, "needed": need},
        )


def _pinned(vm: Vm, host: Host, demand: Demand) -> Iterator[Reason]:
    is_elsewhere = host.id not in vm.placement_host_ids
    if vm.affinity == Affinity.PINNED and is_elsewhere and (vm.placement_host_ids or vm.host_id is not None):
        sentence = "the VM is pinned, and not to this host"
        yield Reason(filter=FilterName.PIN_TO_HOST, allowed=Allowed.NO, sentence=sentence)
    if demand.host_devices and host.id not in (demand.device_host_ids or {vm.host_id}):
        names = ", ".join(demand.host_devices)
        yield Reason(
            filter=FilterName.HOST_DEVICE,
            allowed=Allowed.NO,
            sentence=f"the devices {names} are in another host",
            evidence={"devices": names},
        )


def _together(reasons: tuple[Reason, ...]) -> Allowed:
    if any(reason.allowed == Allowed.NO for reason in reasons):
        return Allowed.NO
    return Allowed.UNKNOWN if reasons else Allowed.YES
