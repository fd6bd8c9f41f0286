"""Host status, Emulated-Machine, Compatibility-Version, InClusterUpgrade, Host-hooks, Migration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rhevmig.inventory import Host
from rhevmig.scheduling.filters.cluster_context import HOST_STATUS, ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName, HostStatus


def status(_: Demand, offer: Offer, __: ClusterContext) -> Iterator[Reason]:
    """The host is up."""
    if offer.status != HostStatus.UP:
        why = f"the host is {offer.status}" + (f" ({offer.status_detail})" if offer.status_detail else "")
        yield Reason.no(HOST_STATUS, f"{why}; only hosts that are up receive VMs", status=offer.status)


def emulated_machine(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host supports the VM's machine type.

    Hosts with equal software versions support the same ones; the API does not report the list.
    """
    if demand.emulated_machine and not _same_software(demand, offer):
        sentence = "the API does not report the machine types that hosts support"
        yield Reason.unknown(
            FilterName.EMULATED_MACHINE,
            sentence,
            missing="machine types of the host",
            remedy="Use the same software versions on both hosts, or unset the custom machine type.",
            wanted=demand.emulated_machine,
        )


def compatibility_version(demand: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The host supports the VM's custom compatibility version; every host supports its cluster's."""
    level = demand.compatibility_version
    if level and level != context.cluster.version and not _same_software(demand, offer):
        sentence = "the API does not report the compatibility versions that hosts support"
        yield Reason.unknown(
            FilterName.COMPATIBILITY_VERSION,
            sentence,
            missing="compatibility versions of the host",
            remedy="Use the same software versions on both hosts, or unset the custom compatibility version.",
            wanted=level,
            cluster=context.cluster.version,
        )


def _same_software(demand: Demand, offer: Offer) -> bool:
    return demand.source is not None and demand.source.versions == offer.versions and any(offer.versions)


def host_hooks(demand: Demand, _: Offer, __: ClusterContext) -> Iterator[Reason]:
    """The host has the VDSM hook that the VM's custom properties need."""
    if demand.sap_agent:
        sentence = "the VM has sap_agent; the inventory does not hold the hooks of hosts"
        yield Reason.unknown(
            FilterName.HOST_HOOKS,
            sentence,
            missing="host.hooks",
            remedy="Check hosts/{id}/hooks for 50_vhostmd.",
        )


def in_cluster_upgrade(source: Host | None, host: Host) -> Iterator[Reason]:
    """The host has the operating system of the current host, and not an older major version."""
    if source is None or source.os_type is None or source.os_version is None:
        return
    versions = (_numbers(source.os_version), _numbers(host.os_version or ""))
    evidence = {
        "runs_on": f"{source.os_type} {source.os_version}",
        "host": f"{host.os_type} {host.os_version}",
    }
    if host.os_type is None or not versions[1]:
        sentence = "the operating system of the host is not known"
        yield Reason.unknown(FilterName.IN_CLUSTER_UPGRADE, sentence, missing="host.os", **evidence)
    elif host.os_type != source.os_type:
        sentence = "the host has another operating system than the current host"
        yield Reason.no(FilterName.IN_CLUSTER_UPGRADE, sentence, **evidence)
    elif versions[1] < versions[0] and versions[1][:1] != versions[0][:1]:
        sentence = "the host has an older major version of the operating system than the current host"
        yield Reason.no(FilterName.IN_CLUSTER_UPGRADE, sentence, **evidence)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def other_address(source: Host | None, host: Host) -> Iterator[Reason]:
    """The host is another machine than the current host."""
    if source is not None and source.id != host.id and source.address and source.address == host.address:
        sentence = "the host has the same address as the current host"
        yield Reason.no(FilterName.MIGRATION, sentence, address=host.address)
