"""`plan`, `migrate`, `run`, `status`, `resume`, `cancel` on the lab, over HTTPS, faster than time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Commands

from rhevmig import lab
from rhevmig.lab import Lab

SPEED = 120
SCENARIO = """
name: three hosts
seed: 3
data_centers:
  - name: main
    version: "4.8"
    storage: [{name: nfs1, address: nas.example}]
    networks: [{name: migration, vlan: 9, vm: false}]
  - {name: far, version: "4.8", storage: [{name: nfs2, address: nas.example}]}
clusters:
  - name: north
    data_center: main
    cpu: Secure Intel Haswell Family
    networks:
      - {name: ovirtmgmt, roles: [display, management, default_route], required: true}
      - {name: migration, roles: [migration], required: true}
  - {name: south, data_center: far, cpu: Secure Intel Haswell Family}
hosts:
  - name: n{n:02}
    cluster: north
    count: 3
    memory_gib: 64
    nics: [{name: eth0}, {name: eth1}]
    attachments:
      - {network: ovirtmgmt, nic: eth0, address: "192.0.2.{n}/24"}
      - {network: migration, nic: eth1, address: "10.9.0.{n}/24"}
  - {name: s01, cluster: south}
vms:
  - {name: "web{n:02}", cluster: north, host: n01, count: 4, memory_gib: 4, workload: {dirty_mib_s: 5}}
  - {name: fixed, cluster: north, host: n02, memory_gib: 2, affinity: pinned, pinned_to: [n02]}
  - {name: asleep, cluster: north, status: down}
  - {name: lonely, cluster: south, host: s01}
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Lab]:
    scenario = tmp_path / "three.yaml"
    scenario.write_text(SCENARIO)
    with lab.serve(scenario, speed=SPEED) as running:
        yield running


@pytest.fixture
def environ(served: Lab) -> dict[str, str]:
    return {
        "OVIRT_URL": served.url,
        "OVIRT_USERNAME": served.username,
        "OVIRT_PASSWORD": served.password,
        "OVIRT_CAFILE": served.ca_file,
        "RHEVMIG_CLOCK_SPEED": str(SPEED),
    }


def host_of(served: Lab, vm: str) -> str | None:
    """Where the lab itself says that a VM runs."""
    entity = served.world.named("vms", vm)
    assert entity is not None
    host = served.world.find("hosts", entity.ref("host"))
    return host.name if host else None


def test_a_plan_names_every_destination_and_changes_nothing(
    rhevmig_command: Commands, served: Lab, environ: dict[str, str], tmp_path: Path
) -> None:
    """`plan` is the dry run: a file and a table, and no VM moves."""
    result = rhevmig_command("plan", "evacuate", "n01", "-o", tmp_path / "plan.json", environ=environ)
    assert result.code == 0, result.err
    assert result.out.count("n01 →") == 4
    assert {host_of(served, f"web0{n}") for n in range(1, 5)} == {"n01"}
    assert not [r for r in served.world.all("jobs") if "Migrating" in r.text("description")]


def test_a_host_is_emptied_goes_to_maintenance_and_comes_back(
    rhevmig_command: Commands, served: Lab, environ: dict[str, str], tmp_path: Path
) -> None:
    """The whole job through the public command, each outcome told, the campaign readable afterwards."""
    plan, journal = tmp_path / "plan.json", tmp_path / "journal.db"
    assert rhevmig_command("plan", "evacuate", "n01", "-o", plan, environ=environ).code == 0
    result = rhevmig_command("run", plan, "--journal", journal, "--return-host", environ=environ)
    assert result.code == 0, result.err + result.out
    assert result.out.count("succeeded: runs on") == 4
    assert "host n01: up" in result.out
    assert "n01" not in {host_of(served, f"web0{n}") for n in range(1, 5)}
    status = rhevmig_command("status", journal, "--json")
    told = json.loads(status.out)["campaign"]
    assert {course["outcome"]["verdict"] for course in told["courses"]} == {"succeeded"}
    assert all(course["outcome"]["downtime_ms"] for course in told["courses"])
    report = rhevmig_command("report", tmp_path / "after.md", "--journal", journal, environ=environ)
    assert report.code == 0
    assert "web01" in (tmp_path / "after.md").read_text()


