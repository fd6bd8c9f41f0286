"""Our filters compared with the answers of real engines."""

from __future__ import annotations

import lzma
import tempfile
from functools import cache
from pathlib import Path

import msgspec
import pytest

from rhevmig.inventory import Inventory, load
from rhevmig.scheduling import compare
from tests.builders import a_host, a_vm, an_inventory
from tests.recorded import CASSETTES, recorded_inventory


@cache
def site_with_targets() -> Inventory:
    """A real engine 4.5.8 with 1,007 VMs and the scheduler's answers for 38 of them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot.json"
        path.write_bytes(lzma.decompress((CASSETTES / "site-with-targets" / "snapshot.json.xz").read_bytes()))
        return load(path)


@pytest.mark.parametrize(
    ("inventory", "pairs"),
    [(recorded_inventory(), 60), (site_with_targets(), 144)],
    ids=["recorded engine", "site with targets"],
)
def test_no_answer_contradicts_the_engine(inventory: Inventory, pairs: int) -> None:
    """Every pair agrees or is unknown with the reason; above all no yes where the engine refuses."""
    found = compare(inventory)
    assert found.ours_yes_engine_no == 0
    assert found.ours_no_engine_yes == 0
    assert found.pairs == pairs
    assert found.agree + found.unknown == pairs
    assert found.disagreements == ()


def test_what_is_unknown_names_its_filter() -> None:
    """Of the site only VMs with passthrough CPU, TSC frequency and exclusive pins are left open."""
    found = compare(site_with_targets())
    assert found.unknown == 5
    assert found.not_judged == {"CPU-Level": 2, "CpuPinning": 1, "Migration-Tsc-Frequency": 2}
    assert (found.vms, found.vms_not_asked) == (38, 39)


def test_a_disagreement_has_vm_host_filter_and_evidence() -> None:
    """Both directions are counted, and a wrong refusal names the filter with its evidence."""
    inventory = an_inventory(
        hosts=(a_host("h1"), a_host("h2"), a_host("h3", max_scheduling_memory_bytes=0)),
        vms=(a_vm("web01"), a_vm("web02"), a_vm("off", status="down", host_id=None)),
        migration_targets={"web01": ("h1", "h3")},
    )
    found = compare(inventory)
    assert (found.vms, found.vms_not_asked) == (1, 1)
    assert (found.pairs, found.agree, found.ours_yes_engine_no, found.ours_no_engine_yes) == (3, 1, 1, 1)
    yes, no = found.disagreements
    assert (yes.vm_name, yes.host_name, yes.ours, yes.engine_allows) == ("web01", "h2", "yes", False)
    assert (no.host_name, no.ours, no.engine_allows) == ("h3", "no", True)
    assert no.reasons[0].evidence["available"] == "0 MiB"
    assert found.refused_wrongly == {"Memory": 1}


def test_one_cluster_can_be_compared() -> None:
    """Only VMs of the cluster count."""
    site = site_with_targets()
    cluster = site.cluster("tulsa-amd")
    found = compare(site, cluster)
    assert 0 < found.pairs < compare(site).pairs
    assert not found.disagreements


def test_a_comparison_can_be_written_as_json() -> None:
    """The figures have the names that the command prints."""
    fields = msgspec.to_builtins(compare(an_inventory()))
    assert {"pairs", "agree", "ours_yes_engine_no", "ours_no_engine_yes", "unknown"} <= fields.keys()
