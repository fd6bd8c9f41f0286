"""Our filters compared with the engine's scheduler (`hosts?migration_target_of=`) on one inventory."""

from __future__ import annotations

from collections import Counter

import msgspec

from rhevmig.inventory import Cluster, Inventory
from rhevmig.scheduling.scheduler import scheduler_of
from rhevmig.scheduling.verdicts import Allowed, HostVerdict, Reason


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """One VM on one host about which the engine answers otherwise."""

    vm_id: str
    vm_name: str
    host_id: str
    host_name: str
    cluster_id: str
    #: Our answer: `yes` or `no`.
    ours: Allowed
    #: Whether the engine lists the host.
    engine_allows: bool
    #: Our refusals; empty where we allow the host.
    reasons: tuple[Reason, ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All pairs of a running VM and a host of its cluster about which the engine was asked."""

    #: VMs about which the engine was asked.
    vms: int
    #: Running VMs about which it was not asked.
    vms_not_asked: int
    pairs: int
    agree: int
    ours_yes_engine_no: int
    ours_no_engine_yes: int
    #: Pairs that our filters could not judge.
    unknown: int
    disagreements: tuple[Disagreement, ...] = ()
    #: Pairs by filter that refuses although the engine lists the host.
    refused_wrongly: dict[str, int] = {}
    #: Pairs by filter that could not be judged.
    not_judged: dict[str, int] = {}


def compare(inventory: Inventory, cluster: Cluster | None = None) -> Comparison:
    """Compares our answers with the engine's, in one cluster or in all.

    The engine's answer includes the current host of a VM: its filters are applied there as well.
    """
    scheduler = scheduler_of(inventory)
    running = [
        vm for vm in inventory.vms if vm.is_running and (cluster is None or vm.cluster_id == cluster.id)
    ]
    asked = [vm for vm in running if vm.id in inventory.migration_targets]
    verdicts = [(vm.cluster_id, verdict) for vm in asked for verdict in scheduler.explain(vm)]
    disagreements = tuple(_disagreement(key, v) for key, v in verdicts if v.disagrees)
    unknown = [v for _, v in verdicts if v.allowed == Allowed.UNKNOWN]
    wrongly = Counter(name for d in disagreements for name in {reason.filter for reason in d.reasons})
    unjudged = Counter(name for v in unknown for name in {reason.filter for reason in v.reasons})
    yes_no = sum(d.ours == Allowed.YES for d in disagreements)
    return Comparison(
        vms=len(asked),
        vms_not_asked=len(running) - len(asked),
        pairs=len(verdicts),
        agree=len(verdicts) - len(disagreements) - len(unknown),
        ours_yes_engine_no=yes_no,
        ours_no_engine_yes=len(disagreements) - yes_no,
        unknown=len(unknown),
        disagreements=disagreements,
        refused_wrongly=dict(sorted(wrongly.items())),
        not_judged=dict(sorted(unjudged.items())),
    )


def _disagreement(cluster_id: str, verdict: HostVerdict) -> Disagreement:
    return Disagreement(
        vm_id=verdict.vm_id,
        vm_name=verdict.vm_name,
        host_id=verdict.host_id,
        host_name=verdict.host_name,
        cluster_id=cluster_id,
        ours=verdict.allowed,
        engine_allows=bool(verdict.engine_allows),
        reasons=tuple(reason for reason in verdict.reasons if reason.allowed == Allowed.NO),
    )
