"""HTTP/1.1 over one connection, in the small: enough for libcurl and its kin, and able to misbehave."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from rhevmig.testing.faults import Fault
from rhevmig.testing.library import Answer, html
from rhevmig.testing.signing_in import unauthorized

_LONGEST_LINE = 65_536

_PROXY_PAGE = (
    "<html><head><title>Access to the Internet</title></head>"
    "<body>Please sign in to the proxy before you go on.</body></html>"
)


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came in."""

    #: HTTP method.
    method: str
    #: Path and query, as sent.
    target: str
    #: Headers by lower-case name; the last of equal ones.
    headers: dict[str, str]
    #: Body, not decoded.
    body: bytes

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants the connection to stay."""
        return self.headers.get("connection", "").lower() != "close"

    @property
    def takes_gzip(self) -> bool:
        """Whether the answer may be compressed."""
        return "gzip" in self.headers.get("accept-encoding", "")


def read_request(source: BinaryIO, send: Callable[[bytes], object]) -> Incoming | None:
    """The next request of a connection; None when the client has gone or talks no HTTP."""
    words = source.readline(_LONGEST_LINE).decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    headers: dict[str, str] = {}
    while line := source.readline(_LONGEST_LINE).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        send(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = headers.get("content-length", "0")
    body = source.read(int(length)) if length.isdigit() else b""
    return Incoming(method=words[0].upper(), target=words[1], headers=headers, body=body)


def packed(answer: Answer, asked: Incoming, zipped: dict[bytes, bytes]) -> bytes:
    """The answer as it goes over the wire, compressed where the client takes it, as the engine does.

    Args: zipped (what was compressed before; compressing megabytes anew would cost a second).
    """
    body, extra = answer.body, []
    if body and asked.takes_gzip:
        if body not in zipped:
            zipped[body] = gzip.compress(body, 6, mtime=0)
        body = zipped[body]
        extra = [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    lines += [f"{name}: {value}" for name, value in (*answer.headers, *extra)]
    lines += [f"Content-Length: {len(body)}", "" if asked.keeps_alive else "Connection: close"]
    head = "\r\n".join(line for line in lines if line).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if asked.method == "HEAD" else head + body


def substitute(fault: Fault, path: str, right: Answer) -> Answer | None:
    """What a fault says instead of the right answer; None for faults of the transport."""
    if fault.kind == "cut-xml":
        return msgspec.structs.replace(right, body=right.body[: len(right.body) // 2])
    if fault.kind == "unavailable":
        return html(503, "The server is temporarily unable to service your request. Please try again later.")
    if fault.kind in ("unauthorized", "expired"):
        return unauthorized("invalid_grant: The provided authorization grant for the auth code has expired.")
    if fault.kind == "api-v3":
        if path.startswith("/api"):
            return html(405, "HTTP method GET is not supported by this URL")
        return html(404, "Not Found")
    if fault.kind == "proxy-page":
        page = html(200, "")
        return msgspec.structs.replace(page, body=_PROXY_PAGE.encode())
    if fault.kind == "web-server":
        return html(404, f"The requested URL {path} was not found on this server.")
    return html(200, "Welcome") if fault.kind == "html" else right if fault.kind == "slow" else None


def misbehave(
    fault: Fault, right: bytes, connection: socket.socket, stopped: Callable[[float], bool]
) -> None:
    """Does to the connection what a fault of the transport does; the connection is over afterwards.

    Args: stopped (waits up to so many seconds for the server's end, tells whether it came).
    """
    with contextlib.suppress(OSError):
        if fault.kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault.kind == "cut-connection":
            head, _, body = right.partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\n\r\n" + body[: len(body) // 2])
        elif fault.kind == "silent":
            while not stopped(0.1) and _is_open(connection):
                continue
        elif fault.kind == "endless":
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/xml;charset=UTF-8\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n6\r\n<vms>\n\r\n"
            )
            while not stopped(0.02):
                connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")


def _is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.001)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    finally:
        connection.settimeout(None)
