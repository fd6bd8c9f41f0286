"""HA and HostedEngineSpares: hosts that may run the self-hosted engine's VM."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName

#: A destination may have a score this much lower than the current host.
_SCORE_MARGIN = 800
_MISSING = "host.hosted_engine"
_REMEDY = "Read hosts with all_content."


def high_availability(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host is configured for the hosted engine and its score is positive and high enough.

    Engine: HostedEngineHAClusterFilterPolicyUnit; in global maintenance any positive score is enough.
    """
    if not demand.is_hosted_engine:
        return
    configured, score, _maintenance = offer.hosted_engine
    _configured, source_score, is_global = (
        demand.source.hosted_engine if demand.source else (None, None, None)
    )
    least = 0 if is_global else max((source_score or 0) - _SCORE_MARGIN, 0)
    if configured is False:
        yield Reason.no(FilterName.HA, "the hosted engine is not configured on the host")
    elif score is not None and score <= 0:
        yield Reason.no(FilterName.HA, f"the hosted engine score of the host is {score}", score=score)
    elif configured is None or score is None:
        sentence = "whether the host may run the hosted engine VM was not read"
        yield Reason.unknown(FilterName.HA, sentence, missing=_MISSING, remedy=_REMEDY)
    elif score <= least:
        sentence = f"the hosted engine score of the host is {score}; more than {least} is needed"
        yield Reason.no(FilterName.HA, sentence, score=score, least=least)
    elif source_score is None:
        sentence = "the hosted engine score of the current host was not read"
        yield Reason.unknown(FilterName.HA, sentence, missing=_MISSING, remedy=_REMEDY, score=score)


def spares(demand: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The host is not one of those that the engine reserves for the hosted engine VM."""
    wanted = context.property_number("HeSparesCount", 0)
    configured, score, _ = offer.hosted_engine
    is_spare = configured is not False and score != 0
    if wanted and context.has_hosted_engine and not demand.is_hosted_engine and is_spare:
        sentence = f"the engine reserves {wanted} hosts for the hosted engine VM; which ones is not known"
        yield Reason.unknown(
            FilterName.HOSTED_ENGINE_SPARES,
            sentence,
            missing="reserved hosts",
            remedy="Compare with the engine's scheduler (`rhevmig why --ask-engine`).",
        )
