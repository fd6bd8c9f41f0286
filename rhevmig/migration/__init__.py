"""Moving VMs and emptying hosts: plan, protocol, journal, campaign, and the port an engine must offer.

`planning` makes plans, `running` runs, resumes and stops them; `settling` holds the truth rule,
`deciding` and `hosting` what is done next, `driving` the loop that does it, `journal` what is written
before each act.
"""

from rhevmig.migration.campaign import Attempt, Campaign, CampaignState, Course, HostCourse
from rhevmig.migration.correlation import CorrelationId, parse_correlation_id
from rhevmig.migration.journal import Journal
from rhevmig.migration.options import Options, Timing
from rhevmig.migration.outcome import SUCCESSES, Evidence, Outcome, Refusal, RefusalClass, Verdict
from rhevmig.migration.plan import Blocked, Candidate, Estimate, Move, Plan, PlanHost, load_plan
from rhevmig.migration.planning import plan_evacuation, plan_migration
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
from rhevmig.migration.running import campaign_of, cancel, migrate, resume, run, status

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
