"""One migration stepped through time: copy rounds, switchover rule, convergence schedule.

The loop is QEMU's: send what is pending; once less is pending than the link moves within the downtime
limit, read the dirty bitmap again; stop the VM when still less is pending. Above it sits the source
host's monitor, which looks every ten seconds and runs the policy's next action. A step jumps from one
such event to the next, so its cost does not depend on the seconds it covers.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rhevmig.errors import InvalidArgument
from rhevmig.precopy.auto_converge import Throttle
from rhevmig.precopy.bandwidth import VDSM_DEFAULT_MIB_S
from rhevmig.precopy.dirty_rate import IDLE, DirtyModel
from rhevmig.precopy.presets import MINIMAL_DOWNTIME
from rhevmig.precopy.schedules import Action, ActionKind, ConvergenceSchedule
from rhevmig.precopy.switchover import CHECK_INTERVAL_S, PAGE_OVERHEAD, RESUME_S, first_pass_bytes
from rhevmig.units import MIB

#: how often the source host looks at a migration (vdsm.conf `migration_monitor_interval`)
MONITOR_INTERVAL_S = 10.0
#: pause of the VM at a switch to post-copy (measured 19 to 32 ms)
_POST_COPY_PAUSE_S = 0.02
_DAY_S = 86_400.0


class CopyPhase(StrEnum):
    """Where a migration stands."""

    #: the destination is being prepared, nothing is sent
    SETUP = "setup"
    #: memory is sent while the VM runs on the source
    PRECOPY = "precopy"
    #: the VM is paused, the rest is sent
    SWITCHOVER = "switchover"
    #: the VM runs on the destination, the rest of its memory follows
    POSTCOPY = "postcopy"
    ENDED = "ended"


class CopyOutcome(StrEnum):
    """How a migration ended."""

    #: switched over within an ordinary downtime limit
    CONVERGED = "converged"
    #: switched over because the schedule's last step allowed seconds of downtime
    SUSPENDED = "suspended"
    #: moved first, memory followed
    POST_COPY = "post-copy"
    #: the schedule gave up; the VM stays on the source
    ABORTED = "aborted"
    #: cancelled from outside; the VM stays on the source
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyJob:
    """Everything about one migration that does not change while it runs."""

    #: RAM of the VM
    memory_bytes: float
    #: the part that holds something; None = all of it
    nonzero_bytes: float | None = None
    #: what the VM writes meanwhile
    dirty: DirtyModel = IDLE
    #: the policy's convergence schedule
    schedule: ConvergenceSchedule = MINIMAL_DOWNTIME.schedule
    #: the migration's own cap while the VM runs, bytes per second; None = none. It does not bind the pause
    max_bandwidth_bytes_s: float | None = float(VDSM_DEFAULT_MIB_S * MIB)
    #: throttle the VM's CPUs when it dirties faster than the copy
    auto_converge: bool = False
    #: share of its CPUs that the load needs; throttling bites only beyond the idle rest
    cpu_duty: float = 1.0
    #: auto-converge's first and further steps, percent (QEMU's defaults)
    throttle_initial_percent: int = 20
    throttle_increment_percent: int = 10
    #: parallel (multifd) connections; None = one plain stream. With them there is no post-copy
    connections: int | None = None
    #: seconds before the first byte (create on the destination, handshake)
    setup_s: float = 0.0
    #: limit before the schedule says anything, milliseconds (QEMU's own default)
    default_downtime_ms: int = 300

    def __post_init__(self) -> None:
        if not (math.isfinite(self.memory_bytes) and self.memory_bytes > 0):
            raise InvalidArgument(name="memory_bytes", value=self.memory_bytes, expected="bytes above 0")
        nonzero = self.nonzero_bytes
        if nonzero is not None and not 0 <= nonzero <= self.memory_bytes:
            raise InvalidArgument(name="nonzero_bytes", value=nonzero, expected="0 to the size of the memory")


@dataclass(frozen=True, slots=True)
class _Speeds:
    """Bytes per second while the VM runs on the source, and once it does not."""

    copying: float
    stopped: float


_Event = Callable[[_Speeds], None]


class Rounds:
    """A migration in progress; everything read from it is as of `elapsed_s`.

    >>> idle = Rounds(CopyJob(memory_bytes=520 * MIB, max_bandwidth_bytes_s=None))
    >>> idle.advance(60, bandwidth_bytes_s=52 * MIB) < 10.1, str(idle.outcome)
    (True, 'converged')
    """

    def __init__(self, job: CopyJob) -> None:
        nonzero = job.memory_bytes if job.nonzero_bytes is None else job.nonzero_bytes
        schedule = job.schedule.without_post_copy() if job.connections else job.schedule
        self.job = job
        self.phase = CopyPhase.SETUP if job.setup_s > 0 else CopyPhase.PRECOPY
        self.outcome: CopyOutcome | None = None
        # seconds since the start; stops at the end
        self.elapsed_s = 0.0
        # bytes that went over the link so far
        self.transferred_bytes = 0.0
        # times the dirty bitmap was read, the first one included (libvirt's memory_iteration)
        self.iterations = 1
        # the limit in force
        self.downtime_limit_s = job.default_downtime_ms / 1000
        # pause of the VM, seconds; None until it is over
        self.downtime_s: float | None = None
        # downtime limits set so far, milliseconds, with the second each was set
        self.limits_set: list[tuple[float, int]] = []
        self._nonzero = nonzero
        self._dirty = job.dirty
        self._throttle = Throttle(
            is_on=job.auto_converge,
            cpu_duty=job.cpu_duty,
            initial_percent=job.throttle_initial_percent,
            increment_percent=job.throttle_increment_percent,
        )
        self._first_pass = first_pass_bytes(memory_bytes=job.memory_bytes, nonzero_bytes=nonzero)
        self._unsent = self._first_pass
        self._pending = self._first_pass
        self._written = 0.0
        self._exposed_s = 0.0
        self._anchor_s = job.setup_s
        self._check_at: tuple[float, float, float] | None = None
        self._tick_s = job.setup_s + MONITOR_INTERVAL_S
        self._first_iteration: int | None = None
        self._seen_iteration = 1
        self._queue = list(schedule.queue)
        self._is_last_resort = False
        self._pause_began_s = 0.0
        self._resume_left_s = RESUME_S
        self._tail_left = 0.0
        self._cycle: tuple[float, float, float] | None = None
        self._progress = 0
        for action in schedule.initial:
            self._act(action)

    # ── time ───────────────────────────────────────────────────────────────────────────────────────

    def advance(
        self, seconds: float, *, bandwidth_bytes_s: float, stop_bandwidth_bytes_s: float | None = None
    ) -> float:
        """Let `seconds` pass; returns the seconds used, fewer if the migration ended before.

        Args: bandwidth_bytes_s (what the links give this migration now; its own cap applies on top; 0 =
        a link that is down: the VM writes on, nothing is sent); stop_bandwidth_bytes_s (what they give
        while the VM is paused or runs in post-copy; None = the same, without the cap).
        """
        if not 0 <= seconds < math.inf or not 0 <= bandwidth_bytes_s < math.inf:
            raise InvalidArgument(
                name="advance", value=(seconds, bandwidth_bytes_s), expected="seconds and bytes/s, 0 or more"
            )
        began = self.elapsed_s
        until = began + seconds
        speeds = self._speeds(bandwidth_bytes_s, stop_bandwidth_bytes_s)
        while self.phase != CopyPhase.ENDED:
            at, event = self._next_event(speeds)
            if at > until:
                self._pass(until, speeds)
                break
            self._pass(at, speeds)
            event(speeds)
            self._skip_cycles(until, speeds)
        return self.elapsed_s - began

    def next_change_s(
        self, *, bandwidth_bytes_s: float, stop_bandwidth_bytes_s: float | None = None
    ) -> float:
        """Seconds until phase, iteration or limit may change at this bandwidth; inf if never."""
        if self.phase == CopyPhase.ENDED:
            return math.inf
        at, _ = self._next_event(self._speeds(bandwidth_bytes_s, stop_bandwidth_bytes_s))
        return at - self.elapsed_s

    def expected_end_s(
        self, *, bandwidth_bytes_s: float, stop_bandwidth_bytes_s: float | None = None
    ) -> float | None:
        """Seconds from now to the end, with any outcome, at this bandwidth; None beyond a day."""
        ahead = self.copy()
        used = ahead.advance(
            _DAY_S, bandwidth_bytes_s=bandwidth_bytes_s, stop_bandwidth_bytes_s=stop_bandwidth_bytes_s
        )
        return used if ahead.phase == CopyPhase.ENDED else None

    def copy(self) -> Rounds:
        """An independent migration in the same state."""
        twin = copy.copy(self)
        twin._queue = list(self._queue)
        twin.limits_set = list(self.limits_set)
        twin._throttle = copy.copy(self._throttle)
        return twin

    def cancel(self) -> bool:
        """Stop now, the VM stays on the source; False where it is too late (post-copy, ended)."""
        if self.phase in (CopyPhase.POSTCOPY, CopyPhase.ENDED):
            return False
        self._end(CopyOutcome.CANCELLED)
        return True

    def switch_to_post_copy(self) -> bool:
        """Switch to post-copy now; False where that is impossible."""
        if self.phase != CopyPhase.PRECOPY or self.job.connections:
            return False
        self._read_bitmap()
        self.downtime_s = _POST_COPY_PAUSE_S
        self.phase = CopyPhase.POSTCOPY
        return True

    def set_dirty(self, dirty: DirtyModel) -> None:
        """The VM's load changes from now on."""
        self._written += self._dirty.unique_bytes(self._exposed_s)
        self._exposed_s = 0.0
        self._dirty = dirty
        self._cycle = None

    # ── what can be read ───────────────────────────────────────────────────────────────────────────

    @property
    def remaining_bytes(self) -> float:
        """Memory known to be unsent, zero pages included (QEMU's `remaining`)."""
        zero = self.job.memory_bytes - self._nonzero
        share = self._unsent / self._first_pass if self._first_pass else 0.0
        return self._pending / PAGE_OVERHEAD + zero * share if self.phase != CopyPhase.ENDED else 0.0

    @property
    def progress_percent(self) -> int:
        """What VDSM reports: 0 to 99, never falling, 100 at a successful end."""
        if self.outcome in (CopyOutcome.CONVERGED, CopyOutcome.SUSPENDED, CopyOutcome.POST_COPY):
            return 100
        if self.phase not in (CopyPhase.SETUP, CopyPhase.ENDED):
            share = math.floor(100 * self.remaining_bytes / self.job.memory_bytes)
            self._progress = max(self._progress, min(99, max(0, 100 - share)))
        return self._progress

    @property
    def stalls(self) -> int:
        """Iterations as the convergence schedule counts them: since the monitor's first look."""
        return 0 if self._first_iteration is None else self._seen_iteration - self._first_iteration

    @property
    def throttle_percent(self) -> int:
        """CPU time that auto-converge takes from the VM."""
        return self._throttle.percent

    # ── the loop ───────────────────────────────────────────────────────────────────────────────────

    def _speeds(self, bandwidth: float, stop_bandwidth: float | None) -> _Speeds:
        cap = self.job.max_bandwidth_bytes_s
        copying = bandwidth if cap is None else min(bandwidth, cap)
        stopped = bandwidth if stop_bandwidth is None else stop_bandwidth
        # Less than a byte a second is a link that is down.
        return _Speeds(copying if copying >= 1 else 0.0, stopped if stopped >= 1 else 0.0)

    def _next_event(self, speeds: _Speeds) -> tuple[float, _Event]:
        if self.phase == CopyPhase.SETUP:
            return max(self.elapsed_s, self.job.setup_s), self._begin
        if self.phase in (CopyPhase.SWITCHOVER, CopyPhase.POSTCOPY):
            return self._sent_at(self._pending, speeds.stopped), self._arrive
        if self._tail_left > 0:
            return self._sent_at(self._tail_left, speeds.copying), self._stop
        check = self._next_check(speeds)
        if self._queue and self._tick_s < check:
            return self._tick_s, self._look
        return check, self._check

    def _sent_at(self, size: float, speed: float) -> float:
        rest = self._resume_left_s if self.phase == CopyPhase.SWITCHOVER else 0.0
        if size <= 0:
            return self.elapsed_s + rest
        return self.elapsed_s + size / speed + rest if speed > 0 else math.inf

    def _next_check(self, speeds: _Speeds) -> float:
        """When QEMU next finds less pending than the limit allows; it looks every 50 ms."""
        key = (speeds.copying, self.downtime_limit_s)
        if self._check_at is not None and self._check_at[:2] == key:
            return self._check_at[2]
        if speeds.copying <= 0:
            return math.inf
        excess = self._pending - max(1.0, speeds.copying * self.downtime_limit_s)
        if excess < 0 and self.iterations == 1 and self.elapsed_s <= self._anchor_s:
            at = self._anchor_s
        else:
            crossing = self.elapsed_s + max(0.0, excess) / speeds.copying
            slots = math.floor((crossing - self._anchor_s) / CHECK_INTERVAL_S + 1e-9) + 1
            drained = self.elapsed_s + self._pending / speeds.copying
            at = max(self.elapsed_s, min(self._anchor_s + slots * CHECK_INTERVAL_S, drained))
        self._check_at = (*key, at)
        return at

    def _pass(self, until: float, speeds: _Speeds) -> None:
        """Time passes without an event."""
        seconds = max(0.0, until - self.elapsed_s)
        self.elapsed_s = until
        if self.phase == CopyPhase.SETUP:
            return
        if self.phase == CopyPhase.PRECOPY:
            self._exposed_s += seconds * self._throttle.factor
        speed = speeds.copying if self.phase == CopyPhase.PRECOPY else speeds.stopped
        sending = min(seconds, self._pending / speed) if speed > 0 else seconds
        moved = min(self._pending, speed * seconds)
        if self.phase == CopyPhase.SWITCHOVER and self._pending <= moved:
            self._resume_left_s = max(0.0, self._resume_left_s - (seconds - sending))
        self._pending -= moved
        self._unsent = max(0.0, self._unsent - moved)
        self._tail_left = max(0.0, self._tail_left - moved)
        self.transferred_bytes += moved

    def _begin(self, speeds: _Speeds) -> None:
        self.phase = CopyPhase.PRECOPY

    def _check(self, speeds: _Speeds) -> None:
        """Little is pending: read the bitmap, and stop the VM if it still is little."""
        since, before = self._anchor_s, self._pending
        self._read_bitmap()
        limit = max(1.0, speeds.copying * self.downtime_limit_s)
        if self._pending < limit:
            zero = self.job.memory_bytes - self._nonzero
            # Part of an unsent tail turns out to be zero pages, so the pause begins later than it looks.
            self._tail_left = min(self._unsent / 2, zero)
            if self._tail_left <= 0:
                self._stop(speeds)
            return
        self._throttle.after_bitmap(
            now_s=self.elapsed_s, dirtied=self._pending - before, transferred=self.transferred_bytes
        )
        self._note_cycle(since)

    def _read_bitmap(self) -> None:
        # What is unsent of the first pass is taken to lie outside the working set.
        known = self._pending / PAGE_OVERHEAD if self.iterations > 1 else 0.0
        self._pending += self._newly_dirty(known) * PAGE_OVERHEAD
        self._written = self._exposed_s = 0.0
        self._anchor_s = self.elapsed_s
        self._check_at = None
        self.iterations += 1

    def _newly_dirty(self, known: float) -> float:
        """Bytes written since the last bitmap read that are not among the `known` pending ones."""
        fresh = self._written + self._dirty.newly_dirty(self._exposed_s, pending_bytes=known)
        return min(fresh, max(0.0, self.job.memory_bytes - known))

    def _stop(self, speeds: _Speeds) -> None:
        self.phase = CopyPhase.SWITCHOVER
        self._tail_left = 0.0
        self._pause_began_s = self.elapsed_s

    def _arrive(self, speeds: _Speeds) -> None:
        if self.phase == CopyPhase.POSTCOPY:
            self._end(CopyOutcome.POST_COPY)
            return
        self.downtime_s = self.elapsed_s - self._pause_began_s
        self._end(CopyOutcome.SUSPENDED if self._is_last_resort else CopyOutcome.CONVERGED)

    def _end(self, outcome: CopyOutcome) -> None:
        _ = self.progress_percent
        self.phase = CopyPhase.ENDED
        self.outcome = outcome

    # ── a copy that runs in circles ────────────────────────────────────────────────────────────────

    def _note_cycle(self, since: float) -> None:
        length = self.elapsed_s - since
        known = self._cycle
        is_same = known is not None and abs(known[0] - self._pending) < 1 and abs(known[1] - length) < 1e-9
        self._cycle = (self._pending, length, (known[2] + 1) if known and is_same else 0.0)

    def _skip_cycles(self, until: float, speeds: _Speeds) -> None:
        """Jump over rounds that repeat exactly; without it a copy that never ends costs most."""
        if self._cycle is None or self._cycle[2] < 1 or self.phase != CopyPhase.PRECOPY:
            return
        length = self._cycle[1]
        horizon = min(until, self._tick_s if self._queue else math.inf)
        if self._anchor_s != self.elapsed_s or not self._throttle.is_settled or length <= 0:
            return
        count = math.floor((horizon - self.elapsed_s) / length) - 1
        if count > 0:
            self.elapsed_s += count * length
            self._anchor_s = self.elapsed_s
            self.iterations += count
            self.transferred_bytes += count * length * speeds.copying
            self._check_at = None

    # ── the source host's monitor ──────────────────────────────────────────────────────────────────

    def _look(self, speeds: _Speeds) -> None:
        """One look of the source host: at most one action, and only if an iteration went by."""
        self._tick_s += MONITOR_INTERVAL_S
        if self._first_iteration is None:
            self._first_iteration = self._seen_iteration = self.iterations
        if self.iterations > self._seen_iteration:
            self._seen_iteration = self.iterations
            if self._queue[0].stalling_limit < self.stalls:
                step = self._queue.pop(0)
                self._is_last_resort = step.stalling_limit < 0
                self._act(step.action)

    def _act(self, action: Action) -> None:
        if action.kind == ActionKind.ABORT:
            self._end(CopyOutcome.ABORTED)
        elif action.kind == ActionKind.POST_COPY:
            self.switch_to_post_copy()
        elif action.downtime_ms is not None:
            self.downtime_limit_s = action.downtime_ms / 1000
            self.limits_set.append((self.elapsed_s, action.downtime_ms))
            self._check_at = self._cycle = None
