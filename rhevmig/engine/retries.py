"""When a failed request is sent again: reads a few times, logins hardly ever, acts never."""

from __future__ import annotations

import tenacity

from rhevmig.clock import Clock
from rhevmig.errors import EngineUnavailable, RhevmigError

#: Most attempts of one read.
READ_ATTEMPTS = 3
#: Most attempts of one login, all but the first only while the login service is not there at all:
#: a wrong password is never sent twice, accounts lock.
LOGIN_ATTEMPTS = 2


def read_policy(*, clock: Clock, deadline_s: float) -> tenacity.Retrying:
    """READ: for requests that change nothing, where the error says that reading again may help.

    Args: deadline_s (no new attempt begins after so many seconds, so that a request which takes all its
    time is not sent three times).
    """
    start = clock.monotonic()

    def late(_state: tenacity.RetryCallState) -> bool:
        return clock.monotonic() - start >= deadline_s

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, RhevmigError) and error.retryable),
        stop=lambda state: late(state) or state.attempt_number >= READ_ATTEMPTS,
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=5),
        sleep=clock.sleep,
        reraise=True,
    )


def login_policy(*, clock: Clock) -> tenacity.Retrying:
    """LOGIN: once, and once more only after an HTTP 5xx, when nobody judged the password."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, EngineUnavailable)),
        stop=tenacity.stop_after_attempt(LOGIN_ATTEMPTS),
        wait=tenacity.wait_random(0.5, 1.5),
        sleep=clock.sleep,
        reraise=True,
    )
