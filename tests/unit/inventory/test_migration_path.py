"""One migration path: every consumer gives the same answer in every situation of a host's NICs."""

from __future__ import annotations

import pandas as pd
import pytest

from rhevmig import Report, check, plan_migration
from rhevmig.inventory import Host, Inventory, PathState, migration_path, used_links
from rhevmig.notebook import frames
from rhevmig.report.document import Figure
from rhevmig.units import GIGABIT, format_speed
from tests.builders import a_host, an_inventory, usual_nics, with_nic
from tests.nic_situations import SITUATIONS, Situation, inventory_of

#: What the finding of NET-003 about the host says in each state.
STATUSES = {"usable": "pass", "fallback": "fail", "broken": "fail", "unknown": "unknown"}

#: How the report begins to describe each state.
RESULTS = {
    "usable": "this network",
    "fallback": "the management network: ",
    "broken": "this network, and fail: ",
    "unknown": "not known: ",
}


def _subject(situation: Situation) -> tuple[Inventory, Host]:
    inventory = inventory_of(situation)
    return inventory, inventory.host("h2")


@pytest.mark.parametrize("name", SITUATIONS)
def test_model(name: str) -> None:
    """The model answers with state, device and speed of one stream, and a reason where it is not usable."""
    situation = SITUATIONS[name]
    path = migration_path(*_subject(situation))
    assert path.state == situation.state
    assert (path.used_link.device if path.used_link else None) == situation.device
    assert path.stream_bits_per_second == (situation.gbit and situation.gbit * GIGABIT)
    assert bool(path.reason) == (path.state != PathState.USABLE)
    assert bool(path.consequence) == bool(path.reason)


@pytest.mark.parametrize("name", SITUATIONS)
def test_checks(name: str) -> None:
    """NET-003 agrees about the state and NET-010 about the speed, or leaves it to NET-003."""
    situation = SITUATIONS[name]
    inventory, host = _subject(situation)
    found = {f.check_id: f for f in check(inventory) if f.scope.id == host.id}
    assert found["NET-003"].status == STATUSES[situation.state]
    speed = found["NET-010"]
    if situation.state in ("fallback", "broken"):
        assert speed.status == "not_applicable"
    elif situation.gbit is None or not situation.has_role:
        assert speed.status == "unknown"
    else:
        assert format_speed(situation.gbit * GIGABIT) in speed.message
        assert speed.status == ("pass" if situation.gbit >= 10 else "fail")


@pytest.mark.parametrize("name", SITUATIONS)
def test_plan(name: str) -> None:
    """The estimate uses at most one stream of the link in use and names a path that is not usable."""
    situation = SITUATIONS[name]
    inventory, host = _subject(situation)
    (move,) = plan_migration(inventory, "web01", host.id).moves
    assert move.estimate.bandwidth_bytes_s is not None
    if situation.gbit is not None:
        assert move.estimate.bandwidth_bytes_s <= situation.gbit * GIGABIT / 8
    path = migration_path(inventory, host)
    if path.reason:
        assert f"h2: {path.reason}, {path.consequence}" in move.estimate.assumptions
    else:
        assert not [each for each in move.estimate.assumptions if each.startswith("h2: ")]


@pytest.mark.parametrize("name", SITUATIONS)
def test_report(name: str) -> None:
    """The figure and the table of the report show the same state and the same speed of one stream."""
    situation = SITUATIONS[name]
    inventory, host = _subject(situation)
    document = Report(inventory).document
    figure = next(
        block
        for section in document.walk()
        for block in section.blocks
        if isinstance(block, Figure) and block.id == "figure-uplinks"
    )
    row = {c.name: cell for c, cell in zip(figure.table.columns, figure.table.rows[1], strict=True)}
    bar = figure.drawing.bars[1]
    assert row["host"] == bar.label == host.name
    assert row["result"].text.startswith(RESULTS[situation.state])
    if not situation.has_role or situation.state == "fallback":
        assert bar.value is None
    else:
        assert row["speed"] == (situation.gbit and format_speed(situation.gbit * GIGABIT))
        assert row["device"] == situation.device
    if situation.state == "usable":
        assert bar.value == situation.gbit
        assert (bar.tone == "good") == (situation.gbit is not None and situation.gbit >= 10)
    else:
        assert bar.tone == ("unknown" if situation.state == "unknown" else "bad")


@pytest.mark.parametrize("name", SITUATIONS)
def test_notebook(name: str) -> None:
    """The frame of hosts has the speed of one stream over the migration network."""
    situation = SITUATIONS[name]
    inventory, host = _subject(situation)
    link = migration_path(inventory, host).link
    (value,) = frames(inventory).hosts.set_index("host").loc[[host.name], "migration_link_bits_per_second"]
    expected = link.stream_bits_per_second if link else None
    assert pd.isna(value) if expected is None else value == expected
    if situation.state != "fallback" and situation.has_role:
        assert pd.isna(value) if situation.gbit is None else value == situation.gbit * GIGABIT


def test_a_bond_has_one_answer() -> None:
    """A bond of 4 × 1 Gbit/s gives one stream 1 Gbit/s: in the check and in the plan alike."""
    inventory, host = _subject(SITUATIONS["bond mode 4"])
    found = {f.check_id: f for f in check(inventory) if f.scope.id == host.id}
    (move,) = plan_migration(inventory, "web01", host.id).moves
    assert "at most 1 Gbit/s" in found["NET-010"].message
    links = next(table for table in Report(inventory).document.tables() if table.id == "migration-links")
    assert links.rows[1][5] == "1 Gbit/s"
    assert move.estimate.bandwidth_bytes_s == GIGABIT / 8
    assert move.estimate.limited_by == "destination_stream"


def test_families_without_a_match_fall_back() -> None:
    """Two hosts that share no address family migrate over the management network."""
    inventory = an_inventory(
        hosts=(
            a_host("h1"),
            a_host(
                "h2",
                nics=with_nic(usual_nics(2), "eth1.100", ip_address=None, ipv6_address="2001:db8::2"),
            ),
        )
    )
    ends = [migration_path(inventory, host) for host in inventory.hosts]
    assert [link.device for link in used_links(*ends) if link] == ["eth0", "eth0"]
    (move,) = plan_migration(inventory, "web01", "h2").moves
    assert any("share no address family" in each for each in move.estimate.assumptions)
