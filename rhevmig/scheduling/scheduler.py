"""The filters over a whole inventory: VMs and hosts that are equal for the filters are judged once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rhevmig.inventory import Cluster, Host, Inventory, Vm
from rhevmig.scheduling.cpu_types import CpuTypes
from rhevmig.scheduling.filters import ClusterContext, cluster_context, judge
from rhevmig.scheduling.filters.affinity import HardRules
from rhevmig.scheduling.filters.devices import device_location, virtual_functions
from rhevmig.scheduling.filters.host import in_cluster_upgrade, other_address
from rhevmig.scheduling.filters.memory import memory, needed_bytes
from rhevmig.scheduling.filters.pin_to_host import pin_to_host
from rhevmig.scheduling.preconditions import vm_obstacles
from rhevmig.scheduling.requirements import Demand, Offer, demand_of, offer_of
from rhevmig.scheduling.verdicts import (
    Allowed,
    Explanation,
    HostVerdict,
    Reason,
    VmSummary,
    migratability,
)
from rhevmig.terms import Affinity, FilterName


class VmClass(NamedTuple):
    """Key of VMs that get the same verdict on every host where they do not run."""

    cluster_id: str
    demand: int
    #: Memory that they need on another host; None while unknown.
    needed_bytes: int | None
    #: Set for a VM that is alone in its class: pinned, with host devices or affinity rules.
    vm_id: str | None


class ClassVerdicts(NamedTuple):
    """Verdicts of one class of VMs on the hosts of its cluster, in the engine's order."""

    hosts: tuple[Host, ...]
    #: One tuple of reasons per host.
    reasons: tuple[tuple[Reason, ...], ...]
    destination_ids: tuple[str, ...]
    unknown_ids: tuple[str, ...]
    #: Filter → number of hosts that it refuses or could not judge.
    filters: Counter[str]


