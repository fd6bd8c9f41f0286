"""Is it fit for live migration? One module an area, one page a check."""

from rhevmig.checks.finding import Evidence, Finding, Findings, Scope, Severity, Status, exit_code
from rhevmig.checks.registry import CHECKS, Check, Threshold, get_check
from rhevmig.checks.runner import check, page

__all__ = [
    "CHECKS",
    "Check",
    "Evidence",
    "Finding",
    "Findings",
    "Scope",
    "Severity",
    "Status",
    "Threshold",
    "check",
    "exit_code",
    "get_check",
    "page",
]
