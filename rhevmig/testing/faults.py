"""What may go wrong between a client and an engine, as data: `serve(..., faults=[Fault(kind="cut-xml")])`."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from rhevmig.testing.answers import ServedAnswer, page, unauthorized
from rhevmig.testing.login import EXPIRED

FaultKind = Literal[
    "cut-xml",  # 200 and a correct length, but the XML ends in the middle
    "cut-connection",  # the connection ends in the middle of the body
    "html",  # 200 with a page where XML is expected
    "unavailable",  # 503 with a page, as a proxy sends it while the engine restarts
    "endless",  # a response that never ends
    "silent",  # the request is accepted and never answered
    "slow",  # the recorded answer, `delay_s` late
    "reset",  # the connection is reset before a response
    "empty",  # the connection is closed before a response
    "unauthorized",  # 401 with a page, for any token
    "expired",  # all tokens expire: 401, a new login helps
    "api-v3",  # the API answers 405 and there is no login service
    "proxy-page",  # a proxy's own page for everything, the login included
    "web-server",  # a web server without an engine
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault and the requests that it hits."""

    kind: FaultKind
    #: Paths below `/ovirt-engine`, with `*` and `?`.
    path: str = "/api*"
    #: None: every method.
    method: str | None = None
    #: Matching requests that pass before the first one is hit.
    skip: int = 0
    #: Matching requests that are hit after those; None: all.
    times: int | None = None
    #: Delay of a `slow` answer.
    delay_s: float = 0.2


#: Servers that are not a usable engine, by name.
PERSONALITIES: dict[str, tuple[Fault, ...]] = {
    "no-role": (Fault(kind="unauthorized"),),
    "api-v3": (Fault(kind="api-v3", path="*"),),
    "proxy": (Fault(kind="proxy-page", path="*"),),
    "web-server": (Fault(kind="web-server", path="*"),),
    "restarting": (Fault(kind="unavailable", path="*"),),
    "never-ending": (Fault(kind="endless"),),
}

_PROXY_PAGE = "Please sign in to the proxy before you go on."


class FaultPlan:
    """Decides for each request which fault hits it. The caller holds the lock."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._matched = [0] * len(faults)

    def next_fault(self, method: str, path: str) -> Fault | None:
        """The first fault that hits this request."""
        for number, fault in enumerate(self._faults):
            if fault.method not in (None, method) or not fnmatchcase(path, fault.path):
                continue
            matched = self._matched[number]
            self._matched[number] += 1
            if matched >= fault.skip and (fault.times is None or matched < fault.skip + fault.times):
                return fault
        return None


def faulty_answer(fault: Fault, path: str, right: ServedAnswer) -> ServedAnswer | None:
    """The answer that a fault puts in place of the right one; None for faults of the connection."""
    match fault.kind:
        case "slow":
            return right
        case "cut-xml":
            return msgspec.structs.replace(right, body=right.body[: len(right.body) // 2])
        case "unavailable":
            return page(503, "The server is temporarily unable to service your request.")
        case "unauthorized" | "expired":
            return unauthorized(EXPIRED)
        case "api-v3":
            is_api = path.startswith("/api")
            return (
                page(405, "HTTP method GET is not supported by this URL")
                if is_api
                else page(404, "Not Found")
            )
        case "proxy-page":
            return page(200, _PROXY_PAGE)
        case "web-server":
            return page(404, f"The requested URL {path} was not found on this server.")
        case "html":
            return page(200, "Welcome")
    return None


def break_connection(
    fault: Fault, response: bytes, connection: socket.socket, wait: Callable[[float], bool]
) -> None:
    """Does to a connection what a fault of the connection does; it is unusable afterwards.

    Args:
        response: the right response, header included.
        wait: waits the given seconds; true once the server stops.
    """
    with contextlib.suppress(OSError):
        if fault.kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault.kind == "cut-connection":
            head, _, body = response.partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\n\r\n" + body[: len(body) // 2])
        elif fault.kind == "silent":
            while not wait(0.1) and _is_open(connection):
                continue
        elif fault.kind == "endless":
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/xml;charset=UTF-8\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n6\r\n<vms>\n\r\n"
            )
            while not wait(0.02):
                connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")


def _is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.001)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    finally:
        connection.settimeout(None)
