"""Running plans: migrate VMs and empty hosts, with a journal written before each request.

`api` runs, resumes and stops campaigns; `outcome_rules` decides how a migration ended, `decisions` and
`host_maintenance` what to do next, `executor` does it; `port` is what an engine must offer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rhevmig.migration.campaign import Campaign, CampaignState, Course, Phase
from rhevmig.migration.journal.records import Attempt, HostCourse
from rhevmig.migration.options import Options, Timing
from rhevmig.migration.outcome import Outcome, OutcomeEvidence, Refusal, RefusalClass, Verdict
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
    TransferState,
    VmState,
)
from rhevmig.migration.progress import OnProgress, Progress
from rhevmig.migration.refusals import classify_refusal, classify_text

if TYPE_CHECKING:
    from rhevmig.migration.api import cancel as cancel
    from rhevmig.migration.api import migrate as migrate
    from rhevmig.migration.api import resume as resume
    from rhevmig.migration.api import run as run
    from rhevmig.migration.api import status as status
    from rhevmig.migration.journal.store import Journal as Journal

# these modules load SQLAlchemy, which a program that only reads a campaign does not need
_LAZY = {
    "Journal": "journal.store",
    **dict.fromkeys(("cancel", "migrate", "resume", "run", "status"), "api"),
}

__all__ = [
    "Accepted",
    "ActAnswer",
    "AnswerLost",
    "Attempt",
    "Campaign",
    "CampaignState",
    "Course",
    "EventFact",
    "HostCourse",
    "HostState",
    "JobState",
    "Journal",
    "MigrationEngine",
    "MigrationPort",
    "NotSent",
    "OnProgress",
    "Options",
    "Outcome",
    "OutcomeEvidence",
    "Phase",
    "Progress",
    "Refusal",
    "RefusalClass",
    "Refused",
    "Timing",
    "TransferState",
    "Verdict",
    "VmState",
    "cancel",
    "classify_refusal",
    "classify_text",
    "migrate",
    "resume",
    "run",
    "status",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
