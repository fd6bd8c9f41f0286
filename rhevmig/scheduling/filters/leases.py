"""VM leases ready: the storage domain of the VM's lease is usable on the host."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName


def vm_leases(demand: Demand, _: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The storage domain of the VM's lease is active."""
    domain = demand.lease_storage_domain_id
    if domain is not None and context.storage_status.get(domain) != "active":
        status = context.storage_status.get(domain)
        sentence = f"the storage domain of the VM's lease is {status or 'not seen'}, not active"
        yield Reason.unknown(
            FilterName.VM_LEASES_READY,
            sentence,
            missing="lease state on the host",
            remedy="Activate the storage domain.",
            storage_domain=domain,
            status=status,
        )
