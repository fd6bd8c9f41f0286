"""The page for those who read only one: a verdict per cluster with what is in its way."""

from __future__ import annotations

from collections import Counter

from rhevmig.checks import CHECKS, READINESS, Finding, Severity, Status
from rhevmig.inventory import Cluster
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Fact, Prose, Section, Tone, VerdictCard, Verdicts
from rhevmig.report.prose import prose
from rhevmig.report.sections.campaign import campaign_tone
from rhevmig.report.tables.cells import counted, merged_label, natural
from rhevmig.scheduling import Migratability

_BLOCKERS_SHOWN = 5
_TONES = {
    Status.PASS: Tone.GOOD,
    Status.FAIL: Tone.BAD,
    Status.UNKNOWN: Tone.UNKNOWN,
    Status.NOT_APPLICABLE: Tone.MUTED,
}
_NOT_RUN = "not checked"


def summary_section(context: ReportContext) -> Section:
    """Verdicts, what they are based on, and how much could not be observed."""
    in_order = sorted(context.clusters, key=lambda cluster: not context.inventory.hosts_of(cluster))
    cards = tuple(_card(context, cluster) for cluster in in_order)
    return Section(
        id="summary",
        title="Summary",
        blocks=(
            _headline(cards),
            _read(context),
            Verdicts(cards=cards),
            prose("ready", gate=context.gate.value),
            *_campaign(context),
            *_cautions(context),
        ),
    )


def _headline(cards: tuple[VerdictCard, ...]) -> Prose:
    verdicts = Counter(card.verdict for card in cards)
    words = ", ".join(
        f"{verdicts[word]} {'with nothing to judge' if word == READINESS[Status.NOT_APPLICABLE] else word}"
        for word in (*READINESS.values(), _NOT_RUN)
        if verdicts[word]
    )
    return Prose(text=f"Of {counted(len(cards), 'cluster')}: {words or 'none was seen'}.", is_lead=True)


def _read(context: ReportContext) -> Prose:
    inventory = context.inventory
    answers = Counter(each.summary.migratability for each in context.running_vms)
    return Prose(
        text=f"{counted(len(inventory.data_centers), 'data center')}, "
        f"{counted(len(inventory.hosts), 'host')} and {counted(len(inventory.vms), 'VM')} were read; "
        f"{sum(answers.values())} VMs run: {answers[Migratability.YES]} can migrate now, "
        f"{answers[Migratability.FORCE]} only with force, {answers[Migratability.NO]} cannot, "
        f"{answers[Migratability.UNKNOWN]} cannot be judged."
    )


def _card(context: ReportContext, cluster: Cluster) -> VerdictCard:
    findings = context.findings
    hosts, vms = context.inventory.hosts_of(cluster), context.inventory.vms_of(cluster)
    up, running = sum(host.is_up for host in hosts), sum(vm.is_running for vm in vms)
    hosts_up = f"{up} of {counted(len(hosts), 'host')} up" if hosts else "no hosts"
    vms_running = f"{running} of {counted(len(vms), 'VM')} running" if vms else "no VMs"
    subtitle = f"{context.data_center_name(cluster.data_center_id)} · {hosts_up} · {vms_running}"
    if findings is None:
        return VerdictCard(name=cluster.name, subtitle=subtitle, verdict=_NOT_RUN, tone=Tone.UNKNOWN)
    verdict = findings.verdict(cluster.id, gate=context.gate)
    found = findings.by_cluster().get(cluster.id, ())
    blockers = _blockers(found, context.gate)
    return VerdictCard(
        name=cluster.name,
        subtitle=subtitle,
        verdict=READINESS[verdict],
        tone=_TONES[verdict],
        counts=_counts(found),
        blockers=tuple(blockers[:_BLOCKERS_SHOWN]),
        more=max(0, len(blockers) - _BLOCKERS_SHOWN),
    )


def _counts(found: tuple[Finding, ...]) -> tuple[Fact, ...]:
    failed = Counter(f.severity for f in found if f.status == Status.FAIL)
    others = Counter(f.status for f in found)
    words = {Status.UNKNOWN: "unknown", Status.ERROR: "check broke", Status.WAIVED: "waived"}
    facts = [Fact(name=each.value, value=str(failed[each])) for each in Severity if failed[each]]
    facts += [Fact(name=word, value=str(others[each])) for each, word in words.items() if others[each]]
    return (*facts, Fact(name="passed", value=str(others[Status.PASS])))


def _blockers(found: tuple[Finding, ...], gate: Severity) -> list[str]:
    """What decides the verdict, worst first, one line per check and status."""
    deciding = [f for f in found if f.is_open and f.severity.at_or_above(gate)]
    groups: dict[tuple[int, int, str, Status], list[Finding]] = {}
    for finding in deciding:
        key = (finding.status != Status.FAIL, finding.severity.rank, finding.check_id, finding.status)
        groups.setdefault(key, []).append(finding)
    return [_blocker(*key[2:], items) for key, items in sorted(groups.items(), key=lambda item: item[0])]


def _blocker(check_id: str, status: Status, items: list[Finding]) -> str:
    """One line: the title of the check where several objects share the problem, else what was found."""
    prefix = "" if status == Status.FAIL else "not judged: "
    names = sorted({f.scope.name for f in items}, key=natural)
    if len(items) == 1:
        return f"{check_id} {names[0]}: {prefix}{items[0].message}"
    check = CHECKS.get(check_id)
    title = check.title if check else items[0].message
    return f"{check_id} {merged_label(names)}: {prefix or 'does not hold: '}{title}"


def _campaign(context: ReportContext) -> tuple[Prose, ...]:
    campaign = context.campaign
    if campaign is None:
        return ()
    counts = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in sorted(campaign.counts.items()))
    blocked = len(campaign.plan.blocked)
    rest = f"; {counted(blocked, 'VM')} could not be planned" if blocked else ""
    text = f"Migrations of campaign {campaign.id} ({campaign.state.value}): {counts or 'none'}{rest}."
    return (Prose(text=text, tone=campaign_tone(campaign)),)


def _cautions(context: ReportContext) -> list[Prose]:
    inventory, torn = context.inventory, context.inventory.instant.torn_ids
    found = []
    if inventory.unobserved:
        things = counted(len(inventory.unobserved), "thing")
        found.append(prose("unobserved", tone=Tone.UNKNOWN, things=things))
    if torn:
        names = merged_label([_changed_name(context, each) for each in sorted(torn)])
        entities = counted(len(torn), "entity", "entities")
        found.append(prose("changed while read", tone=Tone.WARN, entities=entities, names=names))
    if inventory.engine.tls_verified is False:
        found.append(prose("certificate", tone=Tone.WARN))
    return found


def _changed_name(context: ReportContext, entity_id: str) -> str:
    vm = context.inventory.find_vm(entity_id)
    return vm.name if vm else context.host_name(entity_id) or entity_id
