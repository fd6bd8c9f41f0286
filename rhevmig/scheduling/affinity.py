"""Hard affinity rules: which hosts they leave to a VM, and which VMs they tie together or keep apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from rhevmig.inventory import AffinityGroup, Inventory, Vm
from rhevmig.scheduling.verdicts import Allowed, Reason
from rhevmig.terms import FilterName

#: Parts of a reading without which rules may be missing.
HIDDEN = frozenset({("cluster", "affinitygroups"), ("cluster", "all"), ("affinity_group", "all")})


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """A group with all its members, those by label included."""

    #: Group.
    group: AffinityGroup
    #: Ids of its VMs.
    vm_ids: frozenset[str]
    #: Ids of its hosts.
    host_ids: frozenset[str]


class HardRules:
    """The hard affinity rules of an engine, found by VM.

    Labels of old levels that act as a group of their own count as a positive rule of hosts.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._by_vm: dict[str, list[Members]] = {}
        for group in inventory.affinity_groups:
            if _is_hard(group.vms_rule.enabled, group.vms_rule.enforcing) or _is_hard(
                group.hosts_rule.enabled, group.hosts_rule.enforcing
            ):
                vm_ids, host_ids = inventory.members_of(group)
                self._remember(Members(group=group, vm_ids=vm_ids, host_ids=host_ids))
        self._hidden_clusters = {
            unseen.id for unseen in inventory.unobserved if (unseen.kind, unseen.what) in HIDDEN
        }
        self._labels: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for label in inventory.affinity_labels:
            if label.has_implicit_affinity_group:
                for vm_id in label.vm_ids:
                    self._labels.setdefault(vm_id, []).append((label.name, frozenset(label.host_ids)))

    def _remember(self, members: Members) -> None:
        for vm_id in members.vm_ids:
            self._by_vm.setdefault(vm_id, []).append(members)

    def groups_of(self, vm_id: str) -> tuple[Members, ...]:
        """Groups with a hard rule that the VM belongs to."""
        return tuple(self._by_vm.get(vm_id, ()))

    def concerns(self, vm_id: str) -> bool:
        """Whether any hard rule concerns the VM, or may do so because the rules could not be read."""
        return bool(self._hidden_clusters) or vm_id in self._by_vm or vm_id in self._labels

    def together_with(self, vm_id: str) -> frozenset[str]:
        """VMs that must share its host, transitively; without itself."""
        found, waiting = {vm_id}, [vm_id]
        while waiting:
            for members in self._by_vm.get(waiting.pop(), ()):
                if _hard_vms(members.group) and members.group.vms_rule.positive:
                    fresh = members.vm_ids - found
                    found |= fresh
                    waiting.extend(fresh)
        return frozenset(found - {vm_id})

    def apart_from(self, vm_id: str) -> frozenset[str]:
        """VMs that must not share its host."""
        found = set[str]()
        for members in self._by_vm.get(vm_id, ()):
            if _hard_vms(members.group) and not members.group.vms_rule.positive:
                found |= members.vm_ids
        return frozenset(found - {vm_id})

    def reasons(
        self, vm: Vm, host_id: str, *, at: Mapping[str, str | None] | None = None
    ) -> Iterator[Reason]:
        """What the rules say against a host, with other VMs where they run, or where `at` puts them."""
        if None in self._hidden_clusters or vm.cluster_id in self._hidden_clusters:
            yield Reason(
                filter=FilterName.VM_AFFINITY_GROUPS,
                allowed=Allowed.UNKNOWN,
                sentence="the affinity groups of the cluster could not be read",
            )
        yield from self._among_vms(vm, host_id, at or {})
        yield from self.host_reasons(vm, host_id)

    def host_reasons(self, vm: Vm, host_id: str) -> Iterator[Reason]:
        """What the rules between VMs and hosts say against a host; no other VM's move changes it."""
        for members in self._by_vm.get(vm.id, ()):
            rule = members.group.hosts_rule
            if not _is_hard(rule.enabled, rule.enforcing):
                continue
            if rule.positive and host_id not in members.host_ids:
                yield self._host_rule(members.group.name, "is not one of its hosts", members.host_ids)
            elif not rule.positive and host_id in members.host_ids:
                yield self._host_rule(members.group.name, "is one that it avoids", members.host_ids)
        for name, host_ids in self._labels.get(vm.id, ()):
            if host_id not in host_ids:
                yield self._host_rule(name, "does not have its label", host_ids)

    def _host_rule(self, name: str, why: str, host_ids: Iterable[str]) -> Reason:
        hosts = (self.inventory.find_host(host_id) for host_id in host_ids)
        return Reason(
            filter=FilterName.VM_TO_HOSTS_AFFINITY_GROUPS,
            allowed=Allowed.NO,
            sentence=f"by the hard rule {name} the host {why}",
            evidence={"group": name, "hosts": ", ".join(sorted(host.name for host in hosts if host))},
        )

    def _among_vms(self, vm: Vm, host_id: str, at: Mapping[str, str | None]) -> Iterator[Reason]:
        anchors: dict[str, str] = {}
        unseen: list[str] = []
        for members in self._by_vm.get(vm.id, ()):
            if not _hard_vms(members.group):
                continue
            for other_id in members.vm_ids - {vm.id}:
                place = self._place(other_id, at)
                if place is None:
                    unseen.extend([other_id] if self._runs_unseen(other_id, at) else [])
                elif members.group.vms_rule.positive:
                    anchors[place] = members.group.name
                elif place == host_id:
                    yield self._vm_rule(members.group.name, f"is kept apart from {self._name(other_id)}")
        if anchors and host_id not in anchors:
            name = next(iter(anchors.values()))
            yield self._vm_rule(name, f"belongs on {', '.join(self._host_names(anchors))}")
        if unseen:
            names = ", ".join(self._name(each) for each in unseen)
            yield Reason(
                filter=FilterName.VM_AFFINITY_GROUPS,
                allowed=Allowed.UNKNOWN,
                sentence=f"where {names} runs could not be seen",
            )

    def _vm_rule(self, name: str, why: str) -> Reason:
        return Reason(
            filter=FilterName.VM_AFFINITY_GROUPS,
            allowed=Allowed.NO,
            sentence=f"by the hard rule {name} the VM {why}",
            evidence={"group": name},
        )

    def _place(self, vm_id: str, at: Mapping[str, str | None]) -> str | None:
        if vm_id in at:
            return at[vm_id]
        other = self.inventory.find_vm(vm_id)
        return other.host_id if other is not None and other.is_running else None

    def _runs_unseen(self, vm_id: str, at: Mapping[str, str | None]) -> bool:
        other = self.inventory.find_vm(vm_id)
        return vm_id not in at and (other is None or (other.is_running and other.host_id is None))

    def _name(self, vm_id: str) -> str:
        other = self.inventory.find_vm(vm_id)
        return other.name if other else vm_id

    def _host_names(self, host_ids: Iterable[str]) -> list[str]:
        hosts = (self.inventory.find_host(host_id) for host_id in host_ids)
        return sorted(host.name for host in hosts if host)


def _is_hard(enabled: bool, enforcing: bool) -> bool:
    return enabled and enforcing


def _hard_vms(group: AffinityGroup) -> bool:
    return _is_hard(group.vms_rule.enabled, group.vms_rule.enforcing)
