"""What is printed, and where it cannot be printed: pipes, full disks, odd terminals, hostile names."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Commands, login

from rhevmig.cli.output import Styled, _wrapped
from rhevmig.cli.streams import visible
from tests.recorded import served_lab

RHEVMIG = Path(sys.executable).with_name("rhevmig")
#: Markup of the terminal library, an escape sequence, a bell, a change of direction, a line break.
HOSTILE = "[/red][bold]web\x1b[2J\x07\u202egnp.exe\n01"
SHOWN = r"[/red][bold]web\x1b[2J\x07\u202egnp.exe\x0a01"


def shell(line: str, *, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(RHEVMIG.parent), os.environ["PATH"]])
    variables = {
        key: value for key, value in os.environ.items() if not key.startswith(("OVIRT_", "RHEVMIG_"))
    }
    return subprocess.run(
        ["bash", "-c", line],
        cwd=cwd,
        env={**variables, "PATH": path, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def hostile(snapshot: Path, tmp_path: Path) -> Path:
    """A snapshot in which every name of a VM, host, cluster and network could act on a terminal."""
    content = json.loads(snapshot.read_text())
    for kind in ("vms", "hosts", "clusters", "networks", "data_centers"):
        for each in content["inventory"][kind]:
            each["name"] = HOSTILE if each["name"] == "web01" else f"{each['name']}{HOSTILE}"
    file = tmp_path / "hostile.json"
    file.write_text(json.dumps(content))
    return file


@pytest.mark.parametrize(
    "command", [("snapshot",), ("check",), ("why", HOSTILE), ("plan", "migrate", HOSTILE)]
)
def test_names_are_text_and_never_act_on_the_terminal(
    rhevmig_command: Commands, hostile: Path, command: tuple[str, ...]
) -> None:
    """Markup is printed as it is; control characters and changes of direction are shown as escapes."""
    result = rhevmig_command(*command, "--snapshot", hostile)
    assert result.code in (0, 3, 4), result.err
    assert "[/red][bold]web\\x1b[2J\\x07" in result.out
    assert not {c for c in result.out + result.err if c in "\x1b\x07\u202e"}


def test_an_error_shows_a_hostile_name(rhevmig_command: Commands, snapshot: Path) -> None:
    """The same in errors, which stay one line."""
    result = rhevmig_command("why", HOSTILE, "--snapshot", snapshot)
    assert result.code == 2
    result.assert_one_clear_line("web\\x1b[2J\\x07")
    assert visible(HOSTILE) == SHOWN


@pytest.mark.parametrize("command", ["why web01 -s {0}", "check -s {0}", "snapshot -s {0} --json", "--help"])
@pytest.mark.parametrize("target", ["> /dev/full", ">&-"])
def test_results_that_cannot_be_written_are_an_error(
    snapshot: Path, tmp_path: Path, command: str, target: str
) -> None:
    """A full disk behind stdout, or stdout closed: one line and exit code 1, no traceback."""
    done = shell(f"rhevmig {command.format(snapshot)} {target}", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("rhevmig: cannot write standard output: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["check -s {0} --all", "snapshot -s {0} --json", "explain"])
def test_a_reader_that_leaves_early_changes_nothing(snapshot: Path, tmp_path: Path, command: str) -> None:
    """`| head -1`: no message, and the exit code is the command's."""
    line = f"rhevmig {command.format(snapshot)}"
    whole = shell(f"{line} > all", cwd=tmp_path)
    done = shell(f"set -o pipefail; {line} | head -1", cwd=tmp_path)
    assert done.returncode == whole.returncode
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_a_terminal_of_another_encoding(snapshot: Path, tmp_path: Path) -> None:
    """Arrows and dashes become escapes where the encoding lacks them."""
    done = shell(
        f"rhevmig why web01 -s {snapshot}; rhevmig check -s {snapshot}",
        cwd=tmp_path,
        PYTHONIOENCODING="latin-1",
    )
    assert "Traceback" not in done.stderr
    assert "\\u2192" in done.stdout


@pytest.mark.parametrize("target", ["2>&-", "2> /dev/full"])
def test_notes_that_cannot_be_written_are_dropped(snapshot: Path, tmp_path: Path, target: str) -> None:
    """The command does its work and has its exit code."""
    done = shell(f"rhevmig report out.md -s {snapshot} {target}", cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "out.md").exists()


def test_on_a_terminal(tmp_path: Path) -> None:
    """With progress on a terminal the command reads the engine and ends; colours are used."""
    leader, follower = pty.openpty()
    with served_lab(shift_time=True) as engine:
        process = subprocess.Popen(
            [str(RHEVMIG), "check", "--timeout", "20"],
            cwd=tmp_path,
            env={**os.environ, **login(engine.url), "TERM": "xterm", "COLUMNS": "80"},
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65536):
                shown += chunk
        except OSError:
            pass  # Linux ends a terminal whose other side is closed this way
        assert process.wait(timeout=60) == 3
    os.close(leader)
    assert b"\x1b[31mfail\x1b[0m" in shown
    assert b"reading the engine" in shown


def test_long_lines_are_wrapped_below_their_indent() -> None:
    """Words stay whole, the rest is indented, and a style survives the break."""
    cells = [(c, "red") for c in "one two"] + [(c, "") for c in " three four five six"]
    lines = ["".join(c for c, _ in line) for line in _wrapped(cells, 24, 4)]
    assert lines == ["    one two three four", "      five six"]
    assert str(Styled("yes", "green")) == "yes"
