"""How a plan is run: limits, waits and deadlines, kept in the journal so that resuming goes on alike."""

from __future__ import annotations

from typing import Literal

import msgspec


class Timing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Waits and deadlines, in seconds."""

    #: Between two looks while nothing is expected.
    poll_s: float = 5.0
    #: Between two looks while something should end any moment, at least.
    brisk_poll_s: float = 0.5
    #: Between two readings of progress and of hosts: an engine learns of progress every 10 s.
    progress_s: float = 5.0
    hosts_s: float = 15.0
    #: For an event or a job's end that comes after the status.
    event_grace_s: float = 15.0
    #: Two refresh cycles of the engine and some: for a trace of a request whose answer was lost.
    unheard_s: float = 45.0
    #: The shortest deadline of a copy.
    copy_deadline_s: float = 300.0
    #: The deadline of a copy as a multiple of the estimate's ninetieth percentile.
    copy_deadline_factor: float = 2.0
    #: The deadline of a copy by the size of the memory.
    copy_deadline_s_per_gib: float = 150.0
    #: After which a migration that copies nothing is spoken of; it is not stopped for it.
    queue_deadline_s: float = 600.0
    #: After which a VM in an unclear state is given up as unknown.
    unclear_deadline_s: float = 600.0
    #: First wait before another try.
    retry_backoff_s: float = 20.0
    #: First wait while something blocks, and the longest.
    blocked_backoff_s: float = 15.0
    blocked_backoff_max_s: float = 300.0
    #: How long a blocked move is waited for in all.
    blocked_wait_s: float = 600.0
    #: A destination with two failures is left alone for so long.
    host_cooldown_s: float = 600.0
    #: A host preparing for maintenance with nothing moving is stuck after so long.
    stuck_after_s: float = 60.0
    #: A host is given up after so long on its way into maintenance or back.
    host_deadline_s: float = 1200.0
    #: While the engine does not answer: first wait and longest, and when to give up.
    away_backoff_s: float = 5.0
    away_backoff_max_s: float = 60.0
    away_deadline_s: float = 3600.0
    #: The same for fresh sessions that are refused although the login was not.
    session_deadline_s: float = 60.0


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a plan is run."""

    #: Put the emptied host into maintenance.
    deactivate: bool = True
    #: Bring the host back once it is in maintenance.
    return_host: bool = False
    #: Bring the VMs back once the host is.
    return_vms: bool = False
    #: Tries of a move beyond the first after failures that another try may avoid.
    retries: int = 2
    #: Failed moves after which nothing more is started; None is the larger of 3 and 5 % of the moves.
    max_failures: int | None = None
    #: What is done to a copy that passes its deadline.
    on_deadline: Literal["cancel", "wait"] = "cancel"
    #: Text for the engine's record of the maintenance.
    reason: str = "rhevmig evacuation"
    #: Waits and deadlines.
    timing: Timing = Timing()
