"""What is sent again, and what never is."""

from __future__ import annotations

import ovirtsdk4 as sdk
import pycurl
import pytest

from rhevmig.clock import ManualClock
from rhevmig.engine.actions import act
from rhevmig.engine.request import EngineRequest
from rhevmig.engine.settings import Settings
from rhevmig.engine.transport import (
    LOGIN_ATTEMPTS,
    READ_ATTEMPTS,
    Transport,
    login_policy,
    read_policy,
)
from rhevmig.errors import (
    AuthenticationFailed,
    EngineError,
    EngineNotFound,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    EngineUnreachable,
    InvalidArgument,
    NotAnEngine,
    PermissionDenied,
)
from rhevmig.migration.port import Accepted, NotSent

FINAL = [AuthenticationFailed, EngineNotFound, EngineRejected, NotAnEngine, PermissionDenied]


def attempts(policy: object, error: EngineError, clock: ManualClock, takes_s: float = 0.0) -> int:
    """How often something that always fails is tried."""
    count = 0

    def act() -> None:
        nonlocal count
        count += 1
        clock.advance(takes_s)
        raise error

    with pytest.raises(type(error)):
        policy(act)
    return count


@pytest.mark.parametrize("kind", [EngineUnavailable, EngineUnreachable, EngineTimeout])
def test_reads_are_repeated_where_it_may_help(kind: type[EngineError]) -> None:
    """A read is tried a few times on the clock that was given."""
    clock = ManualClock()
    assert attempts(read_policy(clock=clock, deadline_s=60), kind(), clock) == READ_ATTEMPTS
    assert 0 < clock.monotonic() < 20


@pytest.mark.parametrize("kind", FINAL)
def test_reads_are_not_repeated_where_it_cannot_help(kind: type[EngineError]) -> None:
    """A refusal is final."""
    clock = ManualClock()
    assert attempts(read_policy(clock=clock, deadline_s=60), kind(), clock) == 1


def test_a_read_that_took_all_its_time_is_not_repeated() -> None:
    """A deadline is for all attempts together."""
    clock = ManualClock()
    assert attempts(read_policy(clock=clock, deadline_s=60), EngineTimeout(), clock, takes_s=61) == 1


@pytest.mark.parametrize("kind", [*FINAL, EngineTimeout, EngineUnreachable])
def test_a_login_is_never_repeated(kind: type[EngineError]) -> None:
    """A password is sent once, also when nobody knows whether it arrived."""
    clock = ManualClock()
    assert attempts(login_policy(clock=clock), kind(), clock) == 1


def test_a_login_service_that_is_down_is_asked_once_more() -> None:
    """HTTP 5xx judged no password."""
    clock = ManualClock()
    assert attempts(login_policy(clock=clock), EngineUnavailable(), clock) == LOGIN_ATTEMPTS == 2


def test_a_followed_link_that_fails_is_no_outage() -> None:
    """HTTP 500 to a request that follows links is not repeated; to any other it is, and so is a 503."""
    for follows, code, attempts in ((True, 500, 1), (False, 500, READ_ATTEMPTS), (True, 503, READ_ATTEMPTS)):
        sent = []

        def send(code: int = code, sent: list[int] = sent) -> None:
            sent.append(code)
            raise EngineUnavailable(status_code=code)

        with pytest.raises(EngineUnavailable):
            read_policy(clock=ManualClock(), deadline_s=300, follows=follows)(send)
        assert len(sent) == attempts


class Connections:
    """Connections of the SDK that answer at once, and how many of them are open."""

    def __init__(self) -> None:
        self.open = 0
        self.error: Exception | None = None

    def __call__(self, *_arguments: object, **_keywords: object) -> Connections:
        if self.error is not None:
            raise self.error
        self.open += 1
        return self

    def exchange(self, *_arguments: object, **_keywords: object) -> bytes:
        return b"<action/>"

    def close(self, *, logout: bool) -> None:
        assert not logout
        self.open -= 1


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    made = Connections()
    monkeypatch.setattr("rhevmig.engine.transport.EngineConnection", made)
    return made


def a_transport() -> Transport:
    return Transport(Settings(url="https://engine.example/ovirt-engine/api", token="t"), clock=ManualClock())


def test_acts_leave_no_connection_behind(connections: Connections) -> None:
    """Each act uses a new connection and closes it: hundreds of them need no more descriptors than one."""
    transport = a_transport()
    for number in range(400):
        assert isinstance(act(transport, "vms/1/migrate", correlation_id=f"c{number}"), Accepted)
        assert connections.open == 0
    for _ in range(400):
        transport.exchange(EngineRequest(), {})
    assert connections.open == 1
    transport.close()
    assert connections.open == 0


@pytest.mark.parametrize(
    "error",
    [
        pycurl.error("initializing curl failed"),
        OSError(24, "Too many open files"),
        sdk.Error("The CA file '/etc/pki/ca.pem' doesn't exist"),
    ],
)
def test_a_connection_that_cannot_be_set_up(connections: Connections, error: Exception) -> None:
    """Of an engine that answered before it is a passing fault, and an act was certainly not sent."""
    transport = a_transport()
    transport.remember_engine()
    connections.error = error
    answer = act(transport, "vms/1/migrate", correlation_id="c")
    assert isinstance(answer, NotSent)
    assert "no connection can be set up" in answer.detail
    with pytest.raises(EngineUnreachable) as caught:
        transport.exchange(EngineRequest(), {})
    assert caught.value.retryable


def test_a_missing_ca_file_at_first(connections: Connections) -> None:
    """Before any engine answered, it is a wrong argument."""
    connections.error = sdk.Error("The CA file '/etc/pki/ca.pem' doesn't exist")
    with pytest.raises(InvalidArgument, match="ca_file"):
        a_transport().exchange(EngineRequest(), {})
