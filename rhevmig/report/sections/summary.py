"""The page for those who read only one: a verdict per cluster with what stands in its way."""

from __future__ import annotations

from collections import Counter

from rhevmig.checks import CHECKS, Finding, Severity, Status
from rhevmig.inventory import Cluster
from rhevmig.report.context import Material
from rhevmig.report.document import Fact, Prose, Section, Tone, VerdictCard, Verdicts
from rhevmig.report.row_folding import merged_label
from rhevmig.report.sections.vm_migratability import Movable
from rhevmig.report.tables import counted, natural

_BLOCKERS_SHOWN = 5
_VERDICTS = {
    Status.PASS: ("ready", Tone.GOOD),
    Status.FAIL: ("not ready", Tone.BAD),
    Status.UNKNOWN: ("cannot be judged", Tone.UNKNOWN),
    Status.NOT_APPLICABLE: ("nothing to judge", Tone.MUTED),
}
_IN_A_ROW = {"nothing to judge": "with nothing to judge"}
_NOT_RUN = ("not checked", Tone.UNKNOWN)


def summary_section(material: Material) -> Section:
    """Verdicts, what they rest on, and how much could not be seen."""
    cards = tuple(_card(material, cluster) for cluster in _in_order(material))
    return Section(
        id="summary",
        title="Summary",
        blocks=(
            *_sentences(material, cards),
            Verdicts(cards=cards),
            Prose(
                text=f"A cluster is ready when no check of severity {material.gate.value} or above fails, "
                "and none of "
                "them is without an answer. What could not be judged never counts as fine."
            ),
            *_campaign(material),
            *_cautions(material),
        ),
    )


def _sentences(material: Material, cards: tuple[VerdictCard, ...]) -> tuple[Prose, Prose]:
    inventory = material.inventory
    verdicts = Counter(card.verdict for card in cards)
    words = [word for word, _ in (*_VERDICTS.values(), _NOT_RUN) if verdicts[word]]
    judged = ", ".join(f"{verdicts[word]} {_IN_A_ROW.get(word, word)}" for word in dict.fromkeys(words))
    answers = Counter(answer.movable for answer in material.vm_answers)
    running = sum(answers.values())
    read = (
        f"{counted(len(inventory.data_centers), 'data center')}, {counted(len(inventory.hosts), 'host')} "
        f"and {counted(len(inventory.vms), 'VM')} were read, {running} of the VMs run: "
        f"{answers[Movable.YES]} can move now, {answers[Movable.FORCE]} only with force, "
        f"{answers[Movable.NO]} cannot, of {answers[Movable.UNKNOWN]} it cannot be told."
    )
    headline = f"Of {counted(len(cards), 'cluster')}: {judged or 'none was seen'}."
    return Prose(text=headline, is_lead=True), Prose(text=read)


def _in_order(material: Material) -> list[Cluster]:
    """Clusters that have hosts before those that have none."""
    return sorted(material.clusters, key=lambda cluster: not material.inventory.hosts_of(cluster))


def _card(material: Material, cluster: Cluster) -> VerdictCard:
    findings = material.findings
    hosts, vms = material.inventory.hosts_of(cluster), material.inventory.vms_of(cluster)
    ups = sum(host.is_up for host in hosts)
    hosts_up = f"{ups} of {counted(len(hosts), 'host')} up" if hosts else "no hosts"
    running = f"{sum(vm.is_running for vm in vms)} of {counted(len(vms), 'VM')} running" if vms else "no VMs"
    subtitle = f"{material.data_center_of(cluster)} · {hosts_up} · {running}"
    if findings is None:
        return VerdictCard(name=cluster.name, subtitle=subtitle, verdict=_NOT_RUN[0], tone=_NOT_RUN[1])
    verdict, tone = _VERDICTS.get(findings.verdict(cluster.id, gate=material.gate), _NOT_RUN)
    found = findings.by_cluster().get(cluster.id, ())
    blockers = _blockers(found, material.gate)
    return VerdictCard(
        name=cluster.name,
        subtitle=subtitle,
        verdict=verdict,
        tone=tone,
        counts=_counts(found),
        blockers=tuple(blockers[:_BLOCKERS_SHOWN]),
        more=max(0, len(blockers) - _BLOCKERS_SHOWN),
    )


