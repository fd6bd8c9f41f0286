"""The recorded engine over a real socket, read by the real SDK over the real libcurl."""

from __future__ import annotations

import gzip
import html
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import ovirtsdk4 as sdk
import pytest

from rhevmig.errors import CassetteError
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.testing import Fault, RecordedEngine, serve
from rhevmig.testing.replay import ReceivedRequest, Replay

CASSETTES = Path(__file__).parents[2] / "cassettes"
ENGINE = CASSETTES / "recorded-engine"


@pytest.fixture(scope="module")
def engine() -> Iterator[RecordedEngine]:
    with serve(ENGINE) as running:
        yield running


def connect(engine: RecordedEngine, **changes: object) -> sdk.Connection:
    """The vendor's SDK, logged in unless told otherwise."""
    wanted = {"username": "admin@internal", "password": "recorded", "timeout": 20, **changes}
    return sdk.Connection(url=engine.url, **wanted)


def test_sdk_reads_lists_and_logs_out(engine: RecordedEngine) -> None:
    """Login, a followed list and the logout work as with an engine; each request is on record."""
    engine.forget_requests()
    connection = connect(engine)
    hosts = connection.system_service().hosts_service().list(max=10000, follow="nics")
    connection.close()
    assert len(hosts) == 12
    assert all(host.nics for host in hosts if host.name.startswith("kvm"))
    asked = [(one.method, one.path.rpartition("/")[2], one.status) for one in engine.requests]
    assert asked == [("POST", "token", 200), ("GET", "hosts", 200), ("POST", "sso-logout", 200)]


@pytest.mark.parametrize(
    ("user", "says"),
    [("admin@internal", "Unable to log in"), ("admin", "'admin@N/A': No valid profile"),
     ("admin@nowhere", "No valid profile")],
)  # fmt: skip
def test_a_recorded_refusal_of_a_login_is_replayed(user: str, says: str) -> None:
    """Another user or password gets what the engine answered to that user."""
    refusals = CASSETTES / "engine-acts" / "login-refused.yaml.xz"
    with serve(refusals) as engine, pytest.raises(sdk.AuthError, match=says):
        connect(engine, username=user, password="wrong").authenticate()


def test_a_login_that_was_not_recorded_is_refused(engine: RecordedEngine) -> None:
    """The password is checked."""
    with pytest.raises(sdk.AuthError, match="Unable to log in"):
        connect(engine, password="wrong").authenticate()


def test_plain_http_clients_get_gzip_and_keep_alive(engine: RecordedEngine) -> None:
    """One connection carries several requests; bodies are compressed when the client takes it."""
    netloc = urllib.parse.urlsplit(engine.url).netloc
    client = http.client.HTTPConnection(netloc)
    form = urllib.parse.urlencode(
        {
            "grant_type": "password",
            "scope": "ovirt-app-api",
            "username": "admin@internal",
            "password": "recorded",
        }
    )
    client.request("POST", "/ovirt-engine/sso/oauth/token", body=form)
    token = json.loads(client.getresponse().read())["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    client.request("GET", "/ovirt-engine/api/vms", headers=headers)
    answer = client.getresponse()
    assert answer.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(answer.read()).endswith(b"</vms>\n")
    client.request("HEAD", "/ovirt-engine/api/vms", headers=headers)
    assert client.getresponse().read() == b""
    client.request("GET", "/ovirt-engine/services/health")
    assert client.getresponse().read() == b"DB Up!Welcome to Health Status!"
    client.close()


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [({}, "/ovirt-engine/api", 401), ({"Authorization": "Bearer bad"}, "/ovirt-engine/api", 401),
     ({}, "/ovirt-engine/nonsense", 404), ({}, "/", 404), ({}, "/ovirt-engine", 200)],
)  # fmt: skip
def test_pages_where_no_api_is(
    engine: RecordedEngine, headers: dict[str, str], path: str, status: int
) -> None:
    """No token, a bad token and wrong paths get pages, not XML, as on a real engine's host."""
    client = http.client.HTTPConnection(urllib.parse.urlsplit(engine.url).netloc)
    client.request("GET", path, headers=headers)
    answer = client.getresponse()
    assert (answer.status, (answer.getheader("Content-Type") or "")[:9]) == (status, "text/html")
    answer.read()
    client.close()


@pytest.mark.parametrize(
    ("target", "closest"),
    [
        ("hosts?follow=nics,tags&max=10000", "closest: GET /ovirt-engine/api/hosts?follow="),
        ("vms?search=status%3Ddown", "search is status=down, recorded status=up"),
        ("vmss", "closest: GET /ovirt-engine/api/vms"),
        ("vms?max=3", "max is 3, recorded absent"),
    ],
)
def test_what_was_not_recorded_names_the_closest_request(
    engine: RecordedEngine, target: str, closest: str
) -> None:
    """Nothing is composed: 501, with what was recorded instead and how it differs."""
    token = connect(engine).authenticate()
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{engine.url}/{target}", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.code == 501
        assert closest in html.unescape(answer.read().decode())


