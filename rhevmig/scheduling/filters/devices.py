"""HostDevice, MDevice and virtual functions: devices of the host that the VM uses."""

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
        sentence = "the host devices of the VM could not be read"
        yield Reason.unknown(FilterName.HOST_DEVICE, sentence, missing="vm.host_devices")
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


def mediated_devices(demand: Demand, _: Offer, __: ClusterContext) -> Iterator[Reason]:
    """The host has a free mediated device of the VM's type."""
    if demand.mediated_device:
        sentence = f"the VM has a mediated device {demand.mediated_device}; those of hosts were not read"
        yield Reason.unknown(
            FilterName.MDEVICE,
            sentence,
            missing="mdev_types of hosts/{id}/devices",
            remedy="Compare hosts/{id}/devices of both hosts.",
        )


def virtual_functions(vm: Vm, host: Host, demand: Demand, offer: Offer) -> Iterator[Reason]:
    """The host has a free virtual function for each pass-through NIC; the current host already has.

    Engine: NetworkPolicyUnit, VfSchedulerImpl.
    """
    if not demand.pass_through_nics or host.id == vm.host_id:
        return
    names = ", ".join(demand.pass_through_nics)
    if offer.virtual_functions is not None and offer.virtual_functions < len(demand.pass_through_nics):
        sentence = f"the host has {offer.virtual_functions} virtual functions for the NIC {names}"
        yield Reason.no(FilterName.NETWORK, sentence, nics=names, virtual_functions=offer.virtual_functions)
    else:
        sentence = f"free virtual functions for the NIC {names} were not read"
        yield Reason.unknown(
            FilterName.NETWORK,
            sentence,
            missing="host_nic.virtual_functions_configuration, virtual_functions_allowed_networks",
            remedy="Compare hosts/{id}/nics of both hosts, with all_content.",
            nics=names,
        )
