"""How a plan is run: limits, waits and deadlines. The journal keeps them, so `resume` uses the same."""

from __future__ import annotations

from typing import Literal

import msgspec


class Timing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Waits and deadlines, in seconds."""

    #: Longest interval between two polls.
    poll_s: float = 5.0
    #: Shortest interval between two polls.
    brisk_poll_s: float = 0.5
    #: Interval between readings of progress and of hosts: an engine refreshes progress every 10 s.
    progress_s: float = 5.0
    hosts_s: float = 15.0
    #: For an event or a job's end that follows the change of status.
    event_grace_s: float = 15.0
    #: Two refresh cycles of the engine with a margin: for a trace of a request whose answer was lost, and
    #: before a VM that is down counts as lost.
    unheard_s: float = 45.0
    #: How long a request may be under way, counted from its intent: the timeout of a request (120 s) with
    #: a margin. No request is repeated before.
    request_timeout_s: float = 150.0
    #: Shortest deadline of a copy.
    copy_deadline_s: float = 300.0
    #: Deadline of a copy as a multiple of the estimate's 90th percentile.
    copy_deadline_factor: float = 2.0
    #: Deadline of a copy by the size of the memory.
    copy_deadline_s_per_gib: float = 150.0
    #: After which a migration that copies nothing is reported as queued; it is not cancelled.
    queue_deadline_s: float = 600.0
    #: After which a VM in an unclear state is settled as unknown.
    unclear_deadline_s: float = 600.0
    #: After which another client's migration of the VM is no longer waited for.
    other_migration_s: float = 3600.0
    #: First wait before another attempt.
    retry_backoff_s: float = 20.0
    #: First and longest wait while something blocks.
    blocked_backoff_s: float = 15.0
    blocked_backoff_max_s: float = 300.0
    #: Total wait for a blocked move.
    blocked_wait_s: float = 600.0
    #: A destination with two failures is not used for this time.
    host_cooldown_s: float = 600.0
    #: A host preparing for maintenance with no migration under way is stuck after this time.
    stuck_after_s: float = 60.0
    #: Deadline of maintenance and of activation.
    host_deadline_s: float = 1200.0
    #: While the engine does not answer: first wait, longest wait, and when to give up.
    away_backoff_s: float = 5.0
    away_backoff_max_s: float = 60.0
    away_deadline_s: float = 3600.0
    #: When to give up while the engine accepts the login and refuses the session.
    session_deadline_s: float = 60.0


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a plan is run."""

    #: Put the emptied host into maintenance.
    deactivate: bool = True
    #: Activate the host once it is in maintenance.
    return_host: bool = False
    #: Migrate the VMs back once the host is up.
    return_vms: bool = False
    #: Further attempts of a move after failures that another attempt may avoid.
    retries: int = 2
    #: Failed moves after which nothing more is started; None: the larger of 3 and 5 % of the moves.
    max_failures: int | None = None
    #: What to do with a copy that passes its deadline.
    on_deadline: Literal["cancel", "wait"] = "cancel"
    #: Text for the engine's record of the maintenance.
    reason: str = "rhevmig evacuation"
    timing: Timing = Timing()
