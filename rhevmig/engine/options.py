"""The engine's options: CPU types with their flags, migration policies, the default MTU.

All three are read without a version and then hold the values of all versions (recording `options`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from rhevmig.inventory import ClusterLevel, ConvergenceStep, CpuType, MigrationPolicy


def cpu_types_of(option: Any) -> dict[str, tuple[CpuType, ...]]:
    """CPU types by compatibility level, from `ServerCPUList`.

    Each entry is `level:name:flag,flag:QEMU model:architecture`; entries are separated by `;`. Names may
    hold commas (`IBM z114, z196`), so the colons decide.
    """
    return {
        value.version: tuple(
            cpu for entry in (value.value or "").split(";") if (cpu := _cpu_type(entry.strip())) is not None
        )
        for value in option.values or ()
        if value.version is not None
    }


def _cpu_type(entry: str) -> CpuType | None:
    parts = [part.strip() for part in entry.split(":")]
    if len(parts) < 4:
        return None
    level, name, flags, model = parts[:4]
    return CpuType(
        name=name,
        level=int(level) if level.isdigit() else None,
        architecture=parts[4] if len(parts) > 4 and parts[4] else None,
        flags=tuple(flag.strip() for flag in flags.split(",") if flag.strip()),
        qemu_model=model or None,
    )


def with_flags(
    levels: Sequence[ClusterLevel], flags: dict[str, tuple[CpuType, ...]]
) -> tuple[ClusterLevel, ...]:
    """Cluster levels with the flags of their CPU types.

    A level whose types the account may not see is filled from the option; the flags of a type that the option
    does not contain stay unobserved.
    """
    joined = []
    for level in levels:
        known = {cpu.name: cpu for cpu in flags.get(level.id, ())}
        types = tuple(
            msgspec.structs.replace(cpu, flags=known[cpu.name].flags, qemu_model=known[cpu.name].qemu_model)
            if cpu.name in known
            else cpu
            for cpu in level.cpu_types
        )
        joined.append(ClusterLevel(id=level.id, cpu_types=types or tuple(known.values())))
    return tuple(joined)


def default_mtu_of(option: Any) -> int | None:
    """`DefaultMTU`: the MTU in bytes of a network whose MTU is 0."""
    values = [value.value for value in option.values or () if value.value]
    return int(values[0]) if values and values[0].isdigit() else None


class _Id(msgspec.Struct, frozen=True):
    uuid: str


class _Action(msgspec.Struct, frozen=True):
    action: str
    params: tuple[str, ...] = ()


class _Convergence(msgspec.Struct, frozen=True, rename="camel"):
    convergence_item: _Action
    stalling_limit: int | None = None


class _Schedule(msgspec.Struct, frozen=True, rename="camel"):
    initial_items: tuple[_Action, ...] = ()
    convergence_items: tuple[_Convergence, ...] = ()
    last_items: tuple[_Action, ...] = ()


class _Policy(msgspec.Struct, frozen=True, rename="camel"):
    id: _Id
    name: str
    max_migrations: int | None = None
    auto_convergence: bool | None = None
    migration_compression: bool | None = None
    enable_guest_events: bool | None = None
    parallel_migrations_policy: str | None = None
    custom_parallel_migrations: int | None = None
    zero_copy: bool | None = None
    config: _Schedule = _Schedule()


def migration_policies_of(option: Any) -> tuple[MigrationPolicy, ...]:
    """Migration policies from `MigrationPolicies` (JSON text per level), each with the levels that offer it.

    Where levels differ about a policy, the newest level wins.
    Raises: msgspec.DecodeError for other text.
    """
    found: dict[str, tuple[_Policy, list[str]]] = {}
    values = [value for value in option.values or () if value.version is not None and value.value]
    for value in sorted(values, key=lambda value: _order(value.version)):
        for policy in msgspec.json.decode(value.value, type=list[_Policy]):
            versions = found[policy.id.uuid][1] if policy.id.uuid in found else []
            found[policy.id.uuid] = (policy, [*versions, value.version])
    return tuple(_migration_policy(policy, tuple(versions)) for policy, versions in found.values())


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _migration_policy(policy: _Policy, versions: tuple[str, ...]) -> MigrationPolicy:
    return MigrationPolicy(
        id=policy.id.uuid,
        name=policy.name,
        max_migrations=policy.max_migrations,
        auto_converge=policy.auto_convergence,
        compressed=policy.migration_compression,
        guest_events=policy.enable_guest_events,
        parallel_connections=policy.custom_parallel_migrations,
        zero_copy=policy.zero_copy,
        initial_steps=tuple(_step(item, None) for item in policy.config.initial_items),
        convergence_steps=tuple(
            _step(item.convergence_item, item.stalling_limit) for item in policy.config.convergence_items
        ),
        last_steps=tuple(_step(item, None) for item in policy.config.last_items),
        versions=versions,
    )


def _step(action: _Action, stalling_limit: int | None) -> ConvergenceStep:
    return ConvergenceStep(action=action.action, params=action.params, stalling_limit=stalling_limit)
