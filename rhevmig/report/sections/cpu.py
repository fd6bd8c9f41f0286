"""CPU types: the type of each cluster, the highest of each host, and what limits a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rhevmig.checks.cpu import CpuLimit, cpu_limit
from rhevmig.inventory import Cluster, CpuType, Host
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Cell, CellValue, Figure, Ladder, Rung, Section, Table, Tone
from rhevmig.report.prose import prose
from rhevmig.report.tables.cells import merged_label, natural, some_names
from rhevmig.report.tables.hosts import HOSTS, HostRow, host_rows
from rhevmig.report.tables.table_column import figure, table_of, take, text
from rhevmig.scheduling import Allowed, CpuAnswer, CpuTypes

_MEMBERS_SHOWN = 8


class _Candidate(NamedTuple):
    """A higher CPU type for a cluster, and what its hosts answer."""

    cluster: Cluster
    type: CpuType
    answers: dict[str, Allowed]

    def hosts(self, allowed: Allowed) -> str:
        """Names of the hosts with this answer."""
        return some_names(name for name, answer in self.answers.items() if answer == allowed)


def cpu_section(context: ReportContext) -> Section:
    """CPU types of clusters and hosts, and what a cluster could be raised to."""
    with_hosts = [c for c in context.clusters if context.inventory.hosts_of(c)]
    ladders = tuple(_ladder(context, cluster) for cluster in with_hosts)
    return Section(
        id="cpu", title="CPU", blocks=(prose("cpu"), _hosts(context), *ladders, _candidates(context))
    )


def _types(context: ReportContext, cluster: Cluster | None) -> dict[str, CpuType]:
    level = context.inventory.cluster_level(cluster.version) if cluster else None
    return {cpu_type.name: cpu_type for cpu_type in level.cpu_types} if level else {}


def _cpu_types(context: ReportContext, cluster: Cluster | None) -> CpuTypes:
    return context.scheduler.cpu_types_of(cluster) if cluster else CpuTypes(None)


def _hosts(context: ReportContext) -> Table:
    def rank(row: HostRow, name: str | None) -> int | None:
        found = _types(context, row.cluster).get(name or "")
        return found.level if found else None

    def wanted(row: HostRow) -> str | None:
        return row.cluster.cpu_type if row.cluster else None

    def types(row: HostRow) -> CpuTypes:
        return _cpu_types(context, row.cluster)

    unknown = Cell(text="none known to this level", tone=Tone.UNKNOWN)
    return table_of(
        "host-cpus",
        "CPUs of the hosts compared with the type of their cluster",
        host_rows(context.inventory, context.hosts),
        (
            take(HOSTS, "host"),
            take(HOSTS, "cluster"),
            take(HOSTS, "cpu_model", "cpu"),
            text("type", "Highest type that it satisfies", lambda r: r.host.cpu_type or unknown),
            figure("level", "Rank", lambda r: rank(r, r.host.cpu_type)),
            text("cluster_type", "Type of the cluster", wanted),
            figure("cluster_level", "Rank", lambda r: rank(r, wanted(r))),
            text("fits", "Satisfies it", lambda r: _fits(types(r).satisfies(r.host.cpu_type, wanted(r)))),
        ),
        open_rows=20,
        pointer="/inventory/hosts",
    )


def _fits(answer: CpuAnswer) -> Cell:
    if answer.allowed == Allowed.YES:
        return Cell(text="yes", tone=Tone.GOOD)
    if answer.allowed == Allowed.NO:
        return Cell(text=f"no: {answer.because}", tone=Tone.BAD)
    return Cell(text=f"cannot be judged: {answer.because}", tone=Tone.UNKNOWN)


def _ladder(context: ReportContext, cluster: Cluster) -> Figure:
    types, hosts = _types(context, cluster), context.hosts_of(cluster)
    members: dict[str, list[Host]] = {}
    for host in hosts:
        members.setdefault(host.cpu_type or "not known", []).append(host)
    limit = cpu_limit(_cpu_types(context, cluster), hosts)
    limiting = limit.without if limit else {}
    names = set(members) | ({cluster.cpu_type} if cluster.cpu_type else set())
    ranked = sorted(names, key=lambda name: (-_level(types, name), natural(name)))
    return Figure(
        id=f"figure-cpu-{cluster.id}",
        caption=f"CPU types in {cluster.name}",
        drawing=Ladder(
            rungs=tuple(
                Rung(
                    label=name,
                    members=_shown(members.get(name, ())),
                    is_current=name == cluster.cpu_type,
                    holds_down=name in limiting,
                )
                for name in ranked
            )
        ),
        table=table_of(
            f"cpu-types-{cluster.id}",
            f"CPU types in {cluster.name}",
            ((name, members.get(name, [])) for name in ranked),
            (
                text("type", "CPU type", lambda r: r[0]),
                figure("level", "Rank", lambda r: types[r[0]].level if r[0] in types else None),
                text("hosts", "Hosts that satisfy no higher one", lambda r: some_names(h.name for h in r[1])),
                text("note", "Meaning", lambda r: _meaning(r[0], cluster, limit)),
            ),
            open_rows=20,
        ),
    )


def _level(types: dict[str, CpuType], name: str) -> int:
    found = types.get(name)
    return -1 if found is None or found.level is None else found.level


def _meaning(name: str, cluster: Cluster, limit: CpuLimit | None) -> str:
    meanings = ["type of the cluster: what its VMs see"] if name == cluster.cpu_type else []
    if limit and name in limit.without:
        meanings.append(f"limits the cluster: without these hosts it could be {limit.without[name].name}")
    return "; ".join(meanings)


def _shown(hosts: Sequence[Host]) -> tuple[str, ...]:
    names = [host.name for host in hosts]
    return tuple(names) if len(names) <= _MEMBERS_SHOWN else (merged_label(names, "hosts"),)


def _candidates(context: ReportContext) -> Table:
    return table_of(
        "cpu-candidates",
        "Higher CPU types of the clusters, and which hosts prevent them",
        [found for cluster in context.clusters for found in _candidates_of(context, cluster)],
        (
            text("cluster", "Cluster", lambda c: c.cluster.name),
            text("now", "Type now", lambda c: c.cluster.cpu_type),
            text("candidate", "Higher type", lambda c: c.type.name),
            figure("level", "Rank", lambda c: c.type.level),
            text("ready", "Hosts that satisfy it", lambda c: c.hosts(Allowed.YES) or "none"),
            text("in_the_way", "Hosts that do not", _in_the_way),
            text("doubtful", "Cannot be judged", _doubtful),
        ),
        empty="No host is known to satisfy a higher type than its cluster has.",
        open_rows=20,
        pointer="/inventory/cluster_levels",
    )


def _candidates_of(context: ReportContext, cluster: Cluster) -> Iterator[_Candidate]:
    types, judge, hosts = _types(context, cluster), _cpu_types(context, cluster), context.hosts_of(cluster)
    now = _level(types, cluster.cpu_type or "")
    present = {host.cpu_type for host in hosts}
    for candidate in sorted(types.values(), key=lambda t: (t.level or 0, natural(t.name))):
        is_higher = (candidate.level or 0) > now and candidate.vendor == cluster.cpu_vendor
        if is_higher and candidate.name in present:
            answers = {host.name: judge.satisfies(host.cpu_type, candidate.name).allowed for host in hosts}
            yield _Candidate(cluster, candidate, answers)


def _in_the_way(candidate: _Candidate) -> CellValue:
    refusing = candidate.hosts(Allowed.NO)
    if refusing:
        return Cell(text=refusing, tone=Tone.WARN)
    if candidate.hosts(Allowed.UNKNOWN):
        return ""
    return Cell(text="none: the cluster could be raised", tone=Tone.GOOD)


def _doubtful(candidate: _Candidate) -> CellValue:
    names = candidate.hosts(Allowed.UNKNOWN)
    return Cell(text=names, tone=Tone.UNKNOWN) if names else ""
