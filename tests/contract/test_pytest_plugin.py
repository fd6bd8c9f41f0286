"""The pytest plugin, run by pytest in a session of its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rhevmig import testing

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]

SITE_TEST = """
import time
import json, pycurl, pytest

URL = {url!r}

def asked(url, **options):
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url)
    for name, value in options.items():
        curl.setopt(getattr(pycurl, name), value)
    return curl.perform_rb().decode()

def names():
    form = "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=recorded"
    token = json.loads(asked(URL[:-4] + "/sso/oauth/token", POSTFIELDS=form))["access_token"]
    found = asked(URL + "/datacenters", HTTPHEADER=["Authorization: Bearer " + token])
    asked(URL[:-4] + "/services/sso-logout", POSTFIELDS="token=" + token)
    return found

def test_fixture(engine_cassette):
    assert "tulsa" in names()

@pytest.mark.cassette
def test_marker():
    time.sleep({sleep})
    assert "oslo" in names()

class TestGroup:
    @pytest.mark.cassette("shared/group.yaml")
    @pytest.mark.parametrize("which", ["a/b"])
    def test_named(self, which):
        assert names()
"""


@pytest.fixture
def site(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[pytest.Pytester, testing.RecordedEngine]]:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # Named above instead of found by its entry point: so it is found once, installed or not.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    with testing.serve(ROOT / "cassettes" / "recorded-engine") as engine:
        pytester.makepyfile(test_site=SITE_TEST.format(url=engine.url, sleep=0))
        yield pytester, engine


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "rhevmig.testing.pytest_plugin", *options)


def test_record_once_then_replay_without_a_network(
    site: tuple[pytest.Pytester, testing.RecordedEngine],
) -> None:
    """The first run records beside the tests, the second replays with the engine gone, without waiting."""
    pytester, engine = site
    recorded = run(pytester)
    recorded.assert_outcomes(passed=3)
    written = sorted(str(path.relative_to(pytester.path)) for path in pytester.path.rglob("*.yaml"))
    assert written == [
        "cassettes/test_site/test_fixture.yaml",
        "cassettes/test_site/test_marker.yaml",
        "shared/group.yaml",
    ]
    recorded.stdout.fnmatch_lines(
        ["*cassettes/test_site/test_fixture.yaml: 3 recorded, engine unknown, 0 days old"]
    )
    engine.stop()
    pytester.makepyfile(test_site=SITE_TEST.format(url=engine.url, sleep=3600))
    replayed = run(pytester, "--record-cassettes=none")
    replayed.assert_outcomes(passed=3)
    replayed.stdout.fnmatch_lines(["*test_marker.yaml: 3 of 3 replayed, *"])


def test_ci_replays_only(
    site: tuple[pytest.Pytester, testing.RecordedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where CI is set, a missing cassette fails and nothing is recorded."""
    pytester, engine = site
    monkeypatch.setenv("CI", "true")
    missing = run(pytester)
    missing.assert_outcomes(errors=3)
    missing.stdout.fnmatch_lines(["*no such cassette*"])
    assert engine.requests == ()
    assert not list(pytester.path.rglob("*.yaml"))


def test_record_all_records_anew(site: tuple[pytest.Pytester, testing.RecordedEngine]) -> None:
    """`all` asks the engine again and replaces what was there."""
    pytester, engine = site
    run(pytester)
    before = len(engine.requests)
    run(pytester, "--record-cassettes=all").assert_outcomes(passed=3)
    assert len(engine.requests) == 2 * before
    run(pytester, "--record-cassettes=none").assert_outcomes(passed=3)


def test_unused_interactions_are_reported(site: tuple[pytest.Pytester, testing.RecordedEngine]) -> None:
    """What a test no longer asks for is named at the end of the session, also under xdist."""
    pytester, engine = site
    run(pytester, "-k", "fixture")
    pytester.makepyfile(test_site="def test_fixture(engine_cassette):\n    pass\n")
    for options in ((), ("-p", "xdist", "-n", "1")):
        lazy = run(pytester, *options)
        lazy.assert_outcomes(passed=1)
        lazy.stdout.fnmatch_lines(
            ["*test_fixture.yaml: 0 of 3 replayed*", f"*not requested: GET {engine.url}/datacenters"]
        )


def test_an_unrecorded_request_fails_the_test(site: tuple[pytest.Pytester, testing.RecordedEngine]) -> None:
    """A replayed test that asks for more fails with what comes closest."""
    pytester, _ = site
    run(pytester, "-k", "fixture")
    text = SITE_TEST.replace('"/datacenters"', '"/datacenters?max=9"')
    pytester.makepyfile(test_site=text.format(url="http://other.example/ovirt-engine/api", sleep=0))
    failed = run(pytester, "-k", "fixture")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines(["*{'max': '9'} here, {} recorded*"])


REFUSED = """
import socket, pytest, pycurl
from pycurl import Curl

def test_sockets(engine_cassette):
    for address in (("127.0.0.1", {port}), ("192.0.2.1", 80)):
        with socket.socket() as connection, pytest.raises(Exception, match="was refused: this test replays"):
            connection.connect(address)
        with socket.socket() as connection, pytest.raises(Exception, match="was refused: this test replays"):
            connection.connect_ex(address)

def test_libcurl(engine_cassette):
    curl = Curl()  # libcurl's own: imported before the cassette
    curl.setopt(pycurl.URL, {url!r})
    with pytest.raises(pycurl.error, match="refused-while-replaying"):
        curl.perform()

def test_local_sockets_are_fine(engine_cassette):
    one, other = socket.socketpair()
    one.close(), other.close()

@pytest.mark.cassette(network=True)
def test_network_on_request():
    with socket.create_connection(("127.0.0.1", {port})):
        pass
"""


def test_network_is_refused_in_python_and_in_libcurl(
    site: tuple[pytest.Pytester, testing.RecordedEngine],
) -> None:
    """While replaying, sockets of Python and handles of libcurl alike are refused; outside they work."""
    pytester, engine = site
    port = int(engine.url.split(":")[2].partition("/")[0])
    names = ("test_sockets", "test_libcurl", "test_local_sockets_are_fine", "test_network_on_request")
    folder = pytester.path / "cassettes" / "test_refused"
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.yaml").write_text("version: 1\ninteractions: []\n")
    pytester.makepyfile(test_refused=REFUSED.format(url=engine.url, port=port))
    run(pytester, "test_refused.py").assert_outcomes(passed=4)
    assert [one for one in engine.requests if one.method] == []


def test_loading_the_plugin_loads_nothing_else() -> None:
    """A session without cassettes pays for neither vcrpy nor pycurl, and never for the rest of rhevmig."""
    code = (
        "import sys, rhevmig.testing.pytest_plugin as plugin, rhevmig.testing as testing\n"
        "print(sorted(name for name in sys.modules if name.startswith('rhevmig')))\n"
        "print([name for name in ('vcr', 'pycurl', 'yaml', 'msgspec', 'ovirtsdk4') if name in sys.modules])\n"
        "testing.cassette, testing.vcr, testing.serve\n"
        "print(sorted({name.split('.')[1] for name in sys.modules if name.startswith('rhevmig.')}))\n"
        "print('ovirtsdk4' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded, heavy, rooms, sdk = done.stdout.splitlines()
    words = {"rhevmig", "rhevmig._version", "rhevmig.errors"}
    assert set(ast.literal_eval(loaded)) - words == {"rhevmig.testing", "rhevmig.testing.pytest_plugin"}
    assert (heavy, sdk) == ("[]", "False")
    assert set(ast.literal_eval(rooms)) == {"_version", "errors", "files", "recordings", "testing"}
