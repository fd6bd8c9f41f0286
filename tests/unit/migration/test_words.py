"""Correlation ids, refusals, progress: the small words of the room."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime

import pytest

from rhevmig.migration import RefusalClass, Refused
from rhevmig.migration.journal.correlation_ids import (
    Act,
    CorrelationId,
    new_campaign_id,
    parse_correlation_id,
)
from rhevmig.migration.refusals import classify_refusal, classify_text

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CONSTRAINTS = (
    "Cannot migrate VM. There is no host that satisfies current scheduling constraints. "
    "See below for details:"
)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize(("move", "attempt"), [(0, 1), (1, 1), (999_999, 9_999)])
def test_ids_fit_the_engine_and_come_back(act, move, attempt):
    """36 characters of `[0-9A-Za-z_-]`, whatever the numbers, and taken apart again equal."""
    for seed in range(20):
        made = CorrelationId(
            campaign_id=new_campaign_id(NOW, random.Random(seed)), act=act, move=move, attempt=attempt
        )
        assert re.fullmatch(r"[0-9A-Za-z_-]{1,36}", str(made))
        assert parse_correlation_id(str(made)) == made


@pytest.mark.parametrize(
    "text", [None, "", "706e5b1c", "rm-x", "rm-abc-m1", "rm-abc-x1-1", "43fece5e-d418-49ea-8ab5"]
)
def test_ids_of_others_are_not_ours(text):
    """The engine's own ids, and anybody's, are told apart."""
    assert parse_correlation_id(text) is None


def test_ids_that_would_not_fit_cannot_be_made():
    """A campaign name that the engine would cut is refused at once."""
    with pytest.raises(ValueError, match="no correlation id"):
        CorrelationId(campaign_id="a" * 17, act=Act.MIGRATE, move=1, attempt=1)


@pytest.mark.parametrize(
    ("detail", "key", "kind"),
    [
        ("[Cannot migrate VM. VM is pinned to Host.]", "pinned", RefusalClass.PERMANENT),
        ("[Cannot migrate VM. VM v is being migrated.]", "being_migrated", RefusalClass.UNCLEAR),
        ("[Cannot migrate VM. VM migration is in progress]", "migration_in_progress", RefusalClass.UNCLEAR),
        (
            "[Related operation is currently in progress. Please try again later.]",
            "related_operation",
            RefusalClass.TRANSIENT,
        ),
        (
            "[Cannot migrate VM: The following disks are locked: d1. Please try again.]",
            "locked_disks",
            RefusalClass.BLOCKED,
        ),
        (
            "[Engine is running in Maintenance mode and is not accepting commands.]",
            "engine_maintenance",
            RefusalClass.BLOCKED,
        ),
        (
            "[Cannot migrate VM. Operation can be performed only when Host status is Up.]",
            "host_not_up",
            RefusalClass.ALTERNATIVE,
        ),
        ("[General command validation failure.]", "internal_error", RefusalClass.OPERATOR),
        ("[Something that no engine has said before]", "unrecognised", RefusalClass.OPERATOR),
        ("", "unrecognised", RefusalClass.OPERATOR),
    ],
)
def test_refusals_by_their_text(detail, key, kind):
    """The text decides, not the HTTP code: pinned, locked and moving are all 409."""
    refusal = classify_refusal(Refused(status_code=409, detail=detail))
    assert (refusal.key, refusal.kind) == (key, kind)
    assert refusal.status_code == 409


def test_fault_that_lists_three_hosts_is_read_for_its_count_only():
    """The engine repeats the first host's line for each host: one filter is certain, and the count."""
    line = (
        "The host kvm02 did not satisfy internal filter Memory because its available memory is too low "
        "(0 MB) to run the VM."
    )
    refusal = classify_text(f"[{CONSTRAINTS}, {line}, {line}, {line}]")
    assert (refusal.filters, refusal.hosts_refusing, refusal.kind) == (("Memory",), 3, RefusalClass.BLOCKED)


@pytest.mark.parametrize(
    ("line", "name", "kind"),
    [
        (
            "The host h2 did not satisfy internal filter Network because network(s) guests are missing.",
            "Network",
            RefusalClass.PERMANENT,
        ),
        ("The host h2 did not satisfy internal filter Migration.", "Migration", RefusalClass.PERMANENT),
        (
            "The host h2 did not satisfy internal filter CPU-Level because its CPU flags are "
            "missing VM's required CPU flags: vmx\"..",
            "CPU-Level",
            RefusalClass.PERMANENT,
        ),
        (
            "The host h2 did not satisfy internal filter VmAffinityGroups because it matched negative "
            "affinity rules .",
            "VmAffinityGroups",
            RefusalClass.ALTERNATIVE,
        ),
        (
            "The host h2 did not satisfy internal filter VM leases ready because the VM lease is not ready.",
            "VM leases ready",
            RefusalClass.BLOCKED,
        ),
    ],
)
def test_filter_names_are_the_engines(line, name, kind):
    """Filter names come out as the engine spells them, odd ends of lines included."""
    refusal = classify_text(f"[{CONSTRAINTS}, {line}]")
    assert (refusal.filters, refusal.kind) == ((name,), kind)


def test_missing_permission_is_permanent_whatever_the_text():
    """HTTP 403 needs no words."""
    assert classify_refusal(Refused(status_code=403)).key == "not_authorized"
