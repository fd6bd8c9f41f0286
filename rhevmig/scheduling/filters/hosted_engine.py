"""HA: hosts that may run the self-hosted engine's VM."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName


def high_availability(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host is configured for the hosted engine and has a positive score."""
    if not demand.is_hosted_engine:
        return
    configured, score = offer.hosted_engine
    if configured is False or score == 0:
        yield Reason.no(FilterName.HA, "the host is not ready for the hosted engine VM", score=score)
    elif configured is None or score is None:
        sentence = "whether the host may run the hosted engine VM was not read"
        yield Reason.unknown(FilterName.HA, sentence)