def test_acts_are_replayed_and_never_composed(engine: RecordedEngine) -> None:
    """A recorded act gets its recorded answer; another one is refused."""
    vm = "445712cd-372d-4c78-b8a7-d4a78b918cd9"
    cassette = CASSETTES / "engine-acts" / "migrate-unnamed.yaml.xz"
    with serve(cassette, ignore_query=["correlation_id"]) as moving:
        service = connect(moving).system_service().vms_service().vm_service(vm)
        service.migrate(query={"correlation_id": "mine"})
        seen = [service.get().status.value for _ in range(6)]
    assert seen == ["migrating", "migrating", "migrating", "up", "up", "up"]
    with pytest.raises(sdk.Error, match="not recorded: POST") as refused:
        connect(engine).system_service().vms_service().vm_service(vm).migrate()
    assert refused.value.code == 501


@pytest.mark.parametrize("name", ["administrator", "administrator-974-vms"])
def test_every_recorded_exchange_is_replayed_as_it_was(name: str) -> None:
    """Status, headers and body of each answer, in the recorded order."""
    exchanges = read_cassette(CASSETTES / "snapshots" / f"{name}.json.xz")
    replay = Replay([exchanges])
    for exchange in exchanges:
        request = ReceivedRequest(
            method=exchange.method,
            target=exchange.target,
            headers=exchange.request_headers,
            body=exchange.request_body or b"",
        )
        found = replay.answer(request)
        assert (found.status, found.reason, found.body) == (exchange.status, exchange.reason, exchange.body)
        kept = [pair for pair in exchange.headers if not pair[0].startswith("X-Recorded-")]
        assert list(found.headers) == kept


def test_shifted_time_is_the_present(engine: RecordedEngine) -> None:
    """`/api` tells the given instant when asked to, the recorded one otherwise."""
    present = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
    with serve(ENGINE, now=lambda: present) as shifted:
        assert connect(shifted).system_service().get().time == present
    assert connect(engine).system_service().get().time.year == 2026


def test_expired_token_is_replaced_by_a_new_login() -> None:
    """After n requests the token is dead once; the SDK logs in again and gets its answer."""
    with serve(ENGINE, faults=[Fault(kind="expired", skip=2, times=1)]) as engine:
        service = connect(engine).system_service()
        names = [len(service.data_centers_service().list()) for _ in range(4)]
        assert names == [5, 5, 5, 5]
        logins = [one for one in engine.requests if one.path.endswith("/token")]
        assert len(logins) == 2


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("cut-xml", "."),
        ("cut-connection", "18,"),
        ("html", "content type"),
        ("unavailable", "content type"),
        ("endless", "28,"),
        ("silent", "28,"),
        ("reset", "56,|35,"),
        ("empty", "52,"),
        ("unauthorized", "content type"),
        ("api-v3", "content type"),
        ("proxy-page", "content type"),
        ("web-server", "content type"),
    ],
)
def test_faults_reach_the_client_as_libcurl_tells_them(fault: str, says: str) -> None:
    """Each kind of trouble arrives as the error a real one would give."""
    with serve(ENGINE, faults=[Fault(kind=fault, path="/api/vms*")]) as engine:
        service = connect(engine, timeout=1).system_service()
        with pytest.raises(Exception, match=says):  # the SDK raises a bare Exception on cut XML
            service.vms_service().list()


@pytest.mark.parametrize("name", ["api-v3", "proxy", "web-server", "restarting"])
def test_personalities_let_nobody_in(name: str) -> None:
    """Servers that are no engine fail at the login already."""
    with serve(ENGINE, faults=name) as engine, pytest.raises(sdk.Error):
        connect(engine).system_service().get()


def test_earlier_cassettes_hide_later_ones() -> None:
    """A cassette of another account stands in front of the crawl, which has what it lacks."""
    with serve([CASSETTES / "roles" / "operator.json.xz", ENGINE]) as engine:
        service = connect(engine).system_service()
        assert len(service.vms_service().list()) == 8
        assert service.options_service().option_service("DefaultMTU").get().values[0].value == "1500"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.yaml", None, "no such file"),
        ("empty.yaml", b"", "empty"),
        ("cut.yaml", b"interactions:\n- request:", "cut"),
        ("other.yaml", b"a: 1\n", "not a cassette"),
        ("old.yaml", b"- request: {}\n", "before version 1"),
        ("cut.json.xz", b"\xfd7zXZ\x00", "cannot be read"),
        ("hurt.json", b'{"version":1,"interactions":[{}]}', "exchange 1"),
    ],
)
def test_unreadable_cassettes(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    """Each bad file is one clear line naming the file."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CassetteError, match=says) as bad, serve(tmp_path / name):
        pass
    assert name in str(bad.value)


def test_a_folder_without_cassettes(tmp_path: Path) -> None:
    """An empty folder is an error, not an engine without anything."""
    with pytest.raises(CassetteError, match="has no cassette"), serve(tmp_path):
        pass
