"""`snapshot`, `schema`, `check`, `why`, `explain`, `report` on a recorded real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Commands, login

from tests.recorded import served_lab


def test_a_snapshot_is_saved_and_summed_up(rhevmig_command: Commands, tmp_path: Path) -> None:
    """Clusters with their hosts and VMs by status on stdout, the file on disk."""
    with served_lab(shift_time=True) as engine:
        result = rhevmig_command("snapshot", tmp_path / "dc.json", environ=login(engine.url))
    assert result.code == 0
    assert "tulsa-intel" in result.out
    assert "3 down, 7 up" in result.out
    assert json.loads((tmp_path / "dc.json").read_text())["format"] == "rhevmig-inventory"


def test_check_fails_at_the_gate_and_names_what_it_saw(rhevmig_command: Commands, snapshot: Path) -> None:
    """The silent fallback of kvm02 and the slow link of kvm10 are found; exit code 3."""
    result = rhevmig_command("check", "--snapshot", snapshot)
    assert result.code == 3
    assert "NET-003 host kvm02" in result.out
    assert "NET-010 host kvm10" in result.out
    assert "not ready" in result.out


def test_the_same_finding_of_many_hosts_is_one_line(rhevmig_command: Commands, snapshot: Path) -> None:
    """Twelve hosts with the same unknown do not fill the screen twelve times."""
    result = rhevmig_command("check", "--snapshot", snapshot)
    assert len([line for line in result.out.splitlines() if "NET-008" in line]) == 1


def test_check_json_holds_every_finding_and_the_exit_code(rhevmig_command: Commands, snapshot: Path) -> None:
    """Programs get what people get, passes included."""
    result = rhevmig_command("check", "--snapshot", snapshot, "--json")
    told = json.loads(result.out)
    assert told["exit_code"] == result.code == 3
    assert {finding["status"] for finding in told["findings"]} >= {"pass", "fail", "unknown"}


def test_a_gate_above_all_findings_leaves_only_the_blockers(
    rhevmig_command: Commands, snapshot: Path
) -> None:
    """The gate decides the exit code: a pinned VM is a blocker, so even the highest gate fails here."""
    assert rhevmig_command("check", "--snapshot", snapshot, "--gate", "blocker").code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("web01",), 0, "kvm03: yes"),
        (("web01", "kvm02"), 3, "VmAffinityGroups"),
        (("web01", "kvm01"), 3, "guests"),
        (("amd-web01",), 3, "pinned"),
    ],
)
def test_why_answers_in_the_engines_filter_names(
    rhevmig_command: Commands, snapshot: Path, arguments: tuple[str, ...], code: int, word: str
) -> None:
    """Yes is exit code 0, no is 3, and the filter that says no is named."""
    result = rhevmig_command("why", *arguments, "--snapshot", snapshot)
    assert result.code == code
    assert word in result.out


def test_why_compares_with_the_answer_of_the_engine(rhevmig_command: Commands) -> None:
    """With --ask-engine each host has the engine's answer, and none differs; only this VM is asked about."""
    with served_lab(shift_time=True) as engine:
        result = rhevmig_command("why", "web01", "--ask-engine", "--json", environ=login(engine.url))
        asked = [request for request in engine.requests if "migration_target_of" in request.query]
    assert len(asked) == 1
    verdicts = json.loads(result.out)["explanation"]["verdicts"]
    assert {verdict["host_name"]: verdict["engine_allows"] for verdict in verdicts}["kvm03"] is True
    assert "differs" not in result.out


def test_every_check_has_a_page(rhevmig_command: Commands) -> None:
    """`explain` lists all checks, and prints the page of each."""
    listed = rhevmig_command("explain").out.splitlines()[1:]
    ids = [line.split()[0] for line in listed if line.strip()]
    assert len(ids) == 18
    for check_id in ids:
        assert rhevmig_command("explain", check_id).out.startswith(f"# {check_id}")


def test_an_unknown_check_has_none(rhevmig_command: Commands) -> None:
    """A misspelt id is bad input."""
    result = rhevmig_command("explain", "NET-999")
    assert result.code == 2
    result.assert_one_clear_line("NET-999")


def test_the_report_is_written_in_all_formats(
    rhevmig_command: Commands, snapshot: Path, tmp_path: Path
) -> None:
    """A folder gets HTML, Markdown and JSON that tell the same findings."""
    result = rhevmig_command("report", tmp_path / "handover", "--snapshot", snapshot)
    assert result.code == 0
    texts = {path.suffix: path.read_text() for path in (tmp_path / "handover").iterdir()}
    assert set(texts) == {".html", ".md", ".json"}
    assert all("kvm02" in text and "NET-003" in text for text in texts.values())


def test_the_schema_of_a_snapshot_is_printed(rhevmig_command: Commands) -> None:
    """Editors and other programs can hold a snapshot against it."""
    schema = json.loads(rhevmig_command("schema").out)
    assert "$defs" in schema


def test_help_names_the_exit_codes(rhevmig_command: Commands) -> None:
    """Whoever scripts against the command finds them without the documentation."""
    result = rhevmig_command("--help")
    assert result.code == 0
    assert "Exit codes" in result.out
