"""The migration policies that the engine ships, for callers without an engine.

`policies.json` in this folder holds the engine option `MigrationPolicies` as it was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from rhevmig.precopy.schedules import ConvergenceSchedule, legacy_schedule, schedule_of


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyPreset:
    """A migration policy that the engine ships."""

    #: the engine's id of the policy
    id: str
    #: the engine's name of the policy
    name: str
    #: concurrent migrations per host, each direction
    max_migrations: int
    #: throttle the VM's CPUs when the copy does not catch up; None: cluster or VM decide
    auto_converge: bool | None = None
    #: compress pages (xbzrle); None: cluster or VM decide
    compressed: bool | None = None
    #: sends without copying first; implies parallel connections
    zero_copy: bool = False
    #: notify the guest agent before and after
    guest_events: bool = True
    #: downtime limits and final actions
    schedule: ConvergenceSchedule


def find_preset(id_or_name: str, *, level: str | None = None) -> PolicyPreset | None:
    """The engine's policy with this id or name (in any case), if there is one.

    Args: level (compatibility version; None means any).

    >>> find_preset("very large vms").max_migrations
    1
    """
    wanted = id_or_name.strip().lower()
    pool = PRESETS if level is None else (*presets_of_level(level), LEGACY)
    return next((preset for preset in pool if wanted in (preset.id, preset.name.lower())), None)


def presets_of_level(level: str) -> tuple[PolicyPreset, ...]:
    """The engine's policies at one compatibility version; empty for an unknown one."""
    return next((presets for levels, presets in _RECORDED if level in levels), ())


def _presets(items: Sequence[Mapping[str, Any]]) -> tuple[PolicyPreset, ...]:
    return tuple(
        PolicyPreset(
            id=item["id"]["uuid"],
            name=item["name"],
            max_migrations=int(item["maxMigrations"]),
            auto_converge=item.get("autoConvergence"),
            compressed=item.get("migrationCompression"),
            zero_copy=bool(item.get("zeroCopy", False)),
            guest_events=bool(item.get("enableGuestEvents", False)),
            schedule=_schedule(item.get("config") or {}),
        )
        for item in items
    )


def _schedule(config: Mapping[str, Any]) -> ConvergenceSchedule:
    return schedule_of(
        initial=map(_words, config.get("initialItems") or ()),
        steps=(
            (int(item["stallingLimit"]), *_words(item["convergenceItem"]))
            for item in config.get("convergenceItems") or ()
        ),
        last=map(_words, config.get("lastItems") or ()),
    )


def _words(item: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    return item["action"], item["params"]


def _recorded() -> tuple[tuple[frozenset[str], tuple[PolicyPreset, ...]], ...]:
    text = resources.files(__package__).joinpath("policies.json").read_text(encoding="utf-8")
    return tuple(
        (frozenset(value["levels"]), _presets(value["policies"])) for value in json.loads(text)["values"]
    )


_RECORDED = _recorded()

#: what a host does when the engine sends no schedule (compatibility below 4.3)
LEGACY = PolicyPreset(
    id="00000000-0000-0000-0000-000000000000",
    name="Legacy",
    max_migrations=2,
    guest_events=False,
    schedule=legacy_schedule(),
)
MINIMAL_DOWNTIME, SUSPEND_WORKLOAD, POST_COPY, VERY_LARGE_VMS = presets_of_level("4.8")
#: all policies that the recorded engine ships, Legacy last
PRESETS = (MINIMAL_DOWNTIME, SUSPEND_WORKLOAD, POST_COPY, VERY_LARGE_VMS, LEGACY)
