"""`rhevmig cassette record | show | scrub | serve`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import ovirtsdk4 as sdk
import pytest
import yaml
from typer.testing import CliRunner

from rhevmig import testing
from rhevmig.cli.commands.cassette import app
from rhevmig.errors import CassetteError, InvalidArgument
from rhevmig.testing.record import record_command

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "cassettes" / "recorded-engine"
ACTS = ROOT / "cassettes" / "engine-acts"
SITE = "import sys; sys.path.insert(0, {root!r}); from rhevmig.cli.commands.cassette import app; app()"

PROGRAM = """
import os, sys, ovirtsdk4 as sdk

def connect():
    return sdk.Connection(
        url=sys.argv[1], username="admin@internal", password="Tr0ub4dor&3-recorded", timeout=20
    )

connection = connect()
connection.system_service().get()
pid = os.fork()
if pid == 0:
    connect().system_service().data_centers_service().list()
    os._exit(0)
os.waitpid(pid, 0)
connection.close()
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path / "program.py"


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_record_any_command(program: Path, tmp_path: Path) -> None:
    """Every Python process of the command is recorded, also one that ends without telling; it replays."""
    file = tmp_path / "out.yaml"
    with testing.serve(ENGINE, password="Tr0ub4dor&3-recorded") as engine:
        command = [sys.executable, str(program), engine.url, "0"]
        done = record_command(file, command, environment=environment())
        url = engine.url
    assert (done.exit_code, done.exchanges) == (0, 5)
    assert b"Tr0ub4dor" not in file.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == ["out.yaml"]
    with testing.cassette(file, record_mode="none") as played:
        connection = sdk.Connection(url=url, username="admin@internal", password="any")
        assert connection.system_service().get().product_info.version.full_version.startswith("4.5.8")
        connection.authenticate()
        connection.close()
        other = sdk.Connection(url=url, username="admin@internal", password="any")
        assert len(other.system_service().data_centers_service().list()) == 5
        assert played.all_played


def test_record_tells_when_the_command_fails(program: Path, tmp_path: Path) -> None:
    """The cassette is written all the same; the exit code is 1 and the command's own code is told."""
    with testing.serve(ENGINE, password="Tr0ub4dor&3-recorded") as engine:
        code, _, said = invoke("record", tmp_path / "out.yaml", "--", sys.executable, program, engine.url, 7)
    assert code == 1
    assert "5 exchanges recorded" in said
    assert "ended with 7" in said


def test_record_refuses_to_write_over(tmp_path: Path) -> None:
    """An existing cassette needs --replace; a command that asks nothing or does not exist leaves no file."""
    file = tmp_path / "out.yaml"
    file.write_text("precious")
    with pytest.raises(CassetteError, match="exists already"):
        invoke("record", file, "--", sys.executable, "-c", "pass")
    with pytest.raises(CassetteError, match="nothing was recorded"):
        invoke("record", file, "--replace", "--", sys.executable, "-c", "pass")
    with pytest.raises(CassetteError, match="cannot be started"):
        invoke("record", tmp_path / "new.yaml", "--", tmp_path / "no-such-command")
    assert file.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.yaml"]


