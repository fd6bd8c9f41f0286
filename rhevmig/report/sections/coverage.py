"""What could not be seen, why, and what would help."""

from __future__ import annotations

from rhevmig.checks import Status
from rhevmig.inventory import Unobserved
from rhevmig.report.context import Material
from rhevmig.report.document import CellValue, Prose, Section, Table, Tone
from rhevmig.report.row_folding import merged_label
from rhevmig.report.tables import columns, count, natural


def unseen_section(material: Material) -> Section:
    """Everything that the account, the API or the moment did not show."""
    return Section(
        id="unseen",
        title="What could not be seen",
        blocks=(
            Prose(
                text="Nothing listed here was taken for fine. A dash anywhere in this report means the "
                "same: not observed.",
                tone=Tone.UNKNOWN,
            ),
            _unobserved(material),
            _unjudged(material),
            _never(),
        ),
    )


def _unobserved(material: Material) -> Table:
    groups: dict[tuple[str, str, str, str], list[Unobserved]] = {}
    for item in material.inventory.unobserved:
        groups.setdefault((item.kind, item.what, item.reason, item.remedy), []).append(item)
    rows: list[tuple[CellValue, ...]] = []
    for (kind, what, reason, remedy), items in sorted(groups.items()):
        concerned = [i.id for i in items if i.id is not None]
        names = sorted((_name(material, i) for i in concerned), key=natural)
        rows.append(
            (
                kind,
                what,
                merged_label(names) if names else "all",
                count(len(concerned)) if names else "",
                reason,
                remedy,
            )
        )
    return Table(
        id="unobserved",
        caption="Not seen in this run",
        columns=columns(
            "kind=Kind", "what=What", "objects=Of", "#count=Objects", "reason=Why", "remedy=What would help"
        ),
        rows=tuple(rows),
        empty="The account saw everything that was asked for.",
        open_rows=30,
        pointer=material.pointer("unobserved"),
    )


def _name(material: Material, object_id: str) -> str:
    for find in (material.vm_name, material.host_name):
        found = find(object_id)
        if found and found != object_id:
            return found
    cluster = material.inventory.find_cluster(object_id)
    return cluster.name if cluster else object_id


def _unjudged(material: Material) -> Table:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for finding in material.findings or ():
        if finding.status in (Status.UNKNOWN, Status.ERROR):
            key = (finding.check_id, finding.missing or finding.message, finding.remedy)
            groups.setdefault(key, []).append(finding.scope.name)
    rows = tuple(
        (check_id, merged_label(sorted(names, key=natural)), count(len(names)), missing, remedy)
        for (check_id, missing, remedy), names in sorted(groups.items())
    )
    return Table(
        id="unjudged",
        caption="Checks without an answer",
        columns=columns(
            "check=Check",
            "objects=Of",
            "#count=Objects",
            "missing=What was missing",
            "remedy=What would help",
        ),
        rows=rows,
        empty="Every check has an answer." if material.findings is not None else "The checks were not run.",
        open_rows=30,
    )


def _never() -> Table:
    rows = (
        (
            "host",
            "CPU flags and TSC frequency",
            "only the highest CPU type that it satisfies is told",
            "facts from the host",
        ),
        (
            "host",
            "chrony or NTP: running, sources, offset",
            "no attribute; only event 604 from 300 s on",
            "facts from the host",
        ),
        ("host", "dates of certificates", "the API tells the subject only", "events 845–889, or a TLS probe"),
        (
            "network",
            "switch side: VLANs trunked, MTU, LACP",
            "the engine sees its hosts only",
            "LLDP, a ping with the full MTU",
        ),
        ("network", "which network carries storage", "there is no such role", "declare it in the policy"),
        ("storage", "latency and losses", "no attribute", "monitoring of hosts and storage"),
        (
            "vm",
            "how fast its memory changes",
            "no attribute before a migration",
            "past migrations of the same VM",
        ),
    )
    return Table(
        id="never-seen",
        caption="What the engine's API never tells, whoever asks",
        columns=columns("kind=Kind", "what=What", "why=Why", "instead=Where it can be seen"),
        rows=rows,
        open_rows=30,
    )
