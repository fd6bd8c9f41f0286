"""Affinity groups and labels."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.values import ids, needed
from rhevmig.inventory import AffinityGroup, AffinityLabel, AffinityRule


def affinity_groups_of(cluster: Any) -> tuple[AffinityGroup, ...]:
    """The affinity groups of a cluster (`clusters?follow=affinitygroups`; members come inline)."""
    return tuple(
        AffinityGroup(
            id=needed(one.id, kind="affinity group", id=one.id, field="id"),
            name=needed(one.name, kind="affinity group", id=one.id, field="name"),
            cluster_id=cluster.id,
            vms_rule=_rule(one.vms_rule),
            hosts_rule=_rule(one.hosts_rule),
            vm_ids=ids(one.vms),
            host_ids=ids(one.hosts),
            vm_label_ids=ids(one.vm_labels),
            host_label_ids=ids(one.host_labels),
            priority=one.priority,
            broken=one.broken,
            description=one.description,
        )
        for one in cluster.affinity_groups or ()
    )


def _rule(rule: Any) -> AffinityRule:
    if rule is None:
        return AffinityRule()
    return AffinityRule(
        enabled=bool(rule.enabled), enforcing=bool(rule.enforcing), positive=bool(rule.positive)
    )


def affinity_label_of(item: Any) -> AffinityLabel:
    """An affinity label."""
    return AffinityLabel(
        id=needed(item.id, kind="affinity label", id=item.id, field="id"),
        name=needed(item.name, kind="affinity label", id=item.id, field="name"),
        vm_ids=ids(item.vms),
        host_ids=ids(item.hosts),
        has_implicit_affinity_group=item.has_implicit_affinity_group,
        read_only=item.read_only,
    )
