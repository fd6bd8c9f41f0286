"""What is sent again, and what never is."""

from __future__ import annotations

import pytest

from rhevmig.clock import ManualClock
from rhevmig.engine.transport import LOGIN_ATTEMPTS, READ_ATTEMPTS, login_policy, read_policy
from rhevmig.errors import (
    AuthenticationFailed,
    EngineError,
    EngineNotFound,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    EngineUnreachable,
    NotAnEngine,
    PermissionDenied,
)

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
