"""Whatever is wrong: one clear line, the documented exit code, and nothing lost."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from commands import Commands, login

from rhevmig import testing
from rhevmig.testing import Fault
from rhevmig.testing.faults import FaultKind
from tests.recorded import served_lab


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_server_there(rhevmig_command: Commands, tmp_path: Path) -> None:
    """A port that nobody listens on: exit code 1, the address, and no file half-written."""
    file = tmp_path / "dc.json"
    url = f"http://127.0.0.1:{free_port()}/ovirt-engine/api"
    result = rhevmig_command("snapshot", file, environ=login(url))
    assert result.code == 1
    result.assert_one_clear_line("no engine could be reached", "check the url")
    assert not file.exists()


def test_a_certificate_of_an_unknown_ca(rhevmig_command: Commands, tmp_path: Path) -> None:
    """TLS is verified: the line says where the CA is to be had."""
    pair = tmp_path / "pair.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pair)
    tls = testing.Tls(cert_file=str(pair), key_file=str(pair))
    with served_lab(tls=tls) as engine:
        result = rhevmig_command("snapshot", environ=login(engine.url))
        assert engine.requests == ()
    assert result.code == 1
    result.assert_one_clear_line("certificate", "pki-resource", "OVIRT_CAFILE")


def test_a_ca_file_that_is_not_there(rhevmig_command: Commands, tmp_path: Path) -> None:
    """A misspelt CA file is bad input, named by its path."""
    missing = tmp_path / "no-ca.pem"
    result = rhevmig_command(
        "snapshot", environ=login("https://localhost/ovirt-engine/api", OVIRT_CAFILE=str(missing))
    )
    assert result.code == 2
    result.assert_one_clear_line(str(missing))


def test_a_wrong_password_is_tried_once(rhevmig_command: Commands) -> None:
    """Accounts lock, so there is one login and no retry."""
    with served_lab() as engine:
        result = rhevmig_command("snapshot", environ=login(engine.url, OVIRT_PASSWORD="wrong"))
        tries = [request for request in engine.requests if "/sso/oauth/token" in request.path]
    assert result.code == 1
    assert len(tries) == 1
    assert "wrong" not in result.err.replace("Cannot", "")
    result.assert_one_clear_line("refuses the login", "admin@internal")


def test_no_password_and_nobody_to_ask(rhevmig_command: Commands) -> None:
    """Without a terminal a missing password is bad input, not a prompt that hangs."""
    environ = login("https://localhost/ovirt-engine/api")
    del environ["OVIRT_PASSWORD"]
    result = rhevmig_command("snapshot", environ=environ)
    assert result.code == 2
    result.assert_one_clear_line("password")


PERSONALITIES = {
    "no-role": ("role",),
    "api-v3": ("API v4",),
    "proxy": ("does not answer as an oVirt engine",),
    "web-server": ("does not answer as an oVirt engine",),
}


@pytest.mark.parametrize("personality", PERSONALITIES)
def test_what_is_no_engine_is_recognised_and_named(rhevmig_command: Commands, personality: str) -> None:
    """An account without a role, RHEV 3.x, a proxy's page, a plain web server: each has its own sentence."""
    with served_lab(faults=personality) as engine:
        result = rhevmig_command("snapshot", environ=login(engine.url))
    assert result.code == 1
    result.assert_one_clear_line(*PERSONALITIES[personality])


def test_a_wrong_path_on_a_real_engine(rhevmig_command: Commands) -> None:
    """The path is said to be wrong, and what it usually is."""
    with served_lab() as engine:
        result = rhevmig_command("snapshot", environ=login(engine.url.replace("/api", "/rest")))
    assert result.code == 1
    result.assert_one_clear_line("/ovirt-engine/api")


ANSWERS = {
    "html with status 200": Fault(kind="html", path="/api/vms*"),
    "xml cut in the middle": Fault(kind="cut-xml", path="/api/vms*"),
    "a page of a server error": Fault(kind="unavailable", path="/api/hosts*"),
    "a connection cut in the middle": Fault(kind="cut-connection", path="/api/vms*"),
}


@pytest.mark.parametrize("fault", ANSWERS)
def test_a_broken_answer_ends_the_reading_and_writes_nothing(
    rhevmig_command: Commands, tmp_path: Path, fault: str
) -> None:
    """Half an inventory is never saved as a whole one."""
    file = tmp_path / "dc.json"
    with served_lab(faults=[ANSWERS[fault]]) as engine:
        result = rhevmig_command("snapshot", file, environ=login(engine.url))
    assert result.code == 1
    result.assert_one_clear_line()
    assert not file.exists()


