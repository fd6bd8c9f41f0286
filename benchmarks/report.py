"""The report of a large engine: 5,000 VMs and 500 hosts, in ten clusters and in one.

In one cluster each VM has 500 possible destinations, 2.5 million pairs: judged by classes of equal VMs.
"""

from __future__ import annotations

import statistics

from benchmarks.checks import HOSTS, POLICY, VMS, a_large_engine, fresh
from benchmarks.harness import Claim, repeated
from rhevmig.checks import check
from rhevmig.report import Report

MIB = 1024 * 1024


def measure() -> list[Claim]:
    """From a freshly loaded inventory and its findings to the page, lookups included."""
    claims = []
    for clusters in (10, 1):
        inventory = a_large_engine(clusters)
        findings = check(inventory, POLICY)
        pages: list[str] = []

        def write() -> None:
            pages.append(Report(fresh(inventory), findings, policy=POLICY).html())  # noqa: B023

        seconds = repeated(write, n=5)
        size = f"{VMS:,} VMs, {HOSTS} hosts in {clusters} cluster{'s' if clusters > 1 else ''}"
        page = len(pages[0].encode()) / MIB
        claims += [
            _below(5, f"report of {size}", seconds, "s"),
            _below(15, f"its HTML page, {size}", [page], "MiB"),
        ]
    return claims


def _below(most: float, claim: str, values: list[float], unit: str) -> Claim:
    value = statistics.median(values)
    return Claim(
        claim=claim,
        value=value,
        unit=unit,
        low=min(values),
        high=max(values),
        n=len(values),
        aim=f"< {most:g} {unit}",
        holds=value < most,
    )
