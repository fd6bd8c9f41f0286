"""CPU types: what each cluster promises, what its hosts could do, and who holds it down."""

from __future__ import annotations

from collections.abc import Sequence

from rhevmig.inventory import Cluster, CpuType, Host
from rhevmig.report.context import Material
from rhevmig.report.document import Cell, CellValue, Figure, Ladder, Prose, Rung, Section, Table, Tone
from rhevmig.report.row_folding import merged_label, some_names
from rhevmig.report.tables import columns, count, natural
from rhevmig.scheduling import Allowed
from rhevmig.scheduling.cpu_types import CpuAnswer

_MEMBERS_SHOWN = 8


def cpu_section(material: Material) -> Section:
    """CPU types of clusters and hosts, and what a cluster could be raised to."""
    return Section(
        id="cpu",
        title="CPU",
        blocks=(
            Prose(
                text="All VMs of a cluster see the cluster's CPU type, so any of its hosts can take them. "
                "The rank of a "
                "type orders the types of one vendor roughly; it does not say that a higher one has every "
                "feature "
                "of a lower one. Only the flags tell, and the flags of a host are not in the API: what is "
                "known "
                "of a host is the highest type that the engine finds it satisfies."
            ),
            _hosts(material),
            *(
                _ladder(material, cluster)
                for cluster in material.clusters
                if material.inventory.hosts_of(cluster)
            ),
            _could_become(material),
        ),
    )


