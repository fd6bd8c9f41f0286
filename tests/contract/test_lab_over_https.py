"""The lab as a server: TLS with its own CA, a port in use, bodies too large, connections that fail."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import ovirtsdk4 as sdk
import pytest

import rhevmig.lab
from rhevmig.errors import LabError
from rhevmig.lab import sign_in
from rhevmig.lab.lab import Lab, serve

DEMO = Path(rhevmig.lab.__file__).parent / "scenarios" / "demo.yaml"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with serve(DEMO, speed=100.0, relay=True) as running:
        yield running


def _connect(lab: Lab) -> http.client.HTTPSConnection:
    address = urlsplit(lab.url)
    context = ssl.create_default_context(cafile=str(lab.ca_file))
    return http.client.HTTPSConnection(str(address.hostname), address.port, context=context, timeout=10)


def _get(lab: Lab, path: str, **headers: str) -> tuple[int, bytes]:
    sent = {"Authorization": sign_in(lab.engine, lab.username, lab.password), **headers}
    with closing(_connect(lab)) as connection:
        connection.request("GET", f"/ovirt-engine/api/{path}", headers=sent)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_the_sdk_signs_in_reads_and_leaves(lab):
    """The unmodified SDK, with the lab's CA and compression."""
    connection = sdk.Connection(
        url=lab.url, username=lab.username, password=lab.password, ca_file=lab.ca_file, compress=True
    )
    assert connection.test(raise_exception=True)
    vms = connection.system_service().vms_service().list(follow="nics,disk_attachments.disk", max=100)
    assert len(vms) == 60
    assert all(vm.nics and vm.disk_attachments[0].disk.alias for vm in vms)
    connection.close()


def test_a_client_without_the_ca_does_not_get_in(lab):
    """The certificate is the lab's own; nothing else trusts it."""
    address = urlsplit(lab.url)
    stranger = http.client.HTTPSConnection(
        str(address.hostname), address.port, context=ssl.create_default_context()
    )
    with closing(stranger), pytest.raises(ssl.SSLCertVerificationError):
        stranger.request("GET", "/ovirt-engine/api")


def test_a_wrong_password_is_refused_in_the_engines_words(lab):
    """As with a real engine, the SDK says what the sign-on said."""
    with pytest.raises(sdk.AuthError, match=r"Unable to log in\. Verify your login"):
        sdk.Connection(url=lab.url, username=lab.username, password="guess", ca_file=lab.ca_file).test(
            raise_exception=True
        )


def test_a_port_in_use_is_said(lab):
    """Two labs cannot listen on one port."""
    with pytest.raises(LabError, match=f"port {lab.port}"):
        serve(DEMO, port=lab.port)


def test_a_body_too_large_is_not_read(lab):
    """Two hundred MiB announced: refused at once, the lab lives on."""
    with closing(_connect(lab)) as connection:
        connection.putrequest("POST", "/ovirt-engine/api/vms")
        connection.putheader("Content-Length", str(200 * 1024 * 1024))
        connection.endheaders()
        assert connection.getresponse().status == 413
    assert _get(lab, "tags")[0] == 200


def test_answers_are_compressed_for_who_can_read_that(lab):
    """gzip when it is accepted, plain otherwise; the same length after all."""
    plain = _get(lab, "vms")[1]
    packed = _get(lab, "vms", **{"Accept-Encoding": "gzip"})[1]
    assert plain.startswith(b"<?xml")
    assert packed[:2] == b"\x1f\x8b"
    assert len(packed) < len(plain) / 5


def test_simulated_time_passes_while_nobody_asks(lab):
    """Acts come due on the lab's own clock, a hundred times as fast as the wall's."""
    done: list[float] = []
    asked_s = lab.clock.now_s
    with lab.engine.lock:
        lab.world.agenda.after(20.0, lambda: done.append(lab.clock.now_s))
    limit_s = time.monotonic() + 5
    while not done and time.monotonic() < limit_s:
        time.sleep(0.02)
    assert done
    assert done[0] - asked_s == pytest.approx(20.0, abs=2.0)


@pytest.mark.parametrize("mode", ["refuse", "reset"])
def test_connections_fail_when_told_to(lab, mode):
    """Refused or reset, then everything is as before."""
    lab.relay.switch(mode)
    try:
        with pytest.raises((ConnectionError, ssl.SSLError, http.client.RemoteDisconnected)):
            _get(lab, "tags")
    finally:
        lab.relay.switch("pass")
    assert _get(lab, "tags")[0] == 200


def test_a_silent_connection_is_given_up_by_the_client(lab):
    """Nothing comes; the client's own timeout ends it."""
    lab.relay.switch("silent")
    try:
        with (
            socket.create_connection(("127.0.0.1", lab.port), timeout=0.3) as waiting,
            pytest.raises(OSError, match="timed out"),
        ):
            waiting.recv(1)
    finally:
        lab.relay.switch("pass")


def test_an_answer_lost_after_the_act(lab):
    """The tag is made; the client never hears of it."""

    def lose(request, response):
        if request.method == "POST" and request.path.endswith("/tags"):
            response.fate = "lost"
        return response

    lab.engine.after.append(lose)
    try:
        headers = {
            "Authorization": sign_in(lab.engine, lab.username, lab.password),
            "Content-Type": "application/xml",
        }
        with closing(_connect(lab)) as connection:
            connection.request("POST", "/ovirt-engine/api/tags", "<tag><name>unheard</name></tag>", headers)
            with pytest.raises((ConnectionError, http.client.HTTPException, ssl.SSLError)):
                connection.getresponse()
    finally:
        lab.engine.after.remove(lose)
    assert lab.world.named("tags", "unheard") is not None


def test_a_lab_leaves_nothing_behind():
    """Its folder with the CA goes when it stops."""
    with serve(DEMO) as running:
        folder = Path(running.ca_file).parent
        assert folder.exists()
    assert not folder.exists()
