"""Sends requests: at most three at a time, each over its own connection, all in one session.

A session that was opened here is renewed when it expires and ended at the end; a token that the caller gave
is neither renewed nor revoked. Reads are retried a few times, logins once, acts never.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import tenacity

from rhevmig.clock import Clock
from rhevmig.engine.curl_errors import NEVER_SENT
from rhevmig.engine.error_mapping import EXPIRED, error_of
from rhevmig.engine.request import EngineRequest
from rhevmig.engine.sdk_connection import EngineConnection, converted
from rhevmig.engine.settings import Settings
from rhevmig.errors import (
    AuthenticationFailed,
    EngineError,
    EngineUnavailable,
    EngineUnreachable,
    RhevmigError,
    UsageError,
)

#: More in parallel do not help (engine-measured: 4 lists together take as long as 4 in sequence).
MAX_REQUESTS_AT_ONCE = 3
#: Most attempts of one read.
READ_ATTEMPTS = 3
#: Most attempts of one login, the second only when the login service was not available: a wrong password is
#: never sent twice, accounts lock.
LOGIN_ATTEMPTS = 2

T = TypeVar("T")


def read_policy(*, clock: Clock, deadline_s: float, follows: bool = False) -> tenacity.Retrying:
    """Retries of requests that change nothing, where the error is retryable.

    Args:
      deadline_s: no new attempt starts after this time, so that a request which takes all of it is
        not sent three times.
      follows: the request follows links, so an HTTP 500 may mean that the account may not see one: it is not
        an outage, and the caller finds out which link it is.
    """
    start = clock.monotonic()

    def helps(error: BaseException) -> bool:
        if follows and isinstance(error, EngineError) and error.status_code == 500:
            return False
        return isinstance(error, RhevmigError) and error.retryable

    def late(_state: tenacity.RetryCallState) -> bool:
        return clock.monotonic() - start >= deadline_s

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(helps),
        stop=lambda state: late(state) or state.attempt_number >= READ_ATTEMPTS,
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=5),
        sleep=clock.sleep,
        reraise=True,
    )


def login_policy(*, clock: Clock) -> tenacity.Retrying:
    """One retry of a login after an HTTP 5xx only, when the password was not checked."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, EngineUnavailable)),
        stop=tenacity.stop_after_attempt(LOGIN_ATTEMPTS),
        wait=tenacity.wait_random(0.5, 1.5),
        sleep=clock.sleep,
        reraise=True,
    )