def _hosts(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for host in material.hosts:
        cluster = material.inventory.find_cluster(host.cluster_id)
        types = _types(material, cluster)
        own, wanted = types.get(host.cpu_type or ""), types.get((cluster.cpu_type if cluster else None) or "")
        rows.append(
            (
                host.name,
                cluster.name if cluster else None,
                host.cpu_name,
                host.cpu_type or Cell(text="none known to this level", tone=Tone.UNKNOWN),
                None if own is None else count(own.level),
                cluster.cpu_type if cluster else None,
                None if wanted is None else count(wanted.level),
                _fits(
                    material.cpu_types(cluster).satisfies(
                        host.cpu_type, cluster.cpu_type if cluster else None
                    )
                ),
            )
        )
    return Table(
        id="host-cpus",
        caption="CPUs of the hosts against the type of their cluster",
        columns=columns(
            "host=Host", "cluster=Cluster", "cpu=CPU", "type=Highest type it satisfies", "#level=Rank",
            "cluster_type=Type of the cluster", "#cluster_level=Rank", "fits=Satisfies it",
        ),
        rows=tuple(rows),
        open_rows=20,
        pointer=material.pointer("hosts"),
    )  # fmt: skip


def _types(material: Material, cluster: Cluster | None) -> dict[str, CpuType]:
    level = material.inventory.cluster_level(cluster.version) if cluster else None
    return {cpu_type.name: cpu_type for cpu_type in level.cpu_types} if level else {}


def _fits(answer: CpuAnswer) -> CellValue:
    if answer.allowed == Allowed.YES:
        return Cell(text="yes", tone=Tone.GOOD)
    if answer.allowed == Allowed.NO:
        return Cell(text=f"no: {answer.because}", tone=Tone.BAD)
    return Cell(text=f"cannot be judged: {answer.because}", tone=Tone.UNKNOWN)


def _ladder(material: Material, cluster: Cluster) -> Figure:
    types = _types(material, cluster)
    standing: dict[str, list[Host]] = {}
    for host in material.hosts_of(cluster):
        standing.setdefault(host.cpu_type or "not known", []).append(host)
    names = set(standing) | ({cluster.cpu_type} if cluster.cpu_type else set())
    ranked = sorted(names, key=lambda name: (-_level(types, name), natural(name)))
    lowest = _lowest(types, standing)
    rungs = tuple(
        Rung(
            label=name,
            members=_shown(standing.get(name, ())),
            is_current=name == cluster.cpu_type,
            holds_down=name == lowest,
        )
        for name in ranked
    )
    rows = tuple(
        (
            name,
            count(types[name].level) if name in types else None,
            some_names([host.name for host in standing.get(name, ())]),
            _rung_note(name, cluster, lowest),
        )
        for name in ranked
    )
    return Figure(
        id=f"figure-cpu-{cluster.id}",
        caption=f"CPU types in {cluster.name}",
        drawing=Ladder(rungs=rungs),
        table=Table(
            id=f"cpu-types-{cluster.id}",
            caption=f"CPU types in {cluster.name}",
            columns=columns(
                "type=CPU type", "#level=Rank", "hosts=Hosts that satisfy no higher one", "note=Meaning"
            ),
            rows=rows,
            open_rows=20,
        ),
    )


def _level(types: dict[str, CpuType], name: str) -> int:
    found = types.get(name)
    return -1 if found is None or found.level is None else found.level


def _lowest(types: dict[str, CpuType], standing: dict[str, list[Host]]) -> str | None:
    known = [name for name in standing if name in types]
    if len(known) < 2 or len(known) < len(standing):
        return None
    return min(known, key=lambda name: _level(types, name))


def _rung_note(name: str, cluster: Cluster, lowest: str | None) -> str:
    said = []
    if name == cluster.cpu_type:
        said.append("type of the cluster: what its VMs see")
    if name == lowest:
        said.append("these hosts hold the cluster down, by rank")
    return "; ".join(said)


def _shown(hosts: Sequence[Host]) -> tuple[str, ...]:
    names = [host.name for host in hosts]
    return tuple(names) if len(names) <= _MEMBERS_SHOWN else (merged_label(names, "hosts"),)


def _could_become(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for cluster in material.clusters:
        rows.extend(_candidates(material, cluster))
    return Table(
        id="cpu-candidates",
        caption="What the clusters could be raised to, and which hosts are in the way",
        columns=columns(
            "cluster=Cluster", "now=Type now", "candidate=Higher type", "#level=Rank",
            "ready=Hosts that satisfy it",
            "in_the_way=Hosts that do not",
            "doubtful=Cannot be judged",
        ),
        rows=tuple(rows),
        empty="No host surely satisfies a higher type than its cluster has.",
        open_rows=20,
        pointer=material.pointer("cluster_levels"),
    )  # fmt: skip


def _candidates(material: Material, cluster: Cluster) -> list[tuple[CellValue, ...]]:
    types, judge = _types(material, cluster), material.cpu_types(cluster)
    hosts = material.hosts_of(cluster)
    now = _level(types, cluster.cpu_type or "")
    held = {host.cpu_type for host in hosts}
    rows: list[tuple[CellValue, ...]] = []
    for candidate in sorted(types.values(), key=lambda t: (t.level or 0, natural(t.name))):
        if (
            candidate.name not in held
            or (candidate.level or 0) <= now
            or candidate.vendor != cluster.cpu_vendor
        ):
            continue
        answers = {host.name: judge.satisfies(host.cpu_type, candidate.name).allowed for host in hosts}
        refusing, doubtful = _with(answers, Allowed.NO), _with(answers, Allowed.UNKNOWN)
        rows.append(
            (
                cluster.name,
                cluster.cpu_type,
                candidate.name,
                count(candidate.level),
                some_names(_with(answers, Allowed.YES)) or "none",
                _in_the_way(refusing, bool(doubtful)),
                Cell(text=some_names(doubtful), tone=Tone.UNKNOWN) if doubtful else "",
            )
        )
    return rows


def _with(answers: dict[str, Allowed], allowed: Allowed) -> list[str]:
    return [name for name, answer in answers.items() if answer == allowed]


def _in_the_way(refusing: list[str], is_doubtful: bool) -> CellValue:
    if refusing:
        return Cell(text=some_names(refusing), tone=Tone.WARN)
    return "" if is_doubtful else Cell(text="none: the cluster could be raised", tone=Tone.GOOD)
