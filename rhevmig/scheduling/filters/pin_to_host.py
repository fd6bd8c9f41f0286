"""PinToHost: hosts that a pinned VM is pinned to."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.inventory import Host, Vm
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import Affinity, FilterName


def pin_to_host(vm: Vm, host: Host) -> Iterator[Reason]:
    """A pinned VM runs on the hosts of its list only; without a list a running one has no destination.

    Engine: `migratable` and `user_migratable` VMs may have a list too, which is a preference then.
    """
    if vm.affinity != Affinity.PINNED or host.id in vm.placement_host_ids:
        return
    if vm.placement_host_ids:
        yield Reason.no(FilterName.PIN_TO_HOST, "the VM is pinned, and not to this host")
    elif vm.host_id is not None:
        sentence = "the VM is pinned without a host list, so it stays where it runs"
        yield Reason.no(FilterName.PIN_TO_HOST, sentence)
