"""`rhevmig matrix`: all running VMs, and the comparison with the engine's scheduler."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from commands import Commands, login

from tests.builders import a_host, a_vm, an_inventory
from tests.recorded import CASSETTES, served_lab


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A snapshot of a real engine with the answers of its scheduler."""
    file = tmp_path / "site.json"
    file.write_bytes(lzma.decompress((CASSETTES / "site-with-targets" / "snapshot.json.xz").read_bytes()))
    return file


def test_the_matrix_lists_running_vms(rhevmig_command: Commands, snapshot: Path) -> None:
    """Each running VM of a cluster with the number of destinations and what refuses."""
    done = rhevmig_command("matrix", "tulsa-amd", "-s", str(snapshot))
    assert done.code == 0
    assert "amd-web01" in done.out
    assert "PinToHost" in done.out
    found = json.loads(rhevmig_command("matrix", "tulsa-amd", "-s", str(snapshot), "--json").out)
    assert all({"destination_ids", "migratability", "filters"} <= vm.keys() for vm in found["vms"])


def test_the_comparison_has_its_figures(rhevmig_command: Commands, site: Path) -> None:
    """Text and JSON agree; a snapshot with the engine's answers needs no engine."""
    found = json.loads(rhevmig_command("matrix", "--compare", "-s", str(site), "--json").out)
    assert (found["pairs"], found["ours_yes_engine_no"], found["ours_no_engine_yes"]) == (144, 0, 0)
    done = rhevmig_command("matrix", "--compare", "-s", str(site))
    assert done.code == 0
    assert done.out.startswith(f"144 pairs of 38 VMs and the hosts of their clusters: {found['agree']} agree")
    assert "Migration-Tsc-Frequency" in done.out


def test_a_contradiction_ends_with_3_and_names_vm_host_and_filter(
    rhevmig_command: Commands, tmp_path: Path
) -> None:
    """The engine allows a host that we refuse, and refuses one that we allow."""
    inventory = an_inventory(
        hosts=(a_host("h1"), a_host("h2"), a_host("h3", max_scheduling_memory_bytes=0)),
        vms=(a_vm(),),
        migration_targets={"web01": ("h1", "h3")},
    )
    file = inventory.save(tmp_path / "dc.json")
    done = rhevmig_command("matrix", "--compare", "-s", str(file))
    assert done.code == 3
    assert "web01 on h2: yes here, the engine refuses it" in done.out
    assert "Memory: the host has 0 MiB left" in done.out


def test_nothing_to_compare_ends_with_4(rhevmig_command: Commands, tmp_path: Path) -> None:
    """A snapshot without answers of the scheduler cannot be compared, and the remedy says how."""
    file = an_inventory().save(tmp_path / "dc.json")
    done = rhevmig_command("matrix", "--compare", "-s", str(file))
    assert done.code == 4
    assert "snapshot --targets" in done.out


def test_a_live_engine_is_asked_about_the_cluster_alone(rhevmig_command: Commands, tmp_path: Path) -> None:
    """One request per running VM of the cluster; `snapshot --targets` keeps the answers for all."""
    with served_lab(shift_time=True) as engine:
        done = rhevmig_command("matrix", "tulsa-amd", "--compare", environ=login(engine.url))
        asked = [request for request in engine.requests if "migration_target_of" in request.query]
        assert (done.code, len(asked)) == (0, 2)
        saved = rhevmig_command("snapshot", tmp_path / "t.json", "--targets", environ=login(engine.url))
        assert saved.code == 0
    done = rhevmig_command("matrix", "--compare", "-s", tmp_path / "t.json", "--json")
    assert (done.code, json.loads(done.out)["agree"]) == (0, 60)
