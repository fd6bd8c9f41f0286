"""The recorded engine over a real socket, read by the real SDK over the real libcurl."""

from __future__ import annotations

import gzip
import http.client
import json
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import ovirtsdk4 as sdk
import pytest

from rhevmig.errors import CassetteError
from rhevmig.testing import Fault, RecordedEngine, serve

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
    hosts = connection.system_service().hosts_service().list(max=100, follow="nics,networkattachments")
    connection.close()
    assert len(hosts) == 12
    assert all(host.nics for host in hosts if host.name.startswith("kvm"))
    asked = [(one.method, one.path.rpartition("/")[2], one.status) for one in engine.requests]
    assert asked == [("POST", "token", 200), ("GET", "hosts", 200), ("POST", "sso-logout", 200)]


@pytest.mark.parametrize(
    ("user", "password", "says"),
    [("admin@internal", "wrong", "Unable to log in"), ("admin", "recorded", "'admin@N/A': No valid profile"),
     ("admin@nowhere", "recorded", "No valid profile")],
)  # fmt: skip
def test_wrong_login_is_refused_in_the_engines_words(
    engine: RecordedEngine, user: str, password: str, says: str
) -> None:
    """The password is checked, and the refusal reads as recorded."""
    with pytest.raises(sdk.AuthError, match=says):
        connect(engine, username=user, password=password).authenticate()


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


def test_acts_are_refused_with_a_fault(engine: RecordedEngine) -> None:
    """A recording does not migrate: the fault says that it is read-only."""
    connection = connect(engine)
    vms = connection.system_service().vms_service()
    with pytest.raises(sdk.Error, match="Read-only") as refused:
        vms.vm_service(vms.list(search="name=app01")[0].id).migrate()
    assert refused.value.code == 501
    connection.close()


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


def test_an_account_without_permission_gets_401_everywhere() -> None:
    """The recording of `nobody` says 401 to each call, also to those it never recorded."""
    with serve(CASSETTES / "roles" / "nobody.json.xz", username="nobody@internal") as engine:
        service = connect(engine, username="nobody@internal").system_service()
        with pytest.raises(sdk.Error, match="content type"):
            service.vms_service().list()
        assert {one.status for one in engine.requests if "/api" in one.path} == {401}


def test_operator_sees_what_was_recorded_and_is_refused_the_rest() -> None:
    """What the operator may not read is refused in the engine's words, for unrecorded siblings too."""
    with serve(CASSETTES / "roles" / "operator.json.xz", username="operator@internal") as engine:
        service = connect(engine, username="operator@internal").system_service()
        assert len(service.vms_service().list(follow="nics,diskattachments", max=1000)) == 8
        with pytest.raises(sdk.Error, match="insufficient permissions"):
            service.hosts_service().list(follow="nics", max=1000)


def test_scale_recording_serves_its_919_vms() -> None:
    """The big recording stands in front of the crawl, which fills what it lacks."""
    with serve([CASSETTES / "scale" / "920-vms.json.xz", ENGINE]) as engine:
        service = connect(engine).system_service()
        assert len(service.vms_service().list(max=1000)) == 919
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
