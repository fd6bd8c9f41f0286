"""The migration settings of one VM: policy, convergence schedule, parallel connections."""

from __future__ import annotations

from typing import NamedTuple

from rhevmig.inventory import Cluster, ConvergenceStep, Inventory, MigrationPolicy, Vm
from rhevmig.precopy.presets import LEGACY, MINIMAL_DOWNTIME, find_preset
from rhevmig.precopy.schedules import ConvergenceSchedule, legacy_schedule, schedule_of
from rhevmig.scheduling.levels import has_parallel_migrations


class PolicySettings(NamedTuple):
    """What a migration policy means for a copy."""

    name: str
    schedule: ConvergenceSchedule
    #: Migrations at once per host and direction.
    max_migrations: int
    auto_converge: bool
    zero_copy: bool
    #: What had to be assumed about it; empty where it was read.
    assumption: str = ""


class MigrationSettings(NamedTuple):
    """Settings of the VM where it has any, else of its cluster."""

    #: The policy that applies to the VM.
    policy: PolicySettings
    #: The policy of the cluster, whose number of migrations divides the bandwidth.
    cluster_policy: PolicySettings
    #: `auto`, `auto_parallel`, `custom` or `disabled`.
    parallel_policy: str
    #: Connections with the parallel policy `custom`.
    parallel_connections: int | None
    zero_copy: bool


def migration_settings(inventory: Inventory, cluster: Cluster, vm: Vm | None = None) -> MigrationSettings:
    """The settings that apply to a VM, or to a cluster without a VM.

    Engine: MigrateVmCommand takes policy, parallel connections and encryption from the VM where it overrides
    them; parallel connections need compatibility version 4.7, zero copy also needs them and no encryption.
    """
    of_cluster, of_vm = cluster.migration, vm.migration if vm is not None else None
    policy_id = of_cluster.policy_id if of_cluster else None
    cluster_policy = _policy(inventory, policy_id, is_known=of_cluster is not None, vm=vm)
    policy = cluster_policy
    if of_vm is not None and of_vm.policy_id is not None and of_vm.policy_id != policy_id:
        policy = _policy(inventory, of_vm.policy_id, is_known=True, vm=vm)
    level = (vm.custom_compatibility_version if vm else None) or cluster.version
    overrides = [each for each in (of_vm, of_cluster) if each is not None]
    parallel = next((each for each in overrides if each.parallel_policy not in (None, "inherit")), None)
    encrypted = next((each.encrypted for each in overrides if each.encrypted not in (None, "inherit")), None)
    is_supported = has_parallel_migrations(level) is not False
    word = parallel.parallel_policy if parallel is not None and is_supported else None
    if policy.name == LEGACY.name:
        setting = next(
            (each.auto_converge for each in overrides if each.auto_converge not in (None, "inherit")), None
        )
        policy = policy._replace(auto_converge=setting == "true")
    return MigrationSettings(
        policy=policy,
        cluster_policy=cluster_policy,
        parallel_policy=word if word in ("auto", "auto_parallel", "custom") else "disabled",
        parallel_connections=parallel.parallel_connections if parallel is not None else None,
        zero_copy=policy.zero_copy and is_supported and encrypted != "true",
    )


def _policy(inventory: Inventory, policy_id: str | None, *, is_known: bool, vm: Vm | None) -> PolicySettings:
    found = next((each for each in inventory.migration_policies if each.id == policy_id), None)
    if found is not None:
        return _settings(found)
    if is_known and policy_id in (None, LEGACY.id):
        downtime_ms = vm.migration_downtime_ms if vm is not None else None
        schedule = LEGACY.schedule
        if downtime_ms is not None and downtime_ms > 0:
            schedule = legacy_schedule(downtime_ms=downtime_ms)
        return PolicySettings(LEGACY.name, schedule, LEGACY.max_migrations, False, False)
    preset = find_preset(policy_id or "") or MINIMAL_DOWNTIME
    return PolicySettings(
        preset.name,
        preset.schedule,
        preset.max_migrations,
        bool(preset.auto_converge),
        preset.zero_copy,
        f"the migration policy was not read: {preset.name!r} as the engine ships it is assumed",
    )


def _settings(policy: MigrationPolicy) -> PolicySettings:
    schedule, assumption = MINIMAL_DOWNTIME.schedule, ""
    try:
        schedule = schedule_of(
            initial=map(_words, policy.initial_steps),
            steps=((step.stalling_limit or 0, *_words(step)) for step in policy.convergence_steps),
            last=map(_words, policy.last_steps),
        )
    except ValueError:
        assumption = (
            f"the schedule of {policy.name!r} is not known: that of {MINIMAL_DOWNTIME.name!r} is assumed"
        )
    return PolicySettings(
        policy.name,
        schedule,
        policy.max_migrations or MINIMAL_DOWNTIME.max_migrations,
        bool(policy.auto_converge),
        bool(policy.zero_copy),
        assumption,
    )


def _words(step: ConvergenceStep) -> tuple[str, tuple[str, ...]]:
    return step.action, step.params
