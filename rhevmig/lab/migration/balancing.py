"""What the engine moves by itself every minute: affinity enforcement and load balancing.

Both act only while nothing migrates in the cluster (the pause at a wave's barrier), one VM a minute and
cluster. Recorded: event 67 with the reason "Affinity rules enforcement", also for rules that are soft.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rhevmig.lab.migration.lifecycle import Migrations
from rhevmig.lab.scheduling.filters.check import vcpus
from rhevmig.lab.scheduling.scheduler import EngineScheduler
from rhevmig.lab.state.attribute_values import items_of, ref_id
from rhevmig.lab.state.event_publisher import EventPublisher
from rhevmig.lab.state.store import Entity

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState

#: Seconds between two looks (AffinityRulesEnforcementManagerRegularInterval; balancing: a minute).
EVERY_S = 60.0
AFFINITY_REASON = "Affinity rules enforcement"
BALANCING_REASON = "Load balancing"
_BALANCED_BY_COUNT = "vm_evenly_distributed"
_BALANCED_BY_LOAD = "evenly_distributed"


class Balancer:
    """Looks every minute whether some VM stands where a rule does not want it."""

    def __init__(
        self,
        engine: EngineState,
        scheduler: EngineScheduler,
        migrations: Migrations,
        publisher: EventPublisher,
    ) -> None:
        self.world = engine.world
        self.scheduler = scheduler
        self.migrations = migrations
        self.publisher = publisher
        #: False keeps the engine from moving anything by itself.
        self.is_on = True
        self.world.agenda.every(EVERY_S, self.look, "affinity and balance")

    def look(self) -> None:
        """Move at most one VM in each cluster where nothing migrates."""
        if not self.is_on:
            return
        busy = {vm.ref("cluster") for vm in self.world.all("vms") if vm.text("status") == "migrating"}
        for cluster in self.world.all("clusters"):
            if cluster.id not in busy and not self._is_upgrading(cluster):
                moved = any(self._move(*wanted) for wanted in self._astray(cluster))
                if not moved:
                    self._balance(cluster)

    def _is_upgrading(self, cluster: Entity) -> bool:
        return cluster.flag("upgrade_in_progress")

    # -- affinity

    def _astray(self, cluster: Entity) -> Iterator[tuple[Entity, list[str], str]]:
        """VMs that break a rule, each with the hosts that would mend it; enforcing rules first."""
        groups = sorted(
            self.world.children(cluster, "affinitygroups"),
            key=lambda group: not (group.flag("vms_rule.enforcing") or group.flag("hosts_rule.enforcing")),
        )
        for group in groups:
            vms = [
                vm
                for item in items_of(group.get("vms"), "vm")
                if (vm := self.world.find("vms", ref_id(item))) is not None and vm.text("status") == "up"
            ]
            yield from self._by_hosts(cluster, group, vms)
            yield from self._by_vms(cluster, group, vms)

    def _by_hosts(
        self, cluster: Entity, group: Entity, vms: list[Entity]
    ) -> Iterator[tuple[Entity, list[str], str]]:
        listed = {ref_id(item) for item in items_of(group.get("hosts"), "host")}
        if not group.flag("hosts_rule.enabled") or not listed:
            return
        wants_listed = group.flag("hosts_rule.positive")
        everywhere = [host.id for host in self.world.referring("hosts", "cluster", cluster.id)]
        good = [host_id for host_id in everywhere if (host_id in listed) == wants_listed]
        for vm in vms:
            if vm.ref("host") not in good:
                yield vm, good, AFFINITY_REASON

    def _by_vms(
        self, cluster: Entity, group: Entity, vms: list[Entity]
    ) -> Iterator[tuple[Entity, list[str], str]]:
        if not group.flag("vms_rule.enabled") or len(vms) < 2:
            return
        places: dict[str, list[Entity]] = {}
        for vm in vms:
            places.setdefault(vm.ref("host") or "", []).append(vm)
        if group.flag("vms_rule.positive"):
            if len(places) > 1:
                by_size = sorted(places, key=lambda host_id: (len(places[host_id]), host_id))
                for host_id in by_size:
                    for vm in places[host_id]:
                        yield vm, [other for other in reversed(by_size) if other != host_id], AFFINITY_REASON
            return
        free = [
            host.id for host in self.world.referring("hosts", "cluster", cluster.id) if host.id not in places
        ]
        for crowd in places.values():
            for vm in crowd[1:]:
                yield vm, free, AFFINITY_REASON

    # -- balance

    def _balance(self, cluster: Entity) -> None:
        policy = self.world.find("schedulingpolicies", cluster.ref("scheduling_policy"))
        if policy is None or policy.name not in (_BALANCED_BY_COUNT, _BALANCED_BY_LOAD):
            return
        hosts = [
            host
            for host in self.world.referring("hosts", "cluster", cluster.id)
            if host.text("status") == "up"
        ]
        if len(hosts) < 2:
            return
        if policy.name == _BALANCED_BY_COUNT:
            self._balance_counts(cluster, hosts)
        else:
            self._balance_load(hosts)

    def _balance_counts(self, cluster: Entity, hosts: list[Entity]) -> None:
        """More VMs on one host than HighVmCount and than on another by MigrationThreshold: one moves."""
        limits = self._properties(cluster)
        high, threshold = int(limits.get("HighVmCount", 10)), int(limits.get("MigrationThreshold", 5))
        ranked = sorted(
            hosts, key=lambda host: (len(self.world.referring("vms", "host", host.id)), host.name)
        )
        least, most = ranked[0], ranked[-1]
        counts = [len(self.world.referring("vms", "host", host.id)) for host in (least, most)]
        if counts[1] >= high and counts[1] - counts[0] >= threshold:
            self._move_one(most, [least.id])

    def _balance_load(self, hosts: list[Entity]) -> None:
        """A host above its CPU limit gives one VM away (`lab["cpu_percent"]`, which a scenario sets)."""
        loaded = [host for host in hosts if float(host.lab.get("cpu_percent", 0)) > 80]
        if loaded:
            others = [host.id for host in hosts if host not in loaded]
            self._move_one(max(loaded, key=lambda host: float(host.lab["cpu_percent"])), others)

    def _move_one(self, host: Entity, targets: list[str]) -> None:
        vms = sorted(self.world.referring("vms", "host", host.id), key=lambda vm: (vcpus(vm), vm.name))
        for vm in vms:
            if vm.text("status") == "up" and self._move(vm, targets, BALANCING_REASON):
                return

    def _properties(self, cluster: Entity) -> dict[str, str]:
        items = items_of(cluster.get("custom_scheduling_policy_properties"), "property")
        return {str(item.get("name")): str(item.get("value")) for item in items}

    # -- moving

    def _move(self, vm: Entity, targets: list[str], reason: str) -> bool:
        """Start the move if the VM may move and a host that would do takes it."""
        source = self.world.find("hosts", vm.ref("host"))
        if (
            source is None
            or vm.text("placement_policy.affinity", "migratable") != "migratable"
            or vm.lab.get("locked")
        ):
            return False
        passing = [host for host in self.scheduler.passing(vm, without={source.id}) if host.id in targets]
        if not passing:
            return False
        self.migrations.start_own(vm, self.scheduler.choose(vm, passing), reason=reason)
        return True
