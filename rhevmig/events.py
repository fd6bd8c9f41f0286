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
MIGRATION_STARTS: frozenset[int] = frozenset(
    {EventCode.MIGRATION_STARTED, EventCode.MIGRATION_STARTED_BY_SYSTEM}
)

#: Events that end a migration without success. 128 is none: the engine then tries another host.
MIGRATION_FAILURES: frozenset[int] = frozenset(
    {
        EventCode.MIGRATION_ABORTED,
        EventCode.MIGRATION_FAILED,
        EventCode.MIGRATION_TO_HOST_FAILED,
        EventCode.MIGRATION_FAILED_DURING_MAINTENANCE,
        EventCode.MIGRATION_TO_HOST_FAILED_DURING_MAINTENANCE,
    }
)

#: Events of a VM that no longer runs.
VM_ENDS: frozenset[int] = frozenset(
    {EventCode.VM_DOWN, EventCode.MIGRATION_ABORTED, EventCode.VM_DOWN_WITH_ERROR}
)

#: Events of NICs that were not plugged back after a migration.
NIC_FAILURES: frozenset[int] = frozenset(
    {EventCode.NICS_NOT_REPLUGGED, EventCode.NICS_NOT_REPLUGGED_EXTERNAL}
)

#: Events of a VM whose state the engine did not know for a time.
CONTACT_LOST: frozenset[int] = frozenset({EventCode.VM_UNKNOWN, EventCode.VM_RESTORED})

#: All events about a migration.
MIGRATION_EVENTS: frozenset[int] = frozenset(
    {
        EventCode.VM_DOWN,
        EventCode.MIGRATION_STARTED,
        EventCode.MIGRATION_DONE,
        EventCode.MIGRATION_ABORTED,
        EventCode.MIGRATION_FAILED,
        EventCode.MIGRATION_STARTED_BY_SYSTEM,
        EventCode.VM_DOWN_WITH_ERROR,
        EventCode.MIGRATION_TO_HOST_FAILED,
        EventCode.VM_NOT_RESPONDING,
        EventCode.MIGRATION_TRYING_RERUN,
        EventCode.MIGRATION_FAILED_DURING_MAINTENANCE,
        EventCode.VM_UNKNOWN,
        EventCode.MIGRATION_CANCELLED,
        EventCode.MIGRATION_CANCEL_FAILED,
        EventCode.VM_RESTORED,
        EventCode.MIGRATION_NO_HOST,
        EventCode.MIGRATION_TO_HOST_FAILED_DURING_MAINTENANCE,
        EventCode.NICS_NOT_REPLUGGED,
        EventCode.NICS_NOT_REPLUGGED_EXTERNAL,
    }
)

#: Events about a host that matter to a migration or to the clock.
HOST_EVENTS: frozenset[int] = frozenset(
    {
        EventCode.HOST_NON_RESPONSIVE,
        EventCode.HOST_UP,
        EventCode.HOST_MAINTENANCE,
        EventCode.HOST_ACTIVATE,
        EventCode.HOST_MAINTENANCE_FAILED,
        EventCode.HOST_CPU_LEVEL_TOO_LOW,
        EventCode.HOST_NON_OPERATIONAL,
        EventCode.NETWORKS_MISSING_ON_HOST,
        EventCode.HOST_ENTERS_MAINTENANCE,
        EventCode.HOST_CANNOT_ENTER_MAINTENANCE,
        EventCode.HOST_TIME_DRIFT,
        EventCode.HOST_ENTERS_MAINTENANCE_WITHOUT_REASON,
        EventCode.NETWORKS_OUT_OF_SYNC,
        EventCode.HOST_NOT_RESPONDING_NO_FENCING,
        EventCode.HOST_COMMAND_FAILED,
    }
)
