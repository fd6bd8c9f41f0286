"""Rules of the engine that hold at some compatibility levels only.

Engine: FeatureSupported, and the options by version in `pre_upgrade/0000_config.sql`.
"""

from __future__ import annotations

from functools import cache


@cache
def level_number(version: str | None) -> tuple[int, ...] | None:
    """A compatibility level as a comparable number; None where it is not known.

    >>> level_number("4.7"), level_number(None)
    ((4, 7), None)
    """
    parts = (version or "").split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else None


def has_implicit_affinity_groups(version: str | None) -> bool | None:
    """Whether labels with an implicit affinity group act as rules of hosts: below level 4.4."""
    number = level_number(version)
    return None if number is None else number < (4, 4)


def has_parallel_migrations(version: str | None) -> bool | None:
    """Whether migrations may use parallel connections: from level 4.7."""
    number = level_number(version)
    return None if number is None else number >= (4, 7)
