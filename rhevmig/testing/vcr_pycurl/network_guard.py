"""Refuses connections and skips sleeps while a test replays: everything must be in the cassette."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from unittest import mock

from rhevmig.errors import CassetteError

# libcurl takes its proxy from the environment. A handle without a stub (made by a `Curl` that was imported
# before the cassette) fails with this name in its message; `.localhost` is never sent to a name server.
_NOWHERE = "http://refused-while-replaying.localhost:1"
_PROXIES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")


@contextlib.contextmanager
def no_network() -> Iterator[None]:
    """Refuses connections of Python's sockets, and of libcurl handles without a stub.

    Local sockets (AF_UNIX) stay allowed. A libcurl handle that sets its own proxy is not refused.
    """
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def connect(self: socket.socket, address: object) -> None:
        _refuse(self, address)
        real_connect(self, address)  # type: ignore[arg-type]

    def connect_ex(self: socket.socket, address: object) -> int:
        _refuse(self, address)
        return real_connect_ex(self, address)  # type: ignore[arg-type]

    proxies = {**dict.fromkeys(_PROXIES, _NOWHERE), **dict.fromkeys(_EXCEPTIONS, "")}
    with (
        mock.patch.object(socket.socket, "connect", connect),
        mock.patch.object(socket.socket, "connect_ex", connect_ex),
        mock.patch.dict(os.environ, proxies),
    ):
        yield


@contextlib.contextmanager
def no_waiting() -> Iterator[list[float]]:
    """`time.sleep` returns at once, so that retries and polls run as fast as the cassette answers.

    Yields the list of the sleeps that were skipped, in seconds.
    """
    slept: list[float] = []
    real_sleep = time.sleep

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        real_sleep(0)

    with mock.patch.object(time, "sleep", sleep):
        yield slept


def _refuse(connection: socket.socket, address: object) -> None:
    if connection.family != getattr(socket, "AF_UNIX", None):
        raise CassetteError(
            path="network",
            detail=f"a connection to {address} was refused: this test replays",
            remedy="Record the missing requests: pytest --record-cassettes=once (or all).",
        )
