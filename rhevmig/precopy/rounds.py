"""One migration stepped through time: copy rounds, switchover rule, convergence schedule.

The loop is QEMU's: send what is pending; when less is pending than the link moves within the
downtime limit, look at the dirty bitmap again; stop the VM when still less is pending. A step jumps
from one such event to the next, so its cost does not depend on its length in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rhevmig.precopy.dirtying import IDLE, DirtyModel
from rhevmig.precopy.schedules import ConvergenceSchedule, fixed_downtime

__all__ = ["CopyJob", "CopyOutcome", "CopyPhase", "Rounds"]


class CopyPhase(StrEnum):
    """Where a migration stands."""

    SETUP = "setup"
    PRECOPY = "precopy"
    POSTCOPY = "postcopy"
    SWITCHOVER = "switchover"
    ENDED = "ended"


class CopyOutcome(StrEnum):
    """How a migration ended."""

    #: switched over within an ordinary downtime limit
    CONVERGED = "converged"
    #: switched over only because the schedule's last step allowed seconds of downtime
    SUSPENDED = "suspended"
    #: moved first, memory followed
    POST_COPY = "post-copy"
    #: the schedule gave up; the VM stays on the source
    ABORTED = "aborted"
    #: cancelled from outside
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyJob:
    """Everything about one migration that does not change while it runs."""

    #: RAM of the VM
    memory_bytes: int
    #: RAM that holds something; None = all of it
    nonzero_bytes: int | None = None
    #: what the VM writes meanwhile
    dirty: DirtyModel = IDLE
    #: the policy's convergence schedule
    schedule: ConvergenceSchedule = fixed_downtime(300)
    #: the migration's own cap, bytes per second (vdsm: 52 MiB/s when the engine sends none); None = none
    max_bandwidth_bytes_s: float | None = 52 * 2**20
    #: True: the cap binds the last, stopped part too (a real bottleneck link); False: `max-bandwidth` only
    cap_binds_stop: bool = False
    #: throttle the VM's CPUs when it dirties faster than the copy
    auto_converge: bool = False
    #: share of one CPU the load needs; throttling bites only beyond it (1 = CPU-bound)
    cpu_duty: float = 1.0
    #: parallel (multifd) connections; None = one plain stream. With them there is no post-copy
    connections: int | None = None
    #: seconds before the first byte (create on destination, handshake)
    setup_s: float = 0.0


class Rounds:
    """A migration in progress. Mutable; everything read from it is as of `elapsed_s`.

    >>> from rhevmig.precopy.rounds import CopyJob, Rounds
    """

    def __init__(self, job: CopyJob) -> None:
        self.job = job
        raise NotImplementedError

    # -- time ------------------------------------------------------------------------------
    def advance(self, seconds: float, *, bandwidth_bytes_s: float) -> float:
        """Let `seconds` pass at this bandwidth; returns the seconds used (less if it ended before).

        A bandwidth of 0 is a link that is down: the VM dirties on, nothing is sent.
        """
        raise NotImplementedError

    def next_change_s(self, *, bandwidth_bytes_s: float) -> float:
        """Seconds until the phase, iteration or limit changes at this bandwidth; `inf` if never."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Stop now, the VM stays on the source; without effect once post-copy runs or it ended."""
        raise NotImplementedError

    def switch_to_post_copy(self) -> bool:
        """Switch to post-copy now; False where that is impossible (parallel connections, ended)."""
        raise NotImplementedError

    def set_dirty(self, dirty: DirtyModel) -> None:
        """The VM's load changes from now on."""
        raise NotImplementedError

    # -- what can be read ------------------------------------------------------------------
    phase: CopyPhase
    outcome: CopyOutcome | None
    #: seconds since the start; stops at the end
    elapsed_s: float
    #: bytes still to send; what QEMU reports as `remaining`, zero pages included
    remaining_bytes: float
    #: bytes that went over the link so far
    transferred_bytes: float
    #: times the dirty bitmap was read (QEMU's dirty-sync-count)
    iterations: int
    #: iterations without progress, as the convergence schedule counts them
    stalls: int
    #: the limit in force, seconds
    downtime_limit_s: float
    #: how long the VM stood still; None until the switchover is over
    downtime_s: float | None
    #: auto-converge throttle in force, percent
    throttle_percent: int

    @property
    def progress_percent(self) -> int:
        """What VDSM reports: 0…99 while copying, never falling, 100 at the end."""
        raise NotImplementedError

    def expected_end_s(self, *, bandwidth_bytes_s: float) -> float | None:
        """Seconds from now to the end if the bandwidth stays; None if it would not end in a day."""
        raise NotImplementedError
