"""Network: the VM's networks and the cluster's display network are on the host."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName


def networks(demand: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The host has the networks of all plugged NICs, and the display network with a boot protocol."""
    if demand.network_ids is None:
        yield Reason.unknown(FilterName.NETWORK, "the NICs of the VM could not be read", missing="vm.nics")
        return
    if offer.network_ids is None:
        yield Reason.unknown(
            FilterName.NETWORK, "the networks of the host could not be read", missing="host.nics"
        )
        return
    if demand.unknown_nics:
        nics = ", ".join(demand.unknown_nics)
        yield Reason.unknown(
            FilterName.NETWORK, f"the profile of {nics} could not be read", missing="vnic_profile", nics=nics
        )
    missing = demand.network_ids - offer.network_ids - context.external_network_ids
    if missing:
        names = ", ".join(sorted(context.network_names.get(each, each) for each in missing))
        yield Reason.no(FilterName.NETWORK, f"the host lacks the VM's network {names}", missing=names)
    yield from _display(offer, context)


def _display(offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    display = context.display_network_id
    if display is None:
        if not context.roles_seen:
            sentence = "the display network of the cluster could not be read"
            yield Reason.unknown(FilterName.NETWORK, sentence, missing="clusters/{id}/networks")
        return
    name = context.network_names.get(display, display)
    if offer.network_ids is not None and display not in offer.network_ids:
        yield Reason.no(FilterName.NETWORK, f"the host lacks the display network {name}", missing=name)
    elif display not in offer.addressed_network_ids:
        sentence = f"the display network {name} has no boot protocol on the host"
        yield Reason.no(FilterName.NETWORK, sentence, network=name)
