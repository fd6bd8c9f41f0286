"""Judging a large engine: all checks, the scheduler's answer for every VM, placements.

The inventory is made up in the proportions of a real one: 5,000 VMs on 500 hosts in ten clusters of two data
centers, six VLANs a host, a few kinds of VMs, affinity groups, and faults sprinkled in.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

from benchmarks.harness import Claim, repeated
from rhevmig.checks import check
from rhevmig.inventory import DiskAttachment, Inventory, VmNic
from rhevmig.policy import Policy, Roles
from rhevmig.scheduling import explain, place, scheduler_of
from rhevmig.units import GIB
from tests.builders import (
    EPYC,
    EPYC_ROME,
    a_cluster,
    a_data_center,
    a_disk,
    a_drift_event,
    a_group,
    a_host,
    a_vm,
    an_inventory,
    cluster_networks,
    usual_nics,
    with_nic,
)

VMS, HOSTS, CLUSTERS = 5000, 500, 10
POLICY = Policy(roles=Roles(storage=("storage",)))


def a_large_engine(cluster_count: int = CLUSTERS) -> Inventory:
    """5,000 VMs on 500 hosts, in ten clusters by default."""
    clusters = [f"cl{n}" for n in range(cluster_count)]
    hosts = []
    for n in range(HOSTS):
        kind = {"cpu_name": "AMD EPYC 7302", "cpu_type": EPYC_ROME} if n % cluster_count == 9 else {}
        nics = usual_nics(n % 250)
        if n % 50 == 7:
            nics = with_nic(nics, "eth1.100", ip_address=None)
        hosts.append(
            a_host(
                f"h{n}",
                cluster_id=clusters[n % cluster_count],
                nics=nics,
                max_scheduling_memory_bytes=(40 + n % 23) * GIB,
                status="maintenance" if n % 41 == 3 else "up",
                **kind,
            )
        )
    vms = [
        a_vm(
            f"vm{n}",
            cluster_id=hosts[n % HOSTS].cluster_id,
            host_id=f"h{n % HOSTS}",
            memory_bytes=(1, 2, 4, 8)[n % 4] * GIB,
            cpu_sockets=(1, 2, 4)[n % 3],
            affinity="pinned" if n % 400 == 0 else "migratable",
            nics=(VmNic(id=f"n{n}", name="nic1", vnic_profile_id="guests", plugged=True),),
            disk_attachments=(DiskAttachment(disk_id=f"d{n}", active=True),),
        )
        for n in range(VMS)
    ]
    return an_inventory(
        data_centers=(a_data_center(),),
        clusters=tuple(a_cluster(c, **({"cpu_type": EPYC} if c == "cl9" else {})) for c in clusters),
        hosts=tuple(hosts),
        vms=tuple(vms),
        disks=tuple(a_disk(f"d{n}") for n in range(VMS)),
        cluster_networks=tuple(member for c in clusters for member in cluster_networks(c)),
        affinity_groups=tuple(
            a_group(f"g{n}", vms=(f"vm{n}", f"vm{n + cluster_count}"), vms_rule="apart")
            for n in range(0, 1000, 50)
        ),
        events=tuple(a_drift_event(f"h{n}", index=n + 1) for n in range(0, 100, 9)),
    )


def fresh(inventory: Inventory) -> Inventory:
    """The same inventory with no lookup built yet, as a program has it that just loaded it."""
    return Inventory(**{field: getattr(inventory, field) for field in Inventory.__struct_fields__})


def measure() -> list[Claim]:
    """Everything from a freshly loaded inventory, lookups included."""
    inventory = a_large_engine()
    found = check(inventory, POLICY)
    size = f"{VMS:,} VMs, {HOSTS} hosts"

    def every_destination() -> None:
        scheduler = scheduler_of(fresh(inventory))
        for vm in scheduler.inventory.vms:
            scheduler.destinations(vm)

    def summarize_all() -> None:
        scheduler = scheduler_of(fresh(inventory))
        for vm in scheduler.inventory.vms:
            scheduler.summarize(vm)

    def evacuate_all() -> None:
        start = fresh(inventory)
        for host in start.hosts:
            place(start, start.vms_on(host), exclude_host_ids={host.id})

    def explain_all() -> None:
        start = fresh(inventory)
        for vm in start.vms[::10]:
            explain(start, vm)

    return [
        _claim(
            f"all checks on {size} ({len(found):,} findings)", lambda: check(fresh(inventory), POLICY), 0.3
        ),
        _claim(f"destinations of every VM, {size}", every_destination, None),
        _claim(f"migratability of every VM with refusals by filter, {size}", summarize_all, 1.0),
        _claim("every tenth VM explained against the fifty hosts of its cluster", explain_all, None),
        _claim(f"a placement for each of {HOSTS} hosts to be emptied", evacuate_all, None),
    ]


def _claim(claim: str, act: Callable[[], object], at_most: float | None) -> Claim:
    seconds = repeated(act, n=7)
    measured = Claim(
        claim=claim,
        value=statistics.median(seconds),
        unit="s",
        low=min(seconds),
        high=max(seconds),
        n=len(seconds),
    )
    if at_most is None:
        return measured
    return replace(measured, aim=f"< {at_most:g} s", holds=measured.value < at_most)
