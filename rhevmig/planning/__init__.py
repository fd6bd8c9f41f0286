"""Who goes where, in which order, how many at once and how long it takes: pure functions of an inventory."""

from rhevmig.planning.evacuation import plan_evacuation, plan_migration
from rhevmig.planning.plan import Blocked, Candidate, Estimate, Move, Plan, PlanHost, Remaining, load_plan

__all__ = [
    "Blocked",
    "Candidate",
    "Estimate",
    "Move",
    "Plan",
    "PlanHost",
    "Remaining",
    "load_plan",
    "plan_evacuation",
    "plan_migration",
]
