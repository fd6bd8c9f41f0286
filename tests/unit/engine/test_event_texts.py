"""What the English texts of events tell."""

from __future__ import annotations

import pytest

from rhevmig.engine.event_texts import duration_s_of, facts_of
from rhevmig.events import EventCode

VALIDATION = (
    "[Cannot migrate VM. There is no host that satisfies current scheduling constraints. See below for "
    "details:, The host kvm02 did not satisfy internal filter Memory because its available memory is too low "
    "(0 MB) to run the VM.]"
)
IN_MAINTENANCE = (
    " while Host is in 'preparing for maintenance' state.\n  Consider manual intervention: "
    "stopping/migrating Vms as Host's state will not\n  turn to maintenance while VMs are still running "
    "on it."
)


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        (
            62,
            "Migration started (VM: db01, Source: kvm04, Destination: kvm02, User: admin@internal-authz). ",
            {"vm_name": "db01", "source_host": "kvm04", "destination_host": "kvm02", "reason": ""},
        ),
        (
            62,
            "Migration started (VM: a, Source: b, Destination: c, User: d@e). kernel (all) update, 2 of 3",
            {"user": "d@e", "reason": "kernel (all) update, 2 of 3"},
        ),
        (
            63,
            "Migration completed (VM: erp02, Source: kvm10, Destination: kvm08, Duration: 1 minute 53 seconds"
            ", Total: 1 minute 54 seconds, Actual downtime: 190ms)",
            {"duration_s": 113.0, "total_s": 114.0, "downtime_ms": 190.0, "vm_name": "erp02"},
        ),
        (
            63,
            "Migration completed (VM: app01, Source: a, Destination: b, Duration: 1 second, Total: 3 seconds"
            ", Actual downtime: (N/A))",
            {"duration_s": 1.0, "total_s": 3.0, "downtime_ms": None},
        ),
        (
            64,
            "Migration failed: Lost connection with qemu process (VM: vm02, Source: host02).",
            {"error": "Lost connection with qemu process", "source_host": "host02"},
        ),
        (65, "Migration failed  (VM: vm01, Source: host03).", {"error": None, "vm_name": "vm01"}),
        (65, "Migration failed (VM: vm01, Source: host03).", {"error": None, "vm_name": "vm01"}),
        (
            65,
            f"Migration failed due to a failed validation: {VALIDATION} (VM: app01, Source: kvm03).",
            {"error": VALIDATION, "vm_name": "app01", "source_host": "kvm03"},
        ),
        (
            67,
            "Migration initiated by system (VM: db01, Source: kvm03, Destination: kvm02, "
            "Reason: Affinity rules enforcement).",
            {"reason": "Affinity rules enforcement", "destination_host": "kvm02"},
        ),
        (
            67,
            "Migration initiated by system (VM: db01, Source: kvm02, Destination: kvm04, Reason: ).",
            {"reason": ""},
        ),
        (
            120,
            "Migration failed due to an Error: Failed to connect to host04.lab:54321: Connection timed out "
            "(VM: vm04, Source: host02, Destination: host04).",
            {
                "error": "Failed to connect to host04.lab:54321: Connection timed out",
                "destination_host": "host04",
            },
        ),
        (
            128,
            "Failed to migrate VM app01 to Host kvm01 due to an Error: operation failed: migration out job: "
            "unexpectedly failed. Trying to migrate to another Host.",
            {
                "vm_name": "app01",
                "destination_host": "kvm01",
                "error": "operation failed: migration out job: unexpectedly failed",
            },
        ),
        (
            128,
            "Failed to migrate VM app01 to Host kvm01. Trying to migrate to another Host.",
            {"vm_name": "app01", "destination_host": "kvm01", "error": None},
        ),
        (
            140,
            f"Migration failed due to an Error: boom{IN_MAINTENANCE}(VM: v, Source: a, Destination: b).",
            {"error": "boom", "vm_name": "v", "destination_host": "b"},
        ),
        (
            1111,
            f"Migration failed{IN_MAINTENANCE.replace('Host is', 'Source Host is')}(VM: v, Source: a).",
            {"error": None, "source_host": "a", "destination_host": None},
        ),
        (161, "Migration cancelled (VM: app01, Source: kvm04, User: me@x).", {"user": "me@x"}),
        (162, "Failed to cancel migration for VM: app01", {"vm_name": "app01"}),
        (166, "No available host was found to migrate VM app01 to.", {"vm_name": "app01"}),
        (
            62,
            "Migration started (VM: a, Source: b, Destination: <UNKNOWN>, User: <UNKNOWN>). ",
            {"vm_name": "a", "destination_host": None, "user": None},
        ),
    ],
)
def test_recorded_texts(code: int, text: str, told: dict[str, object]) -> None:
    """Texts as an engine 4.5.8 writes them tell names, durations, downtime, errors, who and why."""
    facts = facts_of(code, text)
    assert {name: facts[name] for name in told} == told


@pytest.mark.parametrize("text", ["", "Migration", "Migration completed", "Migración completada (VM: a)"])
def test_texts_that_fit_nothing(text: str) -> None:
    """A reworded or translated text tells nothing, and nothing is guessed from it."""
    for code in EventCode:
        facts = facts_of(code, text)
        assert not any(facts.values())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12 seconds", 12),
        ("1 hour 1 second", 3601),
        ("2 days", 172_800),
        ("", None),
        ("(N/A)", None),
        (None, None),
    ],
)
def test_durations(text: str | None, seconds: float | None) -> None:
    """Durations are words, zero units at the ends left out; anything else is no duration."""
    assert duration_s_of(text) == seconds
