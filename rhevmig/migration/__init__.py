"""Moving VMs and emptying hosts: plan, protocol, journal, campaign, and the port an engine must offer.

`planning` makes plans, `running` runs, resumes and stops them; `settling` holds the truth rule,
`deciding` and `hosting` what is done next, `driving` the loop that does it, `journal` what is written
before each act.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rhevmig.migration.campaign import Attempt, Campaign, CampaignState, Course, HostCourse
from rhevmig.migration.journal.correlation_ids import CorrelationId, parse_correlation_id
from rhevmig.migration.options import Options, Timing
from rhevmig.migration.outcome import SUCCESSES, Evidence, Outcome, Refusal, RefusalClass, Verdict
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
from rhevmig.migration.progress import OnProgress, Phase, Progress
from rhevmig.migration.refusals import classify_refusal, classify_text
from rhevmig.planning.evacuation import plan_evacuation, plan_migration
from rhevmig.planning.plan import Blocked, Candidate, Estimate, Move, Plan, PlanHost, load_plan

if TYPE_CHECKING:
    from rhevmig.migration.api import campaign_of as campaign_of
    from rhevmig.migration.api import cancel as cancel
    from rhevmig.migration.api import migrate as migrate
    from rhevmig.migration.api import resume as resume
    from rhevmig.migration.api import run as run
    from rhevmig.migration.api import status as status
    from rhevmig.migration.journal.store import Journal as Journal

#: Names whose modules bring the database with them: who only looks at a campaign does without.
_LAZY = {
    "Journal": "journal.store",
    **dict.fromkeys(("campaign_of", "cancel", "migrate", "resume", "run", "status"), "api"),
}

__all__ = [
    "SUCCESSES",
    "Accepted",
    "ActAnswer",
    "AnswerLost",
    "Attempt",
    "Blocked",
    "Campaign",
    "CampaignState",
    "Candidate",
    "CorrelationId",
    "Course",
    "Estimate",
    "EventFact",
    "Evidence",
    "HostCourse",
    "HostState",
    "JobState",
    "Journal",
    "MigrationEngine",
    "MigrationPort",
    "Move",
    "NotSent",
    "OnProgress",
    "Options",
    "Outcome",
    "Phase",
    "Plan",
    "PlanHost",
    "Progress",
    "Refusal",
    "RefusalClass",
    "Refused",
    "Timing",
    "Verdict",
    "VmState",
    "campaign_of",
    "cancel",
    "classify_refusal",
    "classify_text",
    "load_plan",
    "migrate",
    "parse_correlation_id",
    "plan_evacuation",
    "plan_migration",
    "resume",
    "run",
    "status",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
