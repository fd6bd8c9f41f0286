"""Sessions: begun once, renewed once when they expire, ended when they were ours."""

from __future__ import annotations

import urllib.request

import pytest
from contract.engine.conftest import connected

from rhevmig.errors import AuthenticationFailed
from rhevmig.testing import Fault, RecordedEngine
from tests.recorded import served_lab

TOKEN, LOGOUT = "/ovirt-engine/sso/oauth/token", "/ovirt-engine/services/sso-logout"


def count(engine: RecordedEngine, path: str) -> int:
    return sum(request.path == path for request in engine.requests)


def token_of(engine: RecordedEngine) -> str:
    body = b"grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=recorded"
    request = urllib.request.Request(
        engine.url.removesuffix("/api") + "/sso/oauth/token",
        data=body,
        headers={"Accept": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode().split('"access_token":"')[1].split('"')[0]


def test_one_login_for_all_and_one_logout() -> None:
    """All connections share one session, which ends with the block."""
    with served_lab() as engine:
        with connected(engine) as client:
            client.inventory()
            assert count(engine, TOKEN) == 1
            assert count(engine, LOGOUT) == 0
        client.close()
        assert count(engine, LOGOUT) == 1


def test_a_session_that_expires_is_renewed_once() -> None:
    """A session that expires in the middle is renewed by one login, however many threads notice."""
    with served_lab() as engine, connected(engine) as client:
        engine.expire_tokens()
        inventory = client.inventory()
        assert len(inventory.vms) == 21
        assert count(engine, TOKEN) == 2


def test_a_session_that_expires_at_once_is_not_renewed_for_ever() -> None:
    """Where a renewed session is refused too, one login more is all."""
    faults = [Fault(kind="unauthorized", path="/api/vms")]
    with served_lab(faults=faults) as engine, connected(engine) as client:
        with pytest.raises(AuthenticationFailed):
            client.inventory()
        assert count(engine, TOKEN) == 2


def test_a_token_that_was_given_is_neither_renewed_nor_revoked() -> None:
    """With a token alone there is no login and no logout; when it expires, a new one is asked for."""
    with served_lab() as engine:
        token = token_of(engine)
        engine.forget_requests()
        with connected(engine, username=None, password=None, token=token) as client:
            assert len(client.inventory().vms) == 21
            engine.expire_tokens()
            with pytest.raises(AuthenticationFailed) as caught:
                client.inventory()
        assert "new token" in caught.value.remedy
        assert count(engine, TOKEN) == count(engine, LOGOUT) == 0
        assert token not in str(caught.value)


def test_a_wrong_token_is_said_at_once(recorded: RecordedEngine) -> None:
    """A token that the engine does not know fails when connecting."""
    with pytest.raises(AuthenticationFailed):
        connected(recorded, username=None, password=None, token="wrong")


def test_nothing_shows_the_password() -> None:
    """No representation of the client or its parts holds the password or the token."""
    with (
        served_lab(password="s3cret-word") as engine,
        connected(engine, password="s3cret-word") as client,
    ):
        transport = client._transport
        shown = " ".join(map(repr, (client, transport, transport.settings, *transport._idle)))
        assert "s3cret-word" not in shown
        assert str(transport.settings) not in ("", None)
        assert "s3cret-word" not in str(transport.settings)