@pytest.mark.parametrize("kind", ["endless", "silent"])
def test_an_answer_that_never_ends(rhevmig_command: Commands, tmp_path: Path, kind: FaultKind) -> None:
    """One request may take so long and no longer, whether bytes drip in or none come at all."""
    file = tmp_path / "dc.json"
    with served_lab(faults=[Fault(kind=kind, path="/api/vms*")]) as engine:
        result = rhevmig_command("snapshot", file, "--timeout", "0.5", environ=login(engine.url))
    assert result.code == 1
    result.assert_one_clear_line("no answer in time")
    assert not file.exists()


def test_a_token_that_expires_in_the_middle(rhevmig_command: Commands, tmp_path: Path) -> None:
    """With a password the session is renewed once and the reading goes on."""
    file = tmp_path / "dc.json"
    with served_lab(faults=[Fault(kind="expired", path="/api/vms*", times=1)]) as engine:
        result = rhevmig_command("snapshot", file, environ=login(engine.url))
    assert result.code == 0, result.err
    assert json.loads(file.read_text())["inventory"]["vms"]


def cut(content: dict[str, object], text: str) -> str:
    return text[: len(text) // 2]


def newer(content: dict[str, object], text: str) -> str:
    return json.dumps({**content, "schema_version": 99})


def foreign(content: dict[str, object], text: str) -> str:
    return json.dumps({"format": "another-tool", "version": 3})


@pytest.mark.parametrize(
    ("damage", "words"), [(cut, ("not a readable snapshot",)), (newer, ("99",)), (foreign, ("format",))]
)
def test_a_snapshot_that_is_none(
    rhevmig_command: Commands,
    snapshot: Path,
    tmp_path: Path,
    damage: Callable[[dict[str, object], str], str],
    words: tuple[str, ...],
) -> None:
    """Cut in the middle, of a newer schema, of another tool: bad input, each with its own sentence."""
    text = snapshot.read_text()
    file = tmp_path / "damaged.json"
    file.write_text(damage(json.loads(text), text))
    result = rhevmig_command("check", "--snapshot", file)
    assert result.code == 2
    result.assert_one_clear_line(*words)


def test_an_unknown_vm(rhevmig_command: Commands, snapshot: Path) -> None:
    """The name is repeated, so that a typing mistake shows."""
    result = rhevmig_command("why", "web0l", "--snapshot", snapshot)
    assert result.code == 2
    result.assert_one_clear_line("web0l")


def test_a_name_that_two_data_centers_share(
    rhevmig_command: Commands, snapshot: Path, tmp_path: Path
) -> None:
    """The ids are listed, because only they tell the two apart."""
    content = json.loads(snapshot.read_text())
    first, second = content["inventory"]["vms"][:2]
    second["name"] = first["name"]
    file = tmp_path / "shared.json"
    file.write_text(json.dumps(content))
    result = rhevmig_command("why", first["name"], "--snapshot", file)
    assert result.code == 2
    result.assert_one_clear_line(first["id"], second["id"])


def test_a_report_that_cannot_be_written(rhevmig_command: Commands, snapshot: Path, tmp_path: Path) -> None:
    """A path below a file is no folder; what stands there stays as it is."""
    blocker = tmp_path / "file"
    blocker.write_text("mine")
    result = rhevmig_command("report", blocker / "report.html", "--snapshot", snapshot)
    assert result.code == 1
    result.assert_one_clear_line("cannot write")
    assert blocker.read_text() == "mine"


def test_a_folder_without_permission(rhevmig_command: Commands, snapshot: Path, tmp_path: Path) -> None:
    """A read-only folder: nothing half-written is left in it."""
    if os.geteuid() == 0:
        folder = Path("/proc/self")
    else:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
    result = rhevmig_command("report", folder / "report.html", "--snapshot", snapshot)
    assert result.code == 1
    result.assert_one_clear_line("cannot write")


def test_an_error_is_json_where_json_was_asked_for(rhevmig_command: Commands, snapshot: Path) -> None:
    """A program reads the same error, with its code, on stdout."""
    result = rhevmig_command("why", "nobody", "--snapshot", snapshot, "--json")
    assert json.loads(result.out)["error"] == "not-found"
    assert json.loads(result.out)["exit_code"] == result.code == 2


@pytest.mark.parametrize(
    "arguments", [("snapshot", "--bad"), ("nope",), ("why",), ("check", "--gate", "awful"), ("report",)]
)
def test_wrong_usage_is_one_line_that_names_the_help(
    rhevmig_command: Commands, arguments: tuple[str, ...]
) -> None:
    """Misspelt commands, options and values: exit code 2."""
    result = rhevmig_command(*arguments)
    assert result.code == 2
    result.assert_one_clear_line("--help")
