"""What a site demands of its engine: read from YAML, strictly."""

from rhevmig.policy.file import load_policy
from rhevmig.policy.policy import Policy, Roles, Thresholds, Waiver

__all__ = ["Policy", "Roles", "Thresholds", "Waiver", "load_policy"]
