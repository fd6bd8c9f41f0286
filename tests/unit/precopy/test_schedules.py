"""Convergence schedules, and the migration policies that the engine ships."""

from __future__ import annotations

import doctest

import pytest

from rhevmig.precopy import presets, schedules
from rhevmig.precopy.presets import (
    LEGACY,
    MINIMAL_DOWNTIME,
    POST_COPY,
    PRESETS,
    SUSPEND_WORKLOAD,
    VERY_LARGE_VMS,
    PolicyPreset,
    find_preset,
    presets_of_level,
)
from rhevmig.precopy.schedules import ActionKind, legacy_schedule, schedule_of

USUAL = "1:150 2:200 3:300 4:400 6:500"
LARGE = "1:400 2:500 3:700 4:1000 6:1500"
LEGACY_STEPS = "1:104 2:120 3:189 4:500 42:500"


def test_the_examples_in_the_docstrings_run() -> None:
    """Documentation of the policies is what they say."""
    assert doctest.testmod(schedules).failed == 0
    assert doctest.testmod(presets).failed == 0


@pytest.mark.parametrize(
    ("policy", "guid", "at_once", "first", "steps", "last"),
    [
        (MINIMAL_DOWNTIME, "80554327-0569-496b-bdeb-fcbbf52b827b", 2, 100, USUAL, "abort"),
        (SUSPEND_WORKLOAD, "80554327-0569-496b-bdeb-fcbbf52b827c", 1, 100, USUAL, "5000 abort"),
        (POST_COPY, "a7aeedb2-8d66-4e51-bb22-32595027ce71", 2, 100, "1:150 2:200", "postcopy abort"),
        (VERY_LARGE_VMS, "57237b82-b8c2-425f-b425-114b35219626", 1, 300, LARGE, "5000 abort"),
        (LEGACY, "00000000-0000-0000-0000-000000000000", 2, 101, LEGACY_STEPS, "abort"),
    ],
)
def test_the_policies_of_the_engine(
    policy: PolicyPreset, guid: str, at_once: int, first: int, steps: str, last: str
) -> None:
    """Ids, limits and schedules are those the engine's option holds."""
    schedule = policy.schedule
    assert (policy.id, policy.max_migrations, schedule.initial[-1].downtime_ms) == (guid, at_once, first)
    assert " ".join(f"{s.stalling_limit}:{s.action.downtime_ms}" for s in schedule.steps) == steps
    assert " ".join(str(a.downtime_ms or a.kind.value) for a in schedule.last) == last


def test_a_policy_is_found_by_id_and_by_name() -> None:
    """Names without regard to case; what the engine does not have is not found."""
    for policy in PRESETS:
        assert find_preset(policy.id) is policy
        assert find_preset(policy.name.upper()) is policy
    assert find_preset("Nice and slow") is None


def test_older_levels_have_fewer_policies() -> None:
    """Very large VMs came with 4.7; a level nobody recorded has none."""
    assert [len(presets_of_level(level)) for level in ("4.2", "4.6", "4.7", "4.8", "5.0")] == [3, 3, 4, 4, 0]
    assert find_preset("Very large VMs", level="4.6") is None
    assert find_preset("Legacy", level="4.6") is LEGACY


def test_a_schedule_is_made_of_the_engines_words() -> None:
    """Actions keep their order, and the last ones follow the steps with a stalling limit of -1."""
    made = schedule_of(
        initial=[("setDowntime", ["100"])],
        steps=[(1, "setDowntime", ["150"]), (2, "postcopy", [])],
        last=[("abort", [])],
    )
    assert [(step.stalling_limit, step.action.kind) for step in made.queue] == [
        (1, ActionKind.SET_DOWNTIME),
        (2, ActionKind.POST_COPY),
        (-1, ActionKind.ABORT),
    ]
    assert made.initial[0].downtime_ms == 100


@pytest.mark.parametrize("item", [("dance", []), ("setDowntime", []), ("setDowntime", ["soon"])])
def test_an_unknown_action_is_an_error(item: tuple[str, list[str]]) -> None:
    """An action that no host knows, or a downtime without a number, is not guessed."""
    with pytest.raises(ValueError, match=r"dance|invalid literal"):
        schedule_of(last=[item])


def test_post_copy_can_be_left_out() -> None:
    """Paused VMs and parallel connections skip it, as the engine does."""
    assert POST_COPY.schedule.switches_to_post_copy
    without = POST_COPY.schedule.without_post_copy()
    assert not without.switches_to_post_copy
    assert [action.kind for action in without.last] == [ActionKind.ABORT]


def test_a_single_legacy_step_is_the_limit_itself() -> None:
    """One step means no ramp."""
    assert legacy_schedule(downtime_ms=700, steps=1).initial[0].downtime_ms == 700
