"""HostDevice: devices of the host that are assigned to the VM."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.inventory import Host, Vm
from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName


def host_devices(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host supports device passthrough where the VM has host devices."""
    if demand.host_devices is None:
        yield Reason.unknown(FilterName.HOST_DEVICE, "the host devices of the VM could not be read")
    elif demand.host_devices and offer.device_passthrough is False:
        names = ", ".join(demand.host_devices)
        sentence = "the host does not support device passthrough"
        yield Reason.no(FilterName.HOST_DEVICE, sentence, devices=names)


def device_location(vm: Vm, host: Host, demand: Demand) -> Iterator[Reason]:
    """The host is the one that holds the devices."""
    if demand.host_devices and host.id not in (demand.device_host_ids or {vm.host_id}):
        names = ", ".join(demand.host_devices)
        sentence = f"the devices {names} are in another host"
        yield Reason.no(FilterName.HOST_DEVICE, sentence, devices=names)