def test_the_recorded_interpreter_starts_without_a_message(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The start-up module prints nothing, with a module `sitecustomize` of the site and without one."""
    for site in (False, True):
        if site:
            (tmp_path / "sitecustomize.py").write_text("import sys; print('site', file=sys.stderr)")
        environ = {**environment(), "PYTHONPATH": str(tmp_path)}
        with pytest.raises(CassetteError, match="nothing was recorded"):
            record_command(tmp_path / "out.yaml", [sys.executable, "-c", "pass"], environment=environ)
        assert capfd.readouterr().err == ("site\n" if site else "")


def test_the_engines_version_is_that_of_the_api(tmp_path: Path) -> None:
    """Versions of guests and hosts are not the engine's, nor is one of the metadata."""
    guest = "<vm><guest_operating_system><kernel><version><full_version>5.14.0</full_version></version></kernel></guest_operating_system></vm>"  # noqa: E501
    api = "<api><product_info><version><full_version>4.5.8</full_version></version></product_info></api>"
    both = [("vms/1", guest), ("", api)]
    for found, version in ((both[:1], None), (both, "4.5.8")):
        interactions = [
            {
                "request": {"method": "GET", "uri": f"https://e/ovirt-engine/api/{path}", "headers": {}},
                "response": {"status": {"code": 200}, "headers": {}, "body": {"string": body}},
            }
            for path, body in found
        ]
        document = {"version": 1, "interactions": interactions, "metadata": {"engine_version": "5.14.0"}}
        (tmp_path / "a.yaml").write_text(yaml.safe_dump(document))
        _, text, _ = invoke("show", tmp_path / "a.yaml", "--json")
        assert json.loads(text)["engine_version"] == version


def test_show_summarises() -> None:
    """Exchanges folded, engine version, age, and in --json the same as data."""
    code, text, _ = invoke("show", ACTS / "migrate-unnamed.yaml.xz")
    assert code == 0
    assert "24 exchanges" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["POST", "/api/vms/445712cd…/migrate?correlation_id=rec-unnamed-095b4751", "200"] in rows
    _, text, _ = invoke("show", ENGINE / "10-crawl.json.xz", "--json")
    told = json.loads(text)
    assert (told["exchanges"], told["secrets"], told["servers"]) == (942, [], ["engine.lab.example"])
    assert told["engine_version"].startswith("4.5.8")
    assert told["recorded_at"].startswith("2026-11-23")


def test_show_finds_secrets_and_scrub_hides_them(tmp_path: Path) -> None:
    """Exit 3 and the place, not the value; after scrub it is clean and says so."""
    file = tmp_path / "site.yaml"
    request = {"method": "GET", "uri": "http://e/ovirt-engine/api", "body": None,
               "headers": {"Authorization": ["Bearer abcdefgh-12345678"]}}  # fmt: skip
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "<api/>"}}
    file.write_text(
        yaml.safe_dump({"version": 1, "interactions": [{"request": request, "response": response}]})
    )
    code, _, said = invoke("show", file)
    assert code == 3
    assert "exchange 1, request header Authorization" in said
    _, _, said = invoke("scrub", file, "--output", tmp_path / "clean.yaml", "--key", "a phrase")
    assert "1 secrets hidden" in said
    assert invoke("show", tmp_path / "clean.yaml")[0] == 0
    assert "abcdefgh" not in (tmp_path / "clean.yaml").read_text()
    assert "abcdefgh" in file.read_text()
    assert json.loads(invoke("scrub", file, "--json")[1])["hidden"][0]["exchange"] == 1


@pytest.mark.parametrize("content", ["<host><root_password>abcdefgh-1234", '{"password": "abcdefgh-1234'])
def test_a_body_that_cannot_be_searched_is_never_called_clean(tmp_path: Path, content: str) -> None:
    """Exit code 4 and the place, in `--json` too; scrub names the body as well."""
    file = tmp_path / "site.yaml"
    request = {"method": "GET", "uri": "http://e/ovirt-engine/api", "body": None, "headers": {}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": content}}
    file.write_text(
        yaml.safe_dump({"version": 1, "interactions": [{"request": request, "response": response}]})
    )
    _, _, said = invoke("scrub", file)
    assert "not searched: exchange 1, response body: " in said
    assert "abcdefgh" not in file.read_text()
    code, _, said = invoke("show", file)
    assert code == 4
    assert "not searched: exchange 1, response body: " in said
    code, text, _ = invoke("show", file, "--json")
    assert code == 4
    assert [one["place"] for one in json.loads(text)["unsearched"]] == ["response body"]


def test_scrub_counts_what_pseudonyms_replaced(tmp_path: Path) -> None:
    """A name that occurs only in a search is replaced and counted."""
    file = tmp_path / "site.yaml"
    uri = "https://engine.corp.example/ovirt-engine/api/vms?search=cluster%3Dtulsa-amd"
    request = {"method": "GET", "uri": uri, "body": None, "headers": {}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "<vms/>"}}
    file.write_text(
        yaml.safe_dump({"version": 1, "interactions": [{"request": request, "response": response}]})
    )
    _, _, said = invoke("scrub", file, "--pseudonyms")
    assert "0 secrets hidden, 2 names and addresses replaced" in said
    assert "tulsa" not in file.read_text()
    assert "corp" not in file.read_text()


def test_serve_prints_its_url_when_it_listens(tmp_path: Path) -> None:
    """The URL is the first line and works at once; the end is quiet, whichever signal asks for it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen(
            [sys.executable, "-c", SITE.format(root=str(ROOT)), "serve", str(ENGINE), "--print-url"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        ) as server:  # fmt: skip
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            connection = sdk.Connection(url=url, username="admin@internal", password="recorded")
            assert len(connection.system_service().hosts_service().list()) == 12
            connection.close()
            server.send_signal(number)
            assert server.wait(20) == 0
            assert "Traceback" not in server.communicate()[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.yaml"], "no such file"),
        ([str(ENGINE), "--trouble", "nonsense"], "no-role or api-v3"),
        ([str(ENGINE), "--cert", "x"], "together"),
        ([str(ENGINE), "--host", "192.0.2.77"], "cannot be served"),
    ],
)
def test_serve_bad_input(arguments: list[str], says: str) -> None:
    """Each is one clear line."""
    with pytest.raises((CassetteError, InvalidArgument), match=says):
        invoke("serve", *arguments)
