"""The document: complete, well formed, equal for equal input, and never greener than the facts."""

from __future__ import annotations

import re

import msgspec
from builders import a_cluster, a_host, a_vm, an_inventory

import rhevmig
from rhevmig.inventory import Inventory, Unobserved
from rhevmig.report import Document, Report
from rhevmig.report.document import Cell, Figure, FindingGroup, Section, Tone, Verdicts
from tests.recorded import recorded_inventory


def recorded_report() -> Report:
    inventory = recorded_inventory()
    return Report(inventory, rhevmig.check(inventory))


def section(document: Document, key: str) -> Section:
    return next(found for found in document.walk() if found.id == key)


def cards(document: Document) -> dict[str, tuple[str, Tone]]:
    blocks = section(document, "summary").blocks
    shown = next(block for block in blocks if isinstance(block, Verdicts))
    return {card.name: (card.verdict, card.tone) for card in shown.cards}


def texts(document: Document, table_id: str) -> list[list[str | None]]:
    table = next(found for found in document.tables() if found.id == table_id)
    return [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in table.rows]


def test_every_row_fills_its_columns_and_every_key_is_unique() -> None:
    """Programs can rely on the shape of tables and on the keys of sections, tables and figures."""
    document = recorded_report().document
    keys = [found.id for found in document.walk()] + [table.id for table in document.tables()]
    keys += [b.id for s in document.walk() for b in s.blocks if isinstance(b, Figure)]
    assert len(keys) == len(set(keys))
    for table in document.tables():
        assert len({column.name for column in table.columns}) == len(table.columns), table.id
        assert {len(row) for row in table.rows} <= {len(table.columns)}, table.id


def test_the_four_parts_of_the_ground_truth_are_there() -> None:
    """Storage, network, CPU and time each have a section, and so has what could not be seen."""
    ids = [found.id for found in recorded_report().document.sections]
    assert {"storage", "network", "cpu", "time", "unseen", "vms", "migration-settings"} <= set(ids)
    assert ids[0] == "summary"


def test_verdicts_of_the_recorded_engine() -> None:
    """The clusters of the recorded engine get the verdicts that the checks give them; empty ones get none."""
    found = cards(recorded_report().document)
    assert found["tulsa-intel"] == ("not ready", Tone.BAD)
    assert found["oslo-prod"] == ("not ready", Tone.BAD)
    assert found["oslo-edge"] == ("cannot be judged", Tone.UNKNOWN)
    assert found["Default"] == ("nothing to judge", Tone.MUTED)


def test_known_defects_of_the_recorded_engine_stand_in_its_tables() -> None:
    """The silent fallback, the slow link, the MTU out of step and the drifting clocks are told as facts."""
    document = recorded_report().document
    links = {row[0]: row for row in texts(document, "migration-links")}
    assert links["kvm02"][-1] == "the management network: network migration is not on the host"
    assert links["kvm10"][5] == "1 Gbit/s"
    assert links["kvm04"][5] == "25 Gbit/s"
    assert ["kvm08", "oslo-prod", "storage", "mtu", "9000", "1500"] in texts(document, "networks-out-of-sync")
    assert {row[0] for row in texts(document, "clock-drift")} >= {"kvm04", "kvm09"}


def test_vms_that_cannot_move_say_why_and_what_would_help() -> None:
    """Pinned and user-migratable VMs stand in the table with reason and remedy, the others do not."""
    rows = {row[0]: row for row in texts(recorded_report().document, "vms-not-migratable")}
    assert set(rows) == {"amd-web01", "app01", "web03"}
    assert rows["amd-web01"][3] == "no"
    assert rows["app01"][3] == "only with force"
    assert all(row[4] and row[5] for row in rows.values())


def test_effective_settings_name_their_origin() -> None:
    """What `inherit` hides is said: the value in effect and whether policy, cluster or engine decides."""
    rows = {str(row[0]): row for row in texts(recorded_report().document, "migration-effective")}
    assert rows["tulsa-intel"][1] == "Minimal downtime (cluster)"
    assert rows["tulsa-intel"][3] == "yes (policy)"
    assert rows["tulsa-amd"][5] == "yes (cluster)"
    assert rows["oslo-prod"][7] == "1\u202f000 Mbit/s for the whole host (cluster)"
    bandwidth = [
        row for row in texts(recorded_report().document, "migration-bandwidth") if row[0] == "oslo-prod"
    ]
    assert {row[6] for row in bandwidth} == {"62"}


def test_settings_of_vms_are_shown_as_they_are() -> None:
    """A special cell replaces the plain value: no stays no, a VM that is down has no host."""
    rows = {row[0]: row for row in texts(recorded_report().document, "vm-settings-table")}
    assert rows["edge01"][2:4] == ["up", "kvm12"]
    assert rows["edge01"][-3:-1] == ["no", "no"]
    assert rows["old01"][3] == ""
    assert rows["hpc01"][7:9] == ["host passthrough", "migratable"]


