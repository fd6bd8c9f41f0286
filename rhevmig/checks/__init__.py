"""Is the site fit for live migration? One module per area, one page per check."""

from rhevmig.checks.finding import (
    READINESS,
    Finding,
    Findings,
    ObservedValue,
    Scope,
    Severity,
    Status,
    equal_findings,
    exit_code,
)
from rhevmig.checks.registry import CHECKS, Check, Threshold, get_check
from rhevmig.checks.runner import check, page

__all__ = [
    "CHECKS",
    "READINESS",
    "Check",
    "Finding",
    "Findings",
    "ObservedValue",
    "Scope",
    "Severity",
    "Status",
    "Threshold",
    "check",
    "equal_findings",
    "exit_code",
    "get_check",
    "page",
]
