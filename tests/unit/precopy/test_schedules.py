"""The engine's migration policies as data."""

from __future__ import annotations

import doctest
import json

import pytest

from rhevmig.errors import InvalidArgument
from rhevmig.precopy import schedules
from rhevmig.precopy.schedules import (
    LEGACY,
    MINIMAL_DOWNTIME,
    POLICIES,
    POST_COPY,
    SUSPEND_WORKLOAD,
    VERY_LARGE_VMS,
    ActionKind,
    find_policy,
    legacy_schedule,
    policies_from_option,
    policies_of_level,
)

USUAL = "1:150 2:200 3:300 4:400 6:500"
LARGE = "1:400 2:500 3:700 4:1000 6:1500"
LEGACY_STEPS = "1:104 2:120 3:189 4:500 42:500"
DANCING = '[{"id":{"uuid":"1"},"name":"a","maxMigrations":1,"config":{"initialItems":[{"action":"dance"}]}}]'


def test_the_examples_in_the_docstrings_run() -> None:
    """Documentation of the policies is what they say."""
    assert doctest.testmod(schedules).failed == 0


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
    policy: schedules.MigrationPolicy, guid: str, at_once: int, first: int, steps: str, last: str
) -> None:
    """Ids, limits and schedules are those the engine's option holds."""
    schedule = policy.schedule
    assert (policy.id, policy.max_migrations, schedule.initial_downtime_ms) == (guid, at_once, first)
    assert " ".join(f"{s.stalling_limit}:{s.action.downtime_ms}" for s in schedule.steps) == steps
    assert " ".join(str(a.downtime_ms or a.kind.value) for a in schedule.last) == last


def test_a_policy_is_found_by_id_and_by_name() -> None:
    """Names without regard to case; what the engine does not have is not found."""
    for policy in POLICIES:
        assert find_policy(policy.id) is policy
        assert find_policy(policy.name.upper()) is policy
    assert find_policy("Nice and slow") is None


def test_older_levels_have_fewer_policies() -> None:
    """Very large VMs came with 4.7; a level nobody recorded has none."""
    assert [len(policies_of_level(level)) for level in ("4.2", "4.6", "4.7", "4.8", "5.0")] == [3, 3, 4, 4, 0]
    assert find_policy("Very large VMs", level="4.6") is None
    assert find_policy("Legacy", level="4.6") is LEGACY


def test_a_sites_own_policies_are_read_from_its_option() -> None:
    """The option's JSON text decodes into the same shape."""
    item = {
        "id": {"uuid": "1"},
        "maxMigrations": 5,
        "name": "Ours",
        "config": {"lastItems": [{"action": "abort", "params": []}]},
    }
    (policy,) = policies_from_option(json.dumps([item]))
    assert (policy.name, policy.max_migrations, policy.auto_converge) == ("Ours", 5, None)
    assert [step.stalling_limit for step in policy.schedule.queue] == [-1]
    assert policy.schedule.final_downtime_ms is None


@pytest.mark.parametrize("text", ["", "[{}]", "{}1", '[{"id": 3}]', DANCING])
def test_what_is_no_list_of_policies_is_refused(text: str) -> None:
    """Broken JSON, missing fields and unknown actions give one error."""
    with pytest.raises(InvalidArgument):
        policies_from_option(text)


def test_post_copy_can_be_left_out() -> None:
    """Paused VMs and parallel connections skip it, as the engine does."""
    assert POST_COPY.schedule.has_post_copy
    without = POST_COPY.schedule.without_post_copy()
    assert not without.has_post_copy
    assert [action.kind for action in without.last] == [ActionKind.ABORT]


def test_a_single_legacy_step_is_the_limit_itself() -> None:
    """One step means no ramp."""
    assert legacy_schedule(downtime_ms=700, steps=1).initial_downtime_ms == 700