class Transport:
    """Requests to one engine, from any number of threads."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        # Requests sent so far, logins not counted.
        self.requests = 0
        self._token = settings.token
        self._known = False
        self._idle: list[tuple[str | None, EngineConnection]] = []
        self._places = threading.BoundedSemaphore(MAX_REQUESTS_AT_ONCE)
        self._lock = threading.Lock()
        self._login_lock = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return f"Transport({self.settings.url!r})"

    def log_in(self) -> None:
        """Obtains a token where none was given.

        Raises: AuthenticationFailed, and every other EngineError.
        """
        if self._token is None:
            self._token = self._new_token()

    def read(
        self,
        path: str,
        query: dict[str, str],
        *,
        tag: str,
        convert: Callable[[Any], T],
        timeout_s: float | None = None,
    ) -> list[T]:
        """The objects of an answer, converted one by one; retried where the error is retryable."""
        request = EngineRequest(url=self.settings.url, path=path)
        deadline_s = timeout_s or self.settings.timeout_s
        policy = read_policy(clock=self.clock, deadline_s=deadline_s, follows="follow" in query)

        def once() -> list[T]:
            content = self.exchange(request, query, timeout_s=timeout_s)
            return converted(content, request, tag=tag, convert=convert, known=self._known)

        return policy(once)

    def exchange(
        self,
        request: EngineRequest,
        query: dict[str, str],
        *,
        body: str | None = None,
        timeout_s: float | None = None,
        fresh: bool = False,
    ) -> bytes:
        """One request, sent once, or once more after the session was renewed (HTTP 401: nothing was done).

        Args: fresh (over a connection that was not used before, see `actions`).
        """
        with self._places:
            token, connection = (self._token, self._connect(self._token)) if fresh else self._take()
            try:
                return self._send(connection, token, request, query, body, timeout_s, keep=not fresh)
            except AuthenticationFailed as error:
                if error.reason != EXPIRED:
                    raise
                token = self._renewed(token, error)
            connection = self._connect(token)
            return self._send(connection, token, request, query, body, timeout_s, keep=not fresh)

    def remember_engine(self) -> None:
        """Records that an engine answered: a foreign page is a passing fault from now on."""
        self._known = True

    def close(self) -> None:
        """Ends the session that was opened here and closes all connections; never raises, may be repeated."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close(logout=False)
        if self.settings.token is None and self._token is not None:
            with contextlib.suppress(RhevmigError):
                self._end_session(self._token)

    # ── one exchange ─────────────────────────────────────────────────────────────────────────────

    def _send(
        self,
        connection: EngineConnection,
        token: str | None,
        request: EngineRequest,
        query: dict[str, str],
        body: str | None,
        timeout_s: float | None,
        *,
        keep: bool,
    ) -> bytes:
        with self._lock:
            self.requests += 1
        try:
            content = connection.exchange(request, query, body=body, timeout_s=timeout_s)
        except BaseException as error:
            # a transfer that broke stays in the SDK's pool and fails the next one: such a connection is
            # closed; one that delivered a whole answer can be used again
            is_whole = (
                isinstance(error, EngineError) and error.status_code is not None and error.reason != EXPIRED
            )
            self._give_back(token, connection, keep=keep and is_whole)
            raise
        self._give_back(token, connection, keep=keep)
        return content

    def _take(self) -> tuple[str | None, EngineConnection]:
        with self._lock:
            while self._idle:
                token, connection = self._idle.pop()
                if token == self._token:
                    return token, connection
                connection.close(logout=False)
            token = self._token
        return token, self._connect(token)

    def _give_back(self, token: str | None, connection: EngineConnection, *, keep: bool) -> None:
        with self._lock:
            if keep and not self._closed and len(self._idle) < MAX_REQUESTS_AT_ONCE:
                self._idle.append((token, connection))
                return
        connection.close(logout=False)

    def _connect(self, token: str | None) -> EngineConnection:
        """A new connection of the SDK; nothing is sent yet.

        Raises: InvalidArgument for wrong settings; EngineUnreachable where it fails although it worked before
        (no descriptors left, the CA file is being replaced).
        """
        try:
            return EngineConnection(self.settings, token=token, known=lambda: self._known)
        except Exception as error:
            found = error_of(error, EngineRequest(url=self.settings.url))
            if self._known or not isinstance(found, UsageError):
                detail = f"no connection can be set up: {found.message}"
                raise EngineUnreachable(path=self.settings.url, reason=NEVER_SENT, detail=detail) from error
            raise found from error

    # ── the session ──────────────────────────────────────────────────────────────────────────────

    def _new_token(self) -> str:
        with self._logging_in() as connection:
            return login_policy(clock=self.clock)(connection.log_in)

    def _renewed(self, refused: str | None, error: AuthenticationFailed) -> str:
        """A token newer than the refused one; threads that were refused together log in once.

        A session that was refused before it ever worked is not renewed: another login would not help.
        """
        if not self.settings.can_log_in or not self._known:
            raise error
        with self._login_lock:
            if self._token == refused:
                self._token = self._new_token()
            assert self._token is not None
            return self._token

    def _end_session(self, token: str) -> None:
        connection = self._connect(token)
        try:
            connection.close(logout=True)
        except Exception as error:
            raise EngineError(detail=str(error)) from error

    @contextlib.contextmanager
    def _logging_in(self) -> Iterator[EngineConnection]:
        connection = self._connect(None)
        try:
            yield connection
        finally:
            connection.close(logout=False)
