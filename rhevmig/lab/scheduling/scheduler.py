"""The engine's scheduler: candidates, filters, the sentence of a refusal, the choice, pending memory.

The engine keeps candidates in a Java hash map; its refusals name, and its lists show, hosts in that
order (all recorded lists agree). Every line of a refusal shows the values of the first host.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import NamedTuple

from rhevmig.lab.http.faults import message
from rhevmig.lab.scheduling.filters import Check, checks_of
from rhevmig.lab.scheduling.filters.check import vcpus
from rhevmig.lab.state.external_facts import facts_of
from rhevmig.lab.state.host_load import schedulable_mib
from rhevmig.lab.state.store import Entity, World


def _hash(entity_id: str) -> int:
    """The hash of a UUID as Java spreads it over the buckets of a map."""
    number = uuid.UUID(entity_id).int
    both = (number >> 64) ^ (number & (2**64 - 1))
    folded = ((both >> 32) ^ both) & 0xFFFFFFFF
    return folded ^ (folded >> 16)


def in_hash_order(entities: Iterable[Entity]) -> list[Entity]:
    """Entities in the order in which a Java hash map, keyed by their ids, gives them back."""
    found = list(entities)
    buckets = 16
    while len(found) > buckets * 3 // 4:
        buckets *= 2
    return sorted(found, key=lambda entity: (_hash(entity.id) & (buckets - 1), -entity.seq))


class FilteredOut(NamedTuple):
    """Why a host does not take a VM."""

    host: Entity
    filter: str
    reason: str

    def sentence(self, language: str = "en") -> str:
        """The engine's line for this host."""
        if not self.reason:
            return message("HOST_FILTERED", language, host=self.host.name, filter=self.filter)
        return message(
            "HOST_FILTERED_BECAUSE", language, host=self.host.name, filter=self.filter, detail=self.reason
        )


def _first_no(checks: list[tuple[str, Check]], host: Entity) -> FilteredOut | None:
    for name, check in checks:
        reason = check(host)
        if reason is not None:
            return FilteredOut(host, name, reason)
    return None


class EngineScheduler:
    """Decides where VMs may run and keeps memory for those on their way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._loads: dict[str, tuple[int, float]] = {}

    # -- candidates and filters

    def candidates(
        self, vm: Entity, *, cluster_id: str | None = None, without: Collection[str] = ()
    ) -> list[Entity]:
        """Hosts that are up in the cluster, in the engine's order."""
        wanted = cluster_id or vm.ref("cluster") or ""
        up = [
            host
            for host in self.world.referring("hosts", "cluster", wanted)
            if host.text("status") == "up" and host.id not in without
        ]
        return in_hash_order(up)

    def refused_by(self, vm: Entity, host: Entity) -> FilteredOut | None:
        """The first filter that refuses this pair."""
        return _first_no(checks_of(self.world, vm), host)

    def filter_hosts(self, vm: Entity, hosts: Iterable[Entity]) -> tuple[list[Entity], list[FilteredOut]]:
        """The hosts that pass, and why the others do not."""
        checks = checks_of(self.world, vm)
        passing: list[Entity] = []
        refused: list[FilteredOut] = []
        for host in hosts:
            no = _first_no(checks, host)
            if no is None:
                passing.append(host)
            else:
                refused.append(no)
        return passing, refused

    def passing(self, vm: Entity, *, without: Collection[str] = ()) -> list[Entity]:
        """The hosts of the VM's cluster that are up and pass every filter."""
        return self.filter_hosts(vm, self.candidates(vm, without=without))[0]

    def targets(self, vms: list[Entity], closure: bool) -> list[Entity]:
        """What `hosts?migration_target_of=` answers: hosts that could run every one of the VMs."""
        found: list[Entity] | None = None
        for vm in vms:
            passing, _ = self.filter_hosts(vm, self.candidates(vm))
            known = {host.id for host in passing}
            found = passing if found is None else [host for host in found if host.id in known]
        return found or []

    # -- choosing

    def choose(self, vm: Entity, passing: list[Entity]) -> Entity:
        """The host that the engine's weights prefer: most free memory, then least committed CPUs."""
        return facts_of(self.world).destination(vm, passing) or min(
            passing, key=lambda host: (-schedulable_mib(self.world, host), self._busy(host), host.name)
        )

    def _busy(self, host: Entity) -> float:
        """Virtual CPUs per core of a host; kept until its VMs change."""
        version = self.world.load_version.get(host.id, 0)
        known = self._loads.get(host.id)
        if known is None or known[0] != version:
            on_host = sum(vcpus(vm) for vm in self.world.referring("vms", "host", host.id))
            pending = float(host.lab.get("pending_cpus", 0))
            known = (version, (on_host + pending) / max(1, host.number("cpu.topology.cores", 1)))
            self._loads[host.id] = known
        return known[1]