class Scheduler:
    """Judges where VMs of one inventory may run; `scheduler_of` keeps one per inventory.

    `explain` answers for one VM in full. For thousands of VMs `summarize` counts: verdicts are computed once
    per class of VMs (`class_of`, `class_verdicts`) and hosts with equal offers share the reasons that no
    memory or affinity decides, so 5,000 VMs × 500 hosts take well under a second.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.rules = HardRules(inventory)
        self._cpu_types: dict[str | None, CpuTypes] = {}
        self._contexts: dict[str, ClusterContext] = {}
        self._offers: dict[str, tuple[int, Offer]] = {}
        self._offer_numbers: dict[Offer, int] = {}
        self._demands: dict[str, tuple[int, Demand]] = {}
        self._demand_numbers: dict[Demand, int] = {}
        self._possible: dict[tuple[str, int], tuple[Host, ...]] = {}
        self._judged: dict[tuple[str, int, int], tuple[Reason, ...]] = {}
        self._verdicts: dict[VmClass, ClassVerdicts] = {}
        self._fixed: dict[str, bool] = {}
        addresses = Counter(host.address for host in inventory.hosts if host.address)
        self._twins = {host.id for host in inventory.hosts if addresses[host.address or ""] > 1}

    def cpu_types_of(self, cluster: Cluster) -> CpuTypes:
        """The CPU types of the cluster's compatibility level."""
        return self._cpu_types_at(cluster.version)

    def _cpu_types_at(self, level: str | None) -> CpuTypes:
        if level not in self._cpu_types:
            self._cpu_types[level] = CpuTypes(self.inventory.cluster_level(level))
        return self._cpu_types[level]

    # ── one VM ───────────────────────────────────────────────────────────────────────────────────

    def explain(self, vm: Vm, host: Host | None = None) -> Explanation:
        """A verdict for each host of the VM's cluster, or for one host."""
        hosts = (host,) if host else self._hosts_of(vm)
        return Explanation(
            vm_id=vm.id,
            vm_name=vm.name,
            cluster_id=vm.cluster_id,
            host_id=vm.host_id,
            obstacles=vm_obstacles(self.inventory, vm),
            verdicts=tuple(self._verdict(vm, each) for each in hosts),
        )

    def reasons(self, vm: Vm, host: Host) -> tuple[Reason, ...]:
        """All reasons for this VM on this host, by the state of the inventory."""
        return self._all_reasons(vm, host, needs_memory=vm.host_id != host.id)

    def fixed_reasons(self, vm: Vm, host: Host) -> tuple[Reason, ...]:
        """Reasons that migrations of other VMs do not change: status, CPU, networks, devices, pins."""
        cluster = self.inventory.find_cluster(vm.cluster_id)
        if cluster is None or host.cluster_id != vm.cluster_id:
            return (Reason.no("Cluster", "the host belongs to another cluster"),)
        demand_number, demand = self._demand(vm)
        offer_number, offer = self._offer(host)
        key = (cluster.id, demand_number, offer_number)
        if key not in self._judged:
            self._judged[key] = judge(demand, offer, self._context(cluster))
        shared = self._judged[key]
        if not self._is_fixed_to_hosts(vm):
            return shared
        source = self.inventory.find_host(vm.host_id)
        own = (
            (FilterName.PIN_TO_HOST, pin_to_host(vm, host)),
            (FilterName.HOST_DEVICE, device_location(vm, host, demand)),
            (FilterName.NETWORK, virtual_functions(vm, host, demand, offer)),
            (
                FilterName.IN_CLUSTER_UPGRADE,
                in_cluster_upgrade(source, host) if self._compares_os(vm) else (),
            ),
            (FilterName.MIGRATION, other_address(source, host)),
        )
        is_active = self._context(cluster).is_active
        return (*shared, *(reason for name, reasons in own if is_active(name) for reason in reasons))

    def affinity_reasons(
        self, vm: Vm, host: Host, *, at: Mapping[str, str | None] | None = None
    ) -> tuple[Reason, ...]:
        """Reasons of enforcing affinity, with other VMs on their current hosts or where `at` places them."""
        if not self.rules.concerns(vm.id):
            return ()
        is_active = self._is_active(vm)
        return tuple(r for r in self.rules.reasons(vm, host.id, at=at) if is_active(r.filter))

    def memory_reasons(self, vm: Vm, available_bytes: float | None) -> tuple[Reason, ...]:
        """Reasons of the filter Memory with so much memory left for scheduling."""
        if not self._is_active(vm)(FilterName.MEMORY):
            return ()
        return tuple(memory(needed_bytes(vm), available_bytes))

    def destinations(self, vm: Vm) -> tuple[Host, ...]:
        """Hosts that the VM surely could move to, in the engine's order."""
        shared = self.class_verdicts(vm)
        free = set(shared.destination_ids) - {vm.host_id}
        return tuple(host for host in shared.hosts if host.id in free)

    def possible_hosts(self, vm: Vm) -> tuple[Host, ...]:
        """Hosts of its cluster without a fixed reason; memory and affinity are not considered."""
        if self._is_fixed_to_hosts(vm):
            return tuple(h for h in self._hosts_of(vm) if not self.fixed_reasons(vm, h))
        key = (vm.cluster_id, self._demand(vm)[0])
        if key not in self._possible:
            self._possible[key] = tuple(h for h in self._hosts_of(vm) if not self.fixed_reasons(vm, h))
        return self._possible[key]

    # ── thousands of VMs ─────────────────────────────────────────────────────────────────────────

    def class_of(self, vm: Vm) -> VmClass:
        """The class of a VM."""
        is_alone = self._is_fixed_to_hosts(vm) or self.rules.concerns(vm.id)
        return VmClass(vm.cluster_id, self._demand(vm)[0], needed_bytes(vm), vm.id if is_alone else None)

    def class_verdicts(self, vm: Vm) -> ClassVerdicts:
        """The verdicts that the VM's class shares; those about its current host do not apply to the VM."""
        key = self.class_of(vm)
        if key not in self._verdicts:
            hosts = self._hosts_of(vm)
            reasons = tuple(self._all_reasons(vm, host, needs_memory=True) for host in hosts)
            by_host = list(zip(hosts, reasons, strict=True))
            self._verdicts[key] = ClassVerdicts(
                hosts=hosts,
                reasons=reasons,
                destination_ids=tuple(host.id for host, found in by_host if not found),
                unknown_ids=tuple(h.id for h, found in by_host if _together(found) == Allowed.UNKNOWN),
                filters=Counter(name for found in reasons for name in {each.filter for each in found}),
            )
        return self._verdicts[key]

    def summarize(self, vm: Vm) -> VmSummary:
        """What `explain` finds for the VM, counted over the other hosts of its cluster."""
        shared = self.class_verdicts(vm)
        obstacles = vm_obstacles(self.inventory, vm)
        destinations = tuple(each for each in shared.destination_ids if each != vm.host_id)
        unknown = tuple(each for each in shared.unknown_ids if each != vm.host_id)
        filters = shared.filters.copy()
        current = self.inventory.find_host(vm.host_id)
        is_here = current is not None and current.cluster_id == vm.cluster_id
        if current is not None and is_here:
            filters.subtract({each.filter for each in self._all_reasons(vm, current, needs_memory=True)})
        return VmSummary(
            vm_id=vm.id,
            migratability=migratability(
                obstacles, has_destination=bool(destinations), has_unknown=bool(unknown)
            ),
            obstacles=obstacles,
            destination_ids=destinations,
            unknown_ids=unknown,
            other_hosts=len(shared.hosts) - is_here,
            filters={name: number for name, number in sorted(filters.items()) if number},
            disagreeing_ids=self._disagreements(vm),
        )

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    def _all_reasons(self, vm: Vm, host: Host, *, needs_memory: bool) -> tuple[Reason, ...]:
        available = host.max_scheduling_memory_bytes
        return (
            *self.fixed_reasons(vm, host),
            *(self.memory_reasons(vm, available) if needs_memory else ()),
            *self.affinity_reasons(vm, host),
        )

    def _disagreements(self, vm: Vm) -> tuple[str, ...]:
        if vm.id not in self.inventory.migration_targets:
            return ()
        return tuple(verdict.host_id for verdict in self.explain(vm).disagreements)

    def _hosts_of(self, vm: Vm) -> tuple[Host, ...]:
        cluster = self.inventory.find_cluster(vm.cluster_id)
        return self.inventory.hosts_of(cluster) if cluster else ()

    def _is_active(self, vm: Vm) -> Callable[[str], bool]:
        cluster = self.inventory.find_cluster(vm.cluster_id)
        return self._context(cluster).is_active if cluster else lambda _: True

    def _is_fixed_to_hosts(self, vm: Vm) -> bool:
        """Whether equal VMs on other hosts get other verdicts."""
        if vm.id not in self._fixed:
            self._fixed[vm.id] = (
                vm.affinity == Affinity.PINNED
                or bool(vm.host_devices or self._demand(vm)[1].pass_through_nics)
                or vm.host_id in self._twins
                or self._compares_os(vm)
            )
        return self._fixed[vm.id]

    def _compares_os(self, vm: Vm) -> bool:
        cluster = self.inventory.find_cluster(vm.cluster_id)
        policy = self._context(cluster).policy_filters if cluster else None
        return policy is not None and FilterName.IN_CLUSTER_UPGRADE in policy

    def _verdict(self, vm: Vm, host: Host) -> HostVerdict:
        reasons = self.reasons(vm, host)
        targets = self.inventory.migration_targets.get(vm.id)
        return HostVerdict(
            vm_id=vm.id,
            vm_name=vm.name,
            host_id=host.id,
            host_name=host.name,
            allowed=_together(reasons),
            reasons=reasons,
            is_current_host=host.id == vm.host_id,
            engine_allows=None if targets is None else host.id in targets,
        )

    def _context(self, cluster: Cluster) -> ClusterContext:
        if cluster.id not in self._contexts:
            self._contexts[cluster.id] = cluster_context(self.inventory, cluster, self._cpu_types_at)
        return self._contexts[cluster.id]

    def _offer(self, host: Host) -> tuple[int, Offer]:
        if host.id not in self._offers:
            offer = offer_of(self.inventory, host, self.inventory.find_cluster(host.cluster_id))
            number = self._offer_numbers.setdefault(offer, len(self._offer_numbers))
            self._offers[host.id] = (number, offer)
        return self._offers[host.id]

    def _demand(self, vm: Vm) -> tuple[int, Demand]:
        if vm.id not in self._demands:
            source = self.inventory.find_host(vm.host_id)
            demand = demand_of(self.inventory, vm, self._offer(source)[1] if source else None)
            number = self._demand_numbers.setdefault(demand, len(self._demand_numbers))
            self._demands[vm.id] = (number, demand)
        return self._demands[vm.id]


def scheduler_of(inventory: Inventory) -> Scheduler:
    """The scheduler of an inventory, created once and kept with it."""
    return inventory.derived(Scheduler)


def explain(inventory: Inventory, vm: Vm | str, host: Host | str | None = None) -> Explanation:
    """Judges each host of the VM's cluster, or one host, by the engine's filters.

    Args: vm, host (object, name or id). Answers are kept with the inventory for further questions.
    Raises: NotFound, AmbiguousName.
    """
    subject = inventory.vm(vm) if isinstance(vm, str) else vm
    place = inventory.host(host) if isinstance(host, str) else host
    return scheduler_of(inventory).explain(subject, place)


def _together(reasons: tuple[Reason, ...]) -> Allowed:
    if any(reason.allowed == Allowed.NO for reason in reasons):
        return Allowed.NO
    return Allowed.UNKNOWN if reasons else Allowed.YES