def test_equal_input_gives_equal_output() -> None:
    """Two reports of one inventory are equal byte for byte in every format."""
    one, other = recorded_report(), recorded_report()
    assert one.json() == other.json()
    assert one.markdown() == other.markdown()
    assert one.html() == other.html()


def test_the_order_in_which_the_engine_lists_things_does_not_show() -> None:
    """An engine that lists everything backwards gives the same report, but for places in its snapshot."""
    inventory = recorded_inventory()
    turned = {
        name: tuple(reversed(getattr(inventory, name)))
        for name in ("clusters", "hosts", "vms", "networks", "storage_domains", "cluster_networks", "disks")
    }
    backwards = msgspec.structs.replace(inventory, **turned)

    def text(found: Inventory) -> str:
        made = Report(found, rhevmig.check(found)).markdown()
        return re.sub(r"/inventory/\w+/\d+", "", made)

    assert text(inventory) == text(backwards)


def test_without_findings_nothing_looks_ready() -> None:
    """A report made without running the checks says so, and calls no cluster ready."""
    document = Report(an_inventory()).document
    assert cards(document) == {"cl": ("not checked", Tone.UNKNOWN)}
    assert section(document, "findings").blocks[0].tone == Tone.UNKNOWN


def test_what_was_not_observed_is_no_value_and_never_green() -> None:
    """Hosts whose network could not be read, and VMs without placement, end as unknown everywhere."""
    blind = a_host("h1", nics=None, power_management=None, cpu_type=None, memory_bytes=None)
    inventory = an_inventory(
        hosts=(blind, a_host("h2")),
        vms=(a_vm(affinity=None, host_id="h2"),),
        unobserved=(
            Unobserved(kind="host", id="h1", what="nics", reason="HTTP 400", remedy="ReadOnlyAdmin"),
        ),
    )
    document = Report(inventory, rhevmig.check(inventory)).document
    assert cards(document)["cl"][1] != Tone.GOOD
    assert texts(document, "unobserved") == [["host", "nics", "h1", "1", "HTTP 400", "ReadOnlyAdmin"]]
    memory = next(row for row in texts(document, "cluster-memory") if row[0] == "cl")
    assert memory[-2] is None
    presence = next(table for table in document.tables() if table.id == "presence-dc")
    assert {cell.tone for cell in presence.rows[0][1:] if isinstance(cell, Cell)} == {Tone.UNKNOWN}
    assert texts(document, "vms-not-migratable")[0][3] in ("cannot be judged", "no")


def test_findings_of_which_the_same_is_said_share_an_item() -> None:
    """Nine hundred VMs with one trouble are one item with nine hundred objects, not nine hundred items."""
    vms = tuple(
        a_vm(f"vm{number:03}", affinity="pinned", placement_host_ids=("h1",)) for number in range(900)
    )
    inventory = an_inventory(vms=vms)
    document = Report(inventory, rhevmig.check(inventory)).document
    groups = [block for block in section(document, "findings").blocks if isinstance(block, FindingGroup)]
    pinned = next(group for group in groups if group.check_id == "VM-001")
    assert [len(item.objects) for item in pinned.items] == [900]


def test_equal_rows_of_a_figure_are_drawn_once() -> None:
    """The destinations of 900 equal VMs are drawn as one row, and told in full by the table."""
    inventory = an_inventory(vms=tuple(a_vm(f"vm{number:03}") for number in range(900)))
    blocks = section(Report(inventory).document, "vm-destinations").blocks
    figure = next(block for block in blocks if isinstance(block, Figure))
    assert figure.drawing.rows == ("vm000, vm001, vm002 and 897 more",)
    assert len(figure.table.rows) == 900


def test_an_empty_engine_has_a_report_too() -> None:
    """An engine without hosts, VMs, networks and storage makes no trouble."""
    names = ("data_centers", "clusters", "hosts", "networks", "cluster_networks", "vms", "disks", "events")
    nothing = dict.fromkeys(names, ())
    inventory = an_inventory(**nothing, storage_domains=(), storage_attachments=(), vnic_profiles=())
    report = Report(inventory, rhevmig.check(inventory))
    assert "none was seen" in report.markdown()
    assert report.html()


def test_a_cluster_outside_any_data_center_is_shown() -> None:
    """A detached cluster and a host of an unseen cluster have their rows."""
    inventory = an_inventory(clusters=(a_cluster(data_center_id=None),), hosts=(a_host(cluster_id="gone"),))
    document = Report(inventory).document
    assert [row[:2] for row in texts(document, "clusters")] == [["cl", "–"]]
    assert [row[:2] for row in texts(document, "hosts")] == [["h1", "–"]]
