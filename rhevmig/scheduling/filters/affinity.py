"""VmAffinityGroups and VmToHostsAffinityGroups: the enforcing affinity rules of an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from rhevmig.inventory import AffinityGroup, AffinityLabel, Inventory, Vm
from rhevmig.scheduling.levels import has_implicit_affinity_groups
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName

#: Parts of an inventory without which rules may be missing.
HIDDEN = frozenset({("cluster", "affinitygroups"), ("cluster", "all"), ("affinity_group", "all")})


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """A group with all its members, those by label included."""

    group: AffinityGroup
    vm_ids: frozenset[str]
    host_ids: frozenset[str]


class HardRules:
    """The enforcing affinity rules of an engine by VM.

    Engine: below cluster level 4.4 a label with an implicit affinity group is a positive rule of hosts
    (FeatureSupported.isImplicitAffinityGroupSupported); later levels ignore it.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._by_vm: dict[str, list[Members]] = {}
        for group in inventory.affinity_groups:
            if _is_hard(group.vms_rule.enabled, group.vms_rule.enforcing) or _is_hard(
                group.hosts_rule.enabled, group.hosts_rule.enforcing
            ):
                vm_ids, host_ids = inventory.members_of(group)
                self._add(Members(group=group, vm_ids=vm_ids, host_ids=host_ids))
        self._hidden_clusters = {
            unseen.id for unseen in inventory.unobserved if (unseen.kind, unseen.what) in HIDDEN
        }
        self._labels: dict[str, list[AffinityLabel]] = {}
        for label in inventory.affinity_labels:
            for vm_id in label.vm_ids if label.has_implicit_affinity_group else ():
                if self._is_implicit_rule(vm_id) is not False:
                    self._labels.setdefault(vm_id, []).append(label)

    def _is_implicit_rule(self, vm_id: str) -> bool | None:
        vm = self.inventory.find_vm(vm_id)
        cluster = self.inventory.find_cluster(vm.cluster_id) if vm else None
        return has_implicit_affinity_groups(cluster.version if cluster else None)

    def _add(self, members: Members) -> None:
        for vm_id in members.vm_ids:
            self._by_vm.setdefault(vm_id, []).append(members)

    def concerns(self, vm_id: str) -> bool:
        """Whether an enforcing rule applies to the VM, or may apply because the rules could not be read."""
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

    def reasons(
        self, vm: Vm, host_id: str, *, at: Mapping[str, str | None] | None = None
    ) -> Iterator[Reason]:
        """Rules that refuse a host, with other VMs on their current hosts or where `at` places them."""
        if None in self._hidden_clusters or vm.cluster_id in self._hidden_clusters:
            sentence = "the affinity groups of the cluster could not be read"
            yield Reason.unknown(
                FilterName.VM_AFFINITY_GROUPS, sentence, missing="clusters/{id}/affinitygroups"
            )
        yield from self._among_vms(vm, host_id, at or {})
        yield from self.host_reasons(vm, host_id)

    def host_reasons(self, vm: Vm, host_id: str) -> Iterator[Reason]:
        """Rules between VMs and hosts that refuse a host; migrations of other VMs do not change them."""
        for members in self._by_vm.get(vm.id, ()):
            rule = members.group.hosts_rule
            if not _is_hard(rule.enabled, rule.enforcing):
                continue
            if rule.positive and host_id not in members.host_ids:
                yield self._host_rule(members.group.name, "must run on one of its hosts", members.host_ids)
            elif not rule.positive and host_id in members.host_ids:
                yield self._host_rule(members.group.name, "must not run on this host", members.host_ids)
        for label in self._labels.get(vm.id, ()):
            if host_id in label.host_ids:
                continue
            if self._is_implicit_rule(vm.id):
                yield self._host_rule(label.name, "must run on a host with this label", label.host_ids)
            else:
                sentence = f"label {label.name} is a rule below level 4.4; the cluster's level is not known"
                yield Reason.unknown(
                    FilterName.VM_TO_HOSTS_AFFINITY_GROUPS, sentence, missing="cluster.version"
                )

    def _host_rule(self, name: str, why: str, host_ids: Iterable[str]) -> Reason:
        hosts = (self.inventory.find_host(host_id) for host_id in host_ids)
        return Reason.no(
            FilterName.VM_TO_HOSTS_AFFINITY_GROUPS,
            f'enforcing affinity rule "{name}": the VM {why}',
            group=name,
            hosts=", ".join(sorted(host.name for host in hosts if host)),
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
                    yield self._vm_rule(
                        members.group.name, f"must not share a host with {self._name(other_id)}"
                    )
        if anchors and host_id not in anchors:
            name = next(iter(anchors.values()))
            yield self._vm_rule(name, f"must run on {', '.join(self._host_names(anchors))}")
        if unseen:
            names = ", ".join(self._name(each) for each in unseen)
            sentence = f"the host of {names} was not seen"
            yield Reason.unknown(FilterName.VM_AFFINITY_GROUPS, sentence, missing="vm.host")

    def _vm_rule(self, name: str, why: str) -> Reason:
        sentence = f'enforcing affinity rule "{name}": the VM {why}'
        return Reason.no(FilterName.VM_AFFINITY_GROUPS, sentence, group=name)

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
