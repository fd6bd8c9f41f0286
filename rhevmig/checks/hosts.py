"""Checks of the hosts of a cluster: a migration needs two of them."""

from __future__ import annotations

from rhevmig.checks.finding import Finding, Severity
from rhevmig.checks.registry import Check, Subject, each_cluster, seen
from rhevmig.inventory import Cluster
from rhevmig.policy import Policy

HOST_002 = Check(
    id="HOST-002",
    title="The cluster has two hosts that are up",
    area="host",
    severity=Severity.BLOCKER,
    needs=("host.cluster", "host.status"),
)


@each_cluster(HOST_002)
def _two_up(on: Subject, cluster: Cluster, _: Policy) -> Finding:
    hosts = on.inventory.hosts_of(cluster)
    up = [host.name for host in hosts if host.is_up]
    row = seen("hosts that are up", f"{len(up)} of {len(hosts)}", "at least 2")
    if len(up) > 1:
        return on.passed(f"{len(up)} of its {len(hosts)} hosts are up", row)
    if len(hosts) == 1:
        return on.failed(
            f"{hosts[0].name} is its only host: no VM can migrate",
            row,
            remedy="Add a second host to the cluster, or plan downtime for its VMs.",
        )
    others = [host for host in hosts if not host.is_up]
    state = f"only {up[0]} is up" if up else "none of its hosts is up"
    return on.failed(
        f"{state}: no VM can migrate",
        row,
        *(seen(f"status of {host.name}", host.status, "up") for host in others),
        remedy=f"Activate or repair {', '.join(host.name for host in others)}.",
    )
