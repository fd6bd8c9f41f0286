"""A plan: who goes where, why, how long it will take, and what blocks. Data; made in `planning`."""

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
    noun="plan", format="rhevmig-plan", schema_version=1, body="plan", remedy="Make the plan again."
)


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """How long one move should take once it copies."""

    #: Half of such moves are done within it; None where nothing can be said.
    p50_s: float | None = None
    #: Nine of ten are.
    p90_s: float | None = None
    #: Pause of the VM.
    downtime_s: float | None = None
    #: Bytes per second that one migration may use.
    bandwidth_bytes_s: float | None = None
    #: Which number decided the bandwidth, e.g. `destination_link`.
    limited_by: str | None = None
    #: Whether the copy catches up with the writing: `yes`, `uncertain`, `no`.
    converges: str | None = None
    #: What had to be assumed.
    assumptions: tuple[str, ...] = ()


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One VM that goes somewhere."""

    #: Number in the plan, from 1 on; part of the correlation ids.
    number: int
    #: VM.
    vm_id: str
    #: Its name.
    vm_name: str
    #: Its cluster.
    cluster_id: str
    #: Host that it leaves.
    source_host_id: str
    #: Host that it goes to; None lets the engine choose (and try up to three).
    destination_host_id: str | None = None
    #: Other hosts that could take it, tried when the destination fails.
    alternatives: tuple[str, ...] = ()
    #: Why there.
    reasons: tuple[str, ...] = ()
    #: RAM.
    memory_bytes: int | None = None
    #: Status when it was planned.
    status: str = "up"
    #: Whether the engine is told to go past `user_migratable`.
    force: bool = False
    #: Number of the move that this one goes with: hard affinity lets the engine move them only together.
    led_by: int | None = None
    #: How long it should take.
    estimate: Estimate = Estimate()


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """One VM that cannot go."""

    #: VM.
    vm_id: str
    #: Its name.
    vm_name: str
    #: Why not, a sentence each.
    reasons: tuple[str, ...]
    #: What would help.
    remedy: str = ""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A host that was considered for a single VM."""

    #: Host.
    host_id: str
    #: Its name.
    name: str
    #: `yes`, `no` or `unknown`.
    allowed: str
    #: What refuses, or could not be judged: filter and sentence.
    reasons: tuple[str, ...] = ()


class PlanHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host of the plan and how much it may do at once."""

    #: Engine id.
    host_id: str
    #: Its name.
    name: str
    #: Its cluster.
    cluster_id: str
    #: Migrations out at once, by the migration policy (1 with parallel connections).
    max_outgoing: int = 2
    #: Migrations in at once.
    max_incoming: int = 2


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What will be done when it is run; nothing is done by making it."""

    #: `migrate` for one VM, `evacuate` for all of a host.
    kind: Literal["migrate", "evacuate"]
    #: When it was made, by our clock.
    created_at: datetime
    #: Engine that it is for.
    engine: Engine
    #: Newest event of the inventory that it was made from.
    event_index: int | None = None
    #: Fingerprint of the parts of the inventory that it rests on.
    fingerprint: str = ""
    #: Host that is emptied; None for a single VM.
    host_id: str | None = None
    #: Moves in the order in which they may start.
    moves: tuple[Move, ...] = ()
    #: VMs that cannot go.
    blocked: tuple[Blocked, ...] = ()
    #: Hosts that were considered, for a single VM.
    candidates: tuple[Candidate, ...] = ()
    #: Hosts that take part.
    hosts: tuple[PlanHost, ...] = ()
    #: Whether user-migratable VMs may be forced.
    force: bool = False
    #: How long all of it should take.
    estimate: Estimate = Estimate()
    #: What to know before running it.
    notes: tuple[str, ...] = ()

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

    def find_move(self, vm_id: str) -> Move | None:
        """The move of a VM."""
        return next((move for move in self.moves if move.vm_id == vm_id), None)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the plan as JSON; `load_plan` reads it back equal. Raises: OutputFailed."""
        return save_file(Path(path), PLAN, self, indent=2)

    def __str__(self) -> str:
        head = (
            f"Empty host {self.host_name(self.host_id)}"
            if self.kind == "evacuate"
            else f"Migrate VM {', '.join(move.vm_name for move in self.moves) or self.blocked[0].vm_name}"
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
        for item in self.candidates:
            word = {"yes": "could take it", "no": "refuses"}.get(item.allowed, "cannot be judged")
            lines.append(
                f"       {item.name} {word}" + (f": {'; '.join(item.reasons)}" if item.reasons else "")
            )
        lines.extend(f"  note: {note}" for note in self.notes)
        return "\n".join(lines)


def _about(estimate: Estimate) -> str:
    if estimate.p50_s is None:
        return ""
    high = "" if estimate.p90_s is None else f", at worst {format_duration(estimate.p90_s)}"
    return f"  (about {format_duration(estimate.p50_s)}{high})"


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Reads a plan that `Plan.save` wrote.

    Raises: FileDamaged (cut, of another kind, or not readable, with the place), FileVersion (another schema).
    """
    return load_file(Path(path), PLAN, Plan)