def _counts(found: tuple[Finding, ...]) -> tuple[Fact, ...]:
    failed = Counter(f.severity for f in found if f.status == Status.FAIL)
    facts = [
        Fact(name=severity.value, value=str(failed[severity])) for severity in Severity if failed[severity]
    ]
    for status, word in (
        (Status.UNKNOWN, "unknown"),
        (Status.ERROR, "check broke"),
        (Status.WAIVED, "waived"),
    ):
        number = sum(f.status == status for f in found)
        if number:
            facts.append(Fact(name=word, value=str(number)))
    facts.append(Fact(name="passed", value=str(sum(f.status == Status.PASS for f in found))))
    return tuple(facts)


def _blockers(found: tuple[Finding, ...], gate: Severity) -> list[str]:
    """What decides the verdict, worst first, one line a check and status."""
    deciding = [f for f in found if f.is_open and f.severity.at_or_above(gate)]
    groups: dict[tuple[int, int, str, Status], list[Finding]] = {}
    for finding in deciding:
        key = (finding.status != Status.FAIL, finding.severity.rank, finding.check_id, finding.status)
        groups.setdefault(key, []).append(finding)
    return [_blocker(*key[2:], items) for key, items in sorted(groups.items(), key=lambda item: item[0])]


def _blocker(check_id: str, status: Status, items: list[Finding]) -> str:
    """One line: the check's own title where several objects share the trouble, else what was found."""
    prefix = "" if status == Status.FAIL else "not judged: "
    names = sorted({f.scope.name for f in items}, key=natural)
    if len(items) == 1:
        return f"{check_id} {names[0]}: {prefix}{items[0].message}"
    check = CHECKS.get(check_id)
    title = check.title if check else items[0].message
    return f"{check_id} {merged_label(names)}: {prefix or 'does not hold: '}{title}"


def _campaign(material: Material) -> tuple[Prose, ...]:
    """The migrations done, in a sentence."""
    campaign = material.campaign
    if campaign is None:
        return ()
    counts = ", ".join(
        f"{number} {word.replace('_', ' ')}" for word, number in sorted(campaign.counts.items())
    )
    blocked = (
        f"; {counted(len(campaign.plan.blocked), 'VM')} could not be planned" if campaign.plan.blocked else ""
    )
    tone = Tone.GOOD if campaign.is_success else Tone.UNKNOWN if campaign.is_unclear else Tone.BAD
    text = f"Migrations of campaign {campaign.id} ({campaign.state.value}): {counts or 'none'}{blocked}."
    return (Prose(text=text, tone=tone),)


def _cautions(material: Material) -> tuple[Prose, ...]:
    said = []
    inventory = material.inventory
    if inventory.unobserved:
        said.append(
            Prose(
                text=f"{counted(len(inventory.unobserved), 'thing')} could not be seen; see “What could not "
                "be seen”. They are not taken for fine anywhere in this report.",
                tone=Tone.UNKNOWN,
            )
        )
    if inventory.instant.is_torn:
        said.append(
            Prose(
                text="The engine changed while it was read: "
                f"{counted(len(inventory.instant.torn_ids), 'entity', 'entities')} may belong to different "
                f"instants ({_torn_names(material)}).",
                tone=Tone.WARN,
            )
        )
    if inventory.engine.tls_verified is False:
        said.append(Prose(text="The engine's certificate was not verified when it was read.", tone=Tone.WARN))
    return tuple(said)


def _torn_names(material: Material) -> str:
    names = []
    for entity_id in sorted(material.inventory.instant.torn_ids):
        found = material.vm_name(entity_id)
        names.append((found if found != entity_id else material.host_name(entity_id)) or entity_id)
    return merged_label(names)
