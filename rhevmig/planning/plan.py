"""A plan as data: moves with their reasons and estimates, blocked VMs, and its file."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from rhevmig.inventory import Engine
from rhevmig.inventory.files import FileKind, load_file, save_file
from rhevmig.units import format_bytes, format_duration

PLAN: Final = FileKind(
    noun="plan", format="rhevmig-plan", schema_version=1, body="plan", remedy="Create the plan again."
)


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """How long one move takes once its copy has started."""

    #: Half of such moves end within it; None where it is not known.
    p50_s: float | None = None
    #: Nine of ten end within it; None where it is not known or more are aborted.
    p90_s: float | None = None
    #: Pause of the VM.
    downtime_s: float | None = None
    #: Bandwidth of one migration.
    bandwidth_bytes_s: float | None = None
    #: What limits the bandwidth, e.g. `destination_link`.
    limited_by: str | None = None
    #: Whether the copy converges: `yes`, `uncertain`, `no`.
    converges: str | None = None
    #: Migration policy that applies to the VM.
    migration_policy: str | None = None
    #: Such migrations at once per host and direction.
    max_migrations: int | None = None
    #: Share of plausible loads by outcome of the copy: `converged`, `suspended`, `post-copy`, `aborted`.
    outcomes: dict[str, float] = {}
    assumptions: tuple[str, ...] = ()


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """The migration of one VM."""

    #: From 1; part of the correlation ids.
    number: int
    vm_id: str
    vm_name: str
    cluster_id: str
    source_host_id: str
    #: None lets the engine choose (and try up to three hosts).
    destination_host_id: str | None = None
    #: Other possible hosts, tried when the destination fails.
    alternatives: tuple[str, ...] = ()
    #: Why this destination.
    reasons: tuple[str, ...] = ()
    memory_bytes: int | None = None
    #: Status of the VM in the inventory.
    status: str = "up"
    #: Whether `user_migratable` is overridden.
    force: bool = False
    #: Number of the move that includes this one: enforcing affinity makes the engine move them together.
    led_by: int | None = None
    estimate: Estimate = Estimate()


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """A VM that cannot be migrated."""

    vm_id: str
    vm_name: str
    #: One sentence each.
    reasons: tuple[str, ...]
    remedy: str = ""


class Remaining(msgspec.Struct, frozen=True, kw_only=True):
    """A VM without a move that does not keep its host from maintenance."""

    vm_id: str
    vm_name: str
    #: What happens to it.
    reason: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A host that was considered for a single VM."""

    host_id: str
    name: str
    #: `yes`, `no` or `unknown`.
    allowed: str
    #: Filters that refuse or could not be judged, with their sentence.
    reasons: tuple[str, ...] = ()


class PlanHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host of the plan and its migrations at once."""

    host_id: str
    name: str
    cluster_id: str
    #: By the migration policy; 1 with parallel connections.
    max_outgoing: int = 2
    max_incoming: int = 2


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Moves that `run` makes; creating a plan changes nothing."""

    #: `migrate` for one VM, `evacuate` for all VMs of a host.
    kind: Literal["migrate", "evacuate"]
    #: By our clock.
    created_at: datetime
    engine: Engine
    #: Newest event of the inventory.
    event_index: int | None = None
    #: Digest of the facts of the inventory that the plan depends on.
    fingerprint: str = ""
    #: Host that is evacuated; None for a single VM.
    host_id: str | None = None
    #: In the order in which they may start.
    moves: tuple[Move, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    #: VMs of the evacuated host that no move is planned for and that do not prevent maintenance.
    remaining: tuple[Remaining, ...] = ()
    #: For a single VM.
    candidates: tuple[Candidate, ...] = ()
    hosts: tuple[PlanHost, ...] = ()
    #: Whether user-migratable VMs may be forced.
    force: bool = False
    #: All moves together.
    estimate: Estimate = Estimate()
    #: Remarks for the operator.
    notes: tuple[str, ...] = ()
    #: What could not be judged or seen, one sentence each; a plan with any is not known to be complete.
    not_judged: tuple[str, ...] = ()

    def host_name(self, host_id: str | None) -> str:
        """The name of a host of the plan, its id where it is none of them."""
        if host_id is None:
            return "any host"
        return next((host.name for host in self.hosts if host.host_id == host_id), host_id)

    def find_host_id(self, name: str | None) -> str | None:
        """The id of a host of the plan by its name."""
        return next((host.host_id for host in self.hosts if host.name == name), None)

    def find_host(self, host_id: str | None) -> PlanHost | None:
        """A host of the plan."""
        return next((host for host in self.hosts if host.host_id == host_id), None)

    @property
    def _vm_names(self) -> tuple[str, ...]:
        return (*(move.vm_name for move in self.moves), *(item.vm_name for item in self.blocked))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the plan as JSON; `load_plan` reads it back equal. Raises: OutputFailed."""
        return save_file(Path(path), PLAN, self, indent=2)

    def __str__(self) -> str:
        head = (
            f"Evacuate host {self.host_name(self.host_id)}"
            if self.kind == "evacuate"
            else f"Migrate VM {self._vm_names[0] if self._vm_names else '–'}"
        )
        lines = [f"{head}: {len(self.moves)} to move, {len(self.blocked)} blocked{_about(self.estimate)}"]
        width = max((len(move.vm_name) for move in self.moves), default=0)
        for move in self.moves:
            lines.append(
                f"  {move.number:>3}  {move.vm_name:<{width}}  {self.host_name(move.source_host_id)} → "
                f"{self.host_name(move.destination_host_id)}  {format_bytes(move.memory_bytes)}"
                f"{_about(move.estimate)}{'  (force)' if move.force else ''}"
                f"{f'  (together with {move.led_by})' if move.led_by else ''}"
                + (f"  {'; '.join(move.reasons)}" if move.reasons else "")
            )
        for blocked in self.blocked:
            lines.append(f"    –  {blocked.vm_name} stays: {'; '.join(blocked.reasons)}")
            if blocked.remedy:
                lines.append(f"       {blocked.remedy}")
        lines.extend(f"    –  {item.vm_name}: {item.reason}" for item in self.remaining)
        for item in self.candidates:
            word = {"yes": "is possible", "no": "refuses"}.get(item.allowed, "cannot be judged")
            lines.append(
                f"       {item.name} {word}" + (f": {'; '.join(item.reasons)}" if item.reasons else "")
            )
        lines.extend(f"  unknown: {sentence}" for sentence in self.not_judged)
        lines.extend(f"  note: {note}" for note in self.notes)
        return "\n".join(lines)


def _about(estimate: Estimate) -> str:
    if estimate.p50_s is None:
        return ""
    high = "" if estimate.p90_s is None else f", 90 % within {format_duration(estimate.p90_s)}"
    if estimate.outcomes.get("aborted"):
        high += f", the policy aborts {estimate.outcomes['aborted']:.0%} of plausible loads"
    return f"  (about {format_duration(estimate.p50_s)}{high})"


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Reads a plan that `Plan.save` wrote.

    Raises: FileDamaged (cut, of another kind, or not readable, with the place), FileVersion (another schema).
    """
    return load_file(Path(path), PLAN, Plan)
