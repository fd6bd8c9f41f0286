"""Affinity groups and labels."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.fields import FieldTable, references, same, value
from rhevmig.inventory import AffinityGroup, AffinityLabel, AffinityRule


def _rule(rule: Any) -> AffinityRule:
    if rule is None:
        return AffinityRule()
    return AffinityRule(
        enabled=bool(rule.enabled), enforcing=bool(rule.enforcing), positive=bool(rule.positive)
    )


#: A group inside its cluster, which gives `cluster_id` (`clusters?follow=affinitygroups`).
AFFINITY_GROUP = FieldTable(
    AffinityGroup,
    "affinity group",
    same("id", "name", "priority", "broken", "description"),
    vms_rule=value("vms_rule", _rule),
    hosts_rule=value("hosts_rule", _rule),
    vm_ids=references("vms"),
    host_ids=references("hosts"),
    vm_label_ids=references("vm_labels"),
    host_label_ids=references("host_labels"),
)
AFFINITY_LABEL = FieldTable(
    AffinityLabel,
    "affinity label",
    same("id", "name", "has_implicit_affinity_group"),
    vm_ids=references("vms"),
    host_ids=references("hosts"),
)
