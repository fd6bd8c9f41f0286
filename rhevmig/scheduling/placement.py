"""Packing VMs onto hosts: who goes where when a host is emptied."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from rhevmig.inventory import Inventory, Vm

__all__ = ["Placement", "place"]


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where one VM goes, or why nowhere."""

    #: VM.
    vm_id: str
    #: Host that it goes to; None where there is none for it.
    destination_host_id: str | None = None
    #: Why there, in one phrase; or why nowhere, a phrase a host.
    reasons: tuple[str, ...] = ()


def place(
    inventory: Inventory, vms: Iterable[Vm], *, exclude_host_ids: Collection[str] = ()
) -> tuple[Placement, ...]:
    """Finds a host for each VM, in the order given: filters, memory, affinity among them; deterministic."""
    raise NotImplementedError
