"""Affinity groups and labels: where VMs may run in relation to other VMs and to hosts."""

from __future__ import annotations

import msgspec


class AffinityRule(msgspec.Struct, frozen=True, kw_only=True):
    """One half of an affinity group (`vms_rule`, `hosts_rule`)."""

    enabled: bool = False
    #: Hard (True): placements that break it are refused; soft (False): a preference.
    enforcing: bool = False
    #: Together (True) or separate (False).
    positive: bool = False


class AffinityGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A rule about which VMs run together, separately, or on which hosts (`affinity_group`)."""

    id: str
    name: str
    cluster_id: str
    #: Rule among its VMs.
    vms_rule: AffinityRule
    #: Rule between its VMs and its hosts.
    hosts_rule: AffinityRule
    vm_ids: tuple[str, ...] = ()
    host_ids: tuple[str, ...] = ()
    #: Labels whose VMs belong to it.
    vm_label_ids: tuple[str, ...] = ()
    #: Labels whose hosts belong to it.
    host_label_ids: tuple[str, ...] = ()
    #: Of conflicting groups the one with the lower priority is broken first.
    priority: float | None = None
    #: Whether the engine sees it broken now.
    broken: bool | None = None
    description: str | None = None


class AffinityLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A label that VMs and hosts share (`affinity_label`)."""

    id: str
    name: str
    vm_ids: tuple[str, ...] = ()
    host_ids: tuple[str, ...] = ()
    #: Whether it acts as a hard affinity group (before compatibility level 4.4).
    has_implicit_affinity_group: bool | None = None
