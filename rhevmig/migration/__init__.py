"""Moving VMs and emptying hosts: plan, protocol, journal, campaign, and the port an engine must offer."""

from rhevmig.migration.port import (
    Accepted,
    ActAnswer,
    AnswerLost,
    EventFact,
    HostState,
    JobState,
    MigrationEngine,
    MigrationPort,
    NotSent,
    Refused,
    VmState,
)

__all__ = [
    "Accepted",
    "ActAnswer",
    "AnswerLost",
    "EventFact",
    "HostState",
    "JobState",
    "MigrationEngine",
    "MigrationPort",
    "NotSent",
    "Refused",
    "VmState",
]
