"""How the numbers came about: method, figures with their sources, where to find the raw data."""

from __future__ import annotations

from rhevmig.checks import CHECKS
from rhevmig.report.context import Material
from rhevmig.report.document import Prose, Section, Table
from rhevmig.report.sections.findings import threshold_text
from rhevmig.report.tables import columns, joined

_METHOD = (
    (
        "verdict",
        "not ready: a check at or above the gate fails; cannot be judged: none fails, but one has no "
        "answer; ready: neither. "
        "Findings of a data center and of the engine count for each cluster under it.",
    ),
    (
        "can it move",
        "the VM has no obstacle of its own, and one host of its cluster passes every filter of the engine",
    ),
    (
        "bandwidth",
        "link or custom Mbit/s ÷ 8 ÷ migrations at once of the policy, whole MiB/s; the slower of both ends",
    ),
    (
        "migration link",
        "speed of the NIC under the VLAN device; of a bond the fastest slave, as a migration is one stream",
    ),
    ("space", "used ÷ (used + free), as the domain tells them, in steps of a GiB"),
    ("clock", "the engine's time in its answer less ours, corrected by half the round trip"),
    ("MTU", "0 means the engine's default, option DefaultMTU"),
    (
        "satisfies a CPU type",
        "flags of the highest type known of the host include the flags of the type asked about",
    ),
)


def appendix_section(material: Material) -> Section:
    """Method, thresholds with their sources, and how to find each object in the snapshot."""
    return Section(
        id="appendix",
        title="Appendix",
        blocks=(_method(), _thresholds(material), _requests(material)),
    )


def _method() -> Table:
    return Table(
        id="method",
        caption="How it is found out",
        columns=columns("what=What", "how=How"),
        rows=_METHOD,
        open_rows=20,
    )


def _thresholds(material: Material) -> Table:
    rows = tuple(
        (
            check.id,
            joined(check.needs, none=""),
            "; ".join(
                threshold_text(t.name, t.default, t.unit, t.provenance, material.policy)
                for t in check.thresholds
            ),
        )
        for check in CHECKS.values()
    )
    return Table(
        id="thresholds",
        caption="What each check reads, the figures that it compares with, and where those come from",
        columns=columns("check=Check", "needs=Reads", "figure=Figures and their sources"),
        rows=rows,
        open_rows=40,
    )


def _requests(material: Material) -> Prose:
    return Prose(
        text="Tables and findings name a JSON pointer such as `/inventory/hosts/3`: it leads to the same "
        "object in the snapshot that this report was made from (`rhevmig snapshot`). The JSON form of this "
        "report holds the same sections and tables as this one, no more and no less."
    )