def test_one_vm_moves_where_it_was_told(
    rhevmig_command: Commands, served: Lab, environ: dict[str, str], tmp_path: Path
) -> None:
    """`migrate --to` moves it there; `--dry-run` before only says so."""
    journal = tmp_path / "j.db"
    dry = rhevmig_command("migrate", "web01", "--to", "n03", "--dry-run", environ=environ)
    assert dry.code == 0
    assert host_of(served, "web01") == "n01"
    result = rhevmig_command("migrate", "web01", "--to", "n03", "--journal", journal, environ=environ)
    assert result.code == 0, result.err
    assert host_of(served, "web01") == "n03"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("migrate", "nobody"), 2, "nobody"),
        (("migrate", "web01", "--to", "n99"), 2, "n99"),
        (("migrate", "web01", "--to", "s01"), 3, "cluster"),
        (("migrate", "web01", "--to", "n01"), 3, "already"),
        (("migrate", "asleep"), 3, "down"),
        (("migrate", "fixed"), 3, "pinned"),
        (("plan", "evacuate", "n99"), 2, "n99"),
    ],
)
def test_what_cannot_be_is_said_before_anything_moves(
    rhevmig_command: Commands,
    served: Lab,
    environ: dict[str, str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
    word: str,
) -> None:
    """Unknown names, another cluster, the same host, a VM down or pinned: said, no request sent."""
    journal = ("--journal", str(tmp_path / "j.db")) if arguments[0] == "migrate" else ()
    result = rhevmig_command(*arguments, *journal, environ=environ)
    assert result.code == code, result.err + result.out
    assert word in result.err + result.out
    assert "Traceback" not in result.err
    assert not [event for event in served.world.all("events") if event.text("code") in ("62", "65")]


def test_a_plan_that_the_engine_has_outrun_is_not_run(
    rhevmig_command: Commands, served: Lab, environ: dict[str, str], tmp_path: Path
) -> None:
    """A VM moved meanwhile, so the plan is old: bad input, and nothing moves twice."""
    plan = tmp_path / "plan.json"
    rhevmig_command("plan", "evacuate", "n01", "-o", plan, environ=environ)
    rhevmig_command("migrate", "web02", "--to", "n02", "--journal", tmp_path / "other.db", environ=environ)
    result = rhevmig_command("run", plan, "--journal", tmp_path / "j.db", environ=environ)
    assert result.code == 2
    result.assert_one_clear_line("web02", "new plan")
    assert host_of(served, "web01") == "n01"


def test_a_file_that_is_no_journal_is_left_alone(
    rhevmig_command: Commands, environ: dict[str, str], tmp_path: Path
) -> None:
    """A database of something else, and a file of nothing, are refused with their bytes untouched."""
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as database:
        database.execute("create table recipes (name text)")
    noise = tmp_path / "noise.db"
    noise.write_bytes(b"no database at all, whatever the name says" * 50)
    before = foreign.read_bytes(), noise.read_bytes()
    for file in (foreign, noise):
        result = rhevmig_command("status", file)
        assert result.code == 1
        result.assert_one_clear_line(str(file))
    assert (foreign.read_bytes(), noise.read_bytes()) == before


def test_a_journal_that_is_not_there_is_not_made_by_looking(
    rhevmig_command: Commands, tmp_path: Path
) -> None:
    """`status` and `resume` of a misspelt journal say so and create nothing."""
    missing = tmp_path / "missing.db"
    result = rhevmig_command("status", missing)
    assert result.code == 1
    result.assert_one_clear_line(str(missing))
    assert not missing.exists()
