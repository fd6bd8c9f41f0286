"""Codes of the engine's events that the product reads.

Engine: the numbers are its audit log types (recordings of an engine 4.5.8). The texts are elsewhere: `engine`
parses them, the lab writes them, and the recordings test both.
"""

from __future__ import annotations

from enum import IntEnum


class EventCode(IntEnum):
    """`event.code`."""

    HOST_NON_RESPONSIVE = 12
    HOST_UP = 13
    HOST_MAINTENANCE = 15
    HOST_ACTIVATE = 16
    HOST_MAINTENANCE_FAILED = 17
    LOGIN = 30
    LOGOUT = 31
    VM_DOWN = 61
    MIGRATION_STARTED = 62
    MIGRATION_DONE = 63
    MIGRATION_ABORTED = 64
    MIGRATION_FAILED = 65
    MIGRATION_STARTED_BY_SYSTEM = 67
    VM_DOWN_WITH_ERROR = 119
    MIGRATION_TO_HOST_FAILED = 120
    VM_NOT_RESPONDING = 126
    MIGRATION_TRYING_RERUN = 128
    MIGRATION_FAILED_DURING_MAINTENANCE = 140
    VM_UNKNOWN = 142
    MIGRATION_CANCELLED = 161
    MIGRATION_CANCEL_FAILED = 162
    VM_RESTORED = 163
    MIGRATION_NO_HOST = 166
    HOST_CPU_LEVEL_TOO_LOW = 515
    HOST_NON_OPERATIONAL = 517
    NETWORKS_MISSING_ON_HOST = 519
    HOST_ENTERS_MAINTENANCE = 600
    HOST_CANNOT_ENTER_MAINTENANCE = 602
    HOST_TIME_DRIFT = 604
    HOST_ENTERS_MAINTENANCE_WITHOUT_REASON = 620
    NETWORKS_OUT_OF_SYNC = 1110
    MIGRATION_TO_HOST_FAILED_DURING_MAINTENANCE = 1111
    HOST_NOT_RESPONDING_NO_FENCING = 9027
    HOST_COMMAND_FAILED = 10802
    NICS_NOT_REPLUGGED = 12003
    NICS_NOT_REPLUGGED_EXTERNAL = 12004


#: Events that start a migration.
MIGRATION_STARTS: frozenset[int] = frozenset({62, 67})

#: Events that end a migration without success. 128 is none: the engine then tries another host.
MIGRATION_FAILURES: frozenset[int] = frozenset({64, 65, 120, 140, 1111})

#: Events of a VM that no longer runs.
VM_ENDS: frozenset[int] = frozenset({61, 64, 119})

#: Events of NICs that were not plugged back after a migration.
NIC_FAILURES: frozenset[int] = frozenset({12003, 12004})

#: Events of a VM whose state the engine did not know for a time.
CONTACT_LOST: frozenset[int] = frozenset({142, 163})

#: All events about a migration.
MIGRATION_EVENTS: frozenset[int] = frozenset(
    {61, 62, 63, 64, 65, 67, 119, 120, 126, 128, 140, 142, 161, 162, 163, 166, 1111, 12003, 12004}
)

#: Events about a host that matter to a migration or to the clock.
HOST_EVENTS: frozenset[int] = frozenset(
    {12, 13, 15, 16, 17, 515, 517, 519, 600, 602, 604, 620, 1110, 9027, 10802}
)
