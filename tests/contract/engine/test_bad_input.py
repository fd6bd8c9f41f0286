"""Whatever stands at the address, however it breaks: one error of our tree, one line, a remedy."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import trustme
from contract.engine.conftest import connected

import rhevmig
from rhevmig.clock import ManualClock, SystemClock
from rhevmig.errors import (
    AuthenticationFailed,
    CertificateUntrusted,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    EngineUnreachable,
    InvalidArgument,
    NotAnEngine,
    PermissionDenied,
    RhevmigError,
)
from rhevmig.testing import Fault, RecordedEngine, Tls
from tests.recorded import served_lab

SHORT_S = 1.0
ADMIN = {"username": "admin@internal", "password": "recorded", "environ": {}}


def refused(engine: RecordedEngine, **changes: object) -> RhevmigError:
    """The error of connecting and reading; waits of retries are skipped, but not those for an answer."""
    clock = SystemClock() if changes.get("timeout_s") == SHORT_S else ManualClock()
    with pytest.raises(RhevmigError) as caught, connected(engine, clock=clock, **changes) as client:
        client.inventory()
    assert "\n" not in caught.value.message
    assert "recorded" not in str(caught.value).replace("recorded-engine", "")
    return caught.value


def test_no_server() -> None:
    """A port where nobody listens is unreachable, and said with the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(EngineUnreachable, match=f"127.0.0.1:{port}") as caught:
        rhevmig.connect(f"http://127.0.0.1:{port}", **ADMIN)
    assert "port" in caught.value.remedy


def test_no_such_name() -> None:
    """A name that nobody resolves is unreachable."""
    with pytest.raises(EngineUnreachable, match=r"engine\.invalid"):
        rhevmig.connect("https://engine.invalid", **ADMIN)


def test_tls_where_there_is_none(recorded: RecordedEngine) -> None:
    """TLS to a port that speaks plain HTTP is unreachable, not a traceback."""
    with pytest.raises(EngineUnreachable, match="TLS"):
        rhevmig.connect(recorded.url.replace("http:", "https:"), **ADMIN)


@pytest.mark.parametrize(
    ("personality", "error", "words"),
    [
        ("no-role", PermissionDenied, "has no role"),
        ("api-v3", NotAnEngine, "as RHEV 3.x does"),
        ("proxy", NotAnEngine, "sign in to the proxy"),
        ("web-server", NotAnEngine, "was not found on this server"),
        ("restarting", EngineUnavailable, "503"),
        ("never-ending", EngineTimeout, "no answer in time"),
    ],
)
def test_what_stands_there_is_recognised(personality: str, error: type[EngineError], words: str) -> None:
    """No role, RHEV 3.x, a proxy, a web server, a restart, an endless answer: each by its name."""
    with served_lab(faults=personality) as engine:
        found = refused(engine, **({"timeout_s": SHORT_S} if error is EngineTimeout else {}))
    assert type(found) is error
    assert words in found.message
    assert found.remedy


@pytest.mark.parametrize("path", ["/ovirt-engine/api/nothing", "/nothing"])
def test_a_wrong_path(recorded: RecordedEngine, path: str) -> None:
    """A wrong path on the engine's own host is told with the path that is usual."""
    url = recorded.url.replace("/ovirt-engine/api", path)
    with pytest.raises(NotAnEngine) as caught:
        rhevmig.connect(url, **ADMIN)
    assert "/ovirt-engine/api" in caught.value.remedy


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("cut-xml", EngineUnavailable),
        ("cut-connection", EngineUnreachable),
        ("html", EngineUnavailable),
        ("unavailable", EngineUnavailable),
        ("endless", EngineTimeout),
        ("silent", EngineTimeout),
        ("reset", EngineUnreachable),
        ("empty", EngineUnreachable),
        ("unauthorized", AuthenticationFailed),
        ("expired", AuthenticationFailed),
    ],
)
def test_one_list_that_keeps_failing(
    kind: str, error: type[EngineError], capfd: pytest.CaptureFixture[str]
) -> None:
    """However one list fails for good, its error is of the right class, and nothing is printed."""
    with served_lab(faults=[Fault(kind=kind, path="/api/vms")]) as engine:
        assert type(refused(engine, **({"timeout_s": SHORT_S} if error is EngineTimeout else {}))) is error
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["cut-xml", "cut-connection", "unavailable", "reset", "empty", "expired"])
def test_one_list_that_fails_once(kind: str) -> None:
    """A list that fails in passing is read again, and the inventory is whole."""
    with (
        served_lab(faults=[Fault(kind=kind, path="/api/vms", times=1)]) as engine,
        connected(engine, clock=ManualClock()) as client,
    ):
        assert len(client.inventory().vms) == 21


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, "Unable to log in"),
        ({"username": "nobody@internal"}, "Unable to log in"),
        ({"username": "admin"}, "No valid profile"),
    ],
)
def test_a_refused_login_is_tried_once(recorded: RecordedEngine, changes: dict[str, str], words: str) -> None:
    """A wrong password or user is sent exactly once, since accounts lock."""
    recorded.forget_requests()
    found = refused(recorded, **changes)
    assert type(found) is AuthenticationFailed
    assert words in found.message
    assert [request.path for request in recorded.requests] == ["/ovirt-engine/sso/oauth/token"]


@pytest.mark.parametrize("kind", ["html", "cut-xml", "unauthorized", "reset", "endless"])
def test_a_login_service_that_is_none(kind: str) -> None:
    """Whatever answers instead of the login service, the password is sent no second time."""
    with served_lab(faults=[Fault(kind=kind, path="/sso*")]) as engine:
        assert isinstance(refused(engine, timeout_s=SHORT_S), EngineError)
        logins = [request for request in engine.requests if "/sso/" in request.path]
    assert len(logins) == 1


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate for 127.0.0.1 by a CA that no system knows."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    return Tls(
        cert_file=str(folder / "cert.pem"), key_file=str(folder / "key.pem"), ca_file=str(folder / "ca.pem")
    )


@pytest.fixture(scope="module")
def secured(tls: Tls) -> RecordedEngine:
    with served_lab(tls=tls) as engine:
        yield engine


def test_tls_is_verified_by_default(secured: RecordedEngine) -> None:
    """An unknown CA is refused, with the address where the engine offers its own."""
    found = refused(secured)
    assert type(found) is CertificateUntrusted
    assert f"{secured.url.removesuffix('/api')}/services/pki-resource?resource=ca-certificate" in found.remedy


def test_tls_with_the_right_ca(secured: RecordedEngine, tls: Tls) -> None:
    """With the engine's CA it connects, by argument and by OVIRT_CAFILE, and the inventory says so."""
    for how in ({"ca_file": tls.ca_file}, {"environ": {"OVIRT_CAFILE": str(tls.ca_file)}}):
        with connected(secured, **how) as client:
            assert client.engine.tls_verified is True


def test_tls_unverified_only_when_asked(secured: RecordedEngine) -> None:
    """`insecure` connects all the same and is on record; OVIRT_INSECURE does it too."""
    for how in ({"insecure": True}, {"environ": {"OVIRT_INSECURE": "true"}}):
        with connected(secured, **how) as client:
            assert client.engine.tls_verified is False


def test_a_ca_file_that_is_none(secured: RecordedEngine, tmp_path: Path) -> None:
    """A CA file that is missing, or holds no certificate, is told as that."""
    assert type(refused(secured, ca_file=str(tmp_path / "none.pem"))) is InvalidArgument
    (tmp_path / "empty.pem").write_text("no certificate\n")
    assert type(refused(secured, ca_file=str(tmp_path / "empty.pem"))) is CertificateUntrusted
