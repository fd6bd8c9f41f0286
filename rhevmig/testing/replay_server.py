"""A recorded engine: an HTTP server that replays cassettes exactly, for programs in any language.

It answers what was recorded, as it was recorded, and refuses everything else with a fault that names the
closest recorded request. It serves tests, demonstrations and other languages. An engine that composes answers
is the lab's (`rhevmig.lab`).
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Protocol

import msgspec

from rhevmig.recordings.cassette_file import cassette_files, read_cassette
from rhevmig.recordings.exchange import PREFIX, Exchange
from rhevmig.testing.answers import HTML, ServedAnswer, answer, page
from rhevmig.testing.faults import PERSONALITIES, Fault, FaultPlan, break_connection, faulty_answer
from rhevmig.testing.login import LOGOUT_PATH, TOKEN_PATHS, Login
from rhevmig.testing.replay import ReceivedRequest, Replay

_TIME = re.compile(rb"<time>[^<]*</time>")


class ServedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a recorded engine has received."""

    method: str
    #: As sent, e.g. `/ovirt-engine/api/vms`.
    path: str
    #: As sent, without `?`.
    query: str
    #: None where a fault left the request without a response.
    status: int | None


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """A server certificate and the CA that clients trust; PEM files."""

    #: Certificate chain.
    cert_file: str
    key_file: str
    ca_file: str | None = None


class AnswerSource(Protocol):
    """Where the answers to API requests come from."""

    def answer(self, request: ReceivedRequest) -> ServedAnswer:
        """The answer to a request."""

    def recorded(self, request: ReceivedRequest) -> ServedAnswer | None:
        """The answer to a request to the login service; None where there is none."""


class RecordedEngine:
    """A running recorded engine; `with serve(...) as engine` starts and stops one."""

    def __init__(
        self,
        source: AnswerSource,
        *,
        username: str = "admin@internal",
        password: str = "recorded",  # noqa: S107 - of a recording, not a secret
        faults: Iterable[Fault] | str = (),
        now: Callable[[], datetime] | None = None,
        tls: Tls | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self._source, self._now, self._tls = source, now, tls
        self._login = Login(username=username, password=password)
        self._faults = FaultPlan(PERSONALITIES[faults] if isinstance(faults, str) else tuple(faults))
        self._requests: list[ServedRequest] = []
        # Compressing megabytes for each request would take a second.
        self._compressed: dict[bytes, bytes] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._server = _Server(address, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The API's URL."""
        host, port = self._server.server_address[:2]
        return f"{'https' if self._tls else 'http'}://{host!s}:{port}{PREFIX}/api"

    @property
    def tls(self) -> Tls | None:
        """Its certificate; None over plain HTTP."""
        return self._tls

    @property
    def ca_file(self) -> str | None:
        """The CA that clients must trust; None without TLS."""
        return self._tls.ca_file if self._tls else None

    @property
    def requests(self) -> tuple[ServedRequest, ...]:
        """All requests so far, in the order in which they were answered."""
        with self._lock:
            return tuple(self._requests)

    def forget_requests(self) -> None:
        """Empties `requests`."""
        with self._lock:
            self._requests.clear()

    def expire_tokens(self) -> None:
        """Ends all sessions: the next request gets 401, a new login helps."""
        with self._lock:
            self._login.expire_tokens()

    def stop(self) -> None:
        """Stops listening and closes all connections. A second call does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.shutdown()
        with self._lock:
            remaining = list(self._connections)
        for connection in remaining:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    # ── called by the connections' threads ───────────────────────────────────────────────────────

    def opened(self, connection: socket.socket) -> None:
        """Remembers a connection, to close it when the server stops."""
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forgets a connection."""
        with self._lock:
            self._connections.discard(connection)

    def respond(self, request: ReceivedRequest, connection: socket.socket) -> bool:
        """Answers one request; false where the connection is to be closed without a response."""
        below = request.path.removeprefix(PREFIX)
        with self._lock:
            fault = self._faults.next_fault(request.method, below)
            if fault is not None and fault.kind == "expired":
                self._login.expire_tokens()
        if fault is not None and fault.kind == "slow":
            self._stopping.wait(fault.delay_s)
        right = self._answer(request)
        sent = right if fault is None else faulty_answer(fault, below, right)
        with self._lock:
            status = None if sent is None else sent.status
            kept = ServedRequest(method=request.method, path=request.path, query=request.query, status=status)
            self._requests.append(kept)
        if sent is not None:
            connection.sendall(self._on_the_wire(sent, request))
        elif fault is not None:
            break_connection(fault, self._on_the_wire(right, request), connection, self._stopping.wait)
        return sent is not None

    def _answer(self, request: ReceivedRequest) -> ServedAnswer:
        below = request.path.removeprefix(PREFIX).rstrip("/")
        if not request.path.startswith(PREFIX):
            return page(404, f"The requested URL {request.path} was not found on this server.")
        if below in TOKEN_PATHS:
            return self._token(request)
        if below == LOGOUT_PATH:
            with self._lock:
                return self._login.logout(request.body)
        if below == "/services/health":
            return answer(200, b"DB Up!Welcome to Health Status!", HTML)
        if below == "/services/pki-resource" and self.ca_file:
            return answer(200, Path(self.ca_file).read_bytes(), "application/x-x509-ca-cert")
        if below != "/api" and not below.startswith("/api/"):
            return page(404, "Not Found") if below else page(200, "Welcome")
        with self._lock:
            refusal = self._login.refusal(request.headers.get("authorization", ""))
        return refusal or self._with_time(self._source.answer(request), below)

    def _token(self, request: ReceivedRequest) -> ServedAnswer:
        form = request.body or request.query.encode()
        with self._lock:
            accepted = self._login.accepts(form)
        recorded = None if accepted else self._source.recorded(request)
        with self._lock:
            return recorded or self._login.token(form)

    def _with_time(self, found: ServedAnswer, below: str) -> ServedAnswer:
        if self._now is None or below != "/api":
            return found
        moment = self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = _TIME.sub(b"<time>%s</time>" % moment.encode(), found.body)
        return msgspec.structs.replace(found, body=body)

    def _on_the_wire(self, sent: ServedAnswer, request: ReceivedRequest) -> bytes:
        """The answer as bytes, compressed for clients that accept it, as the engine does."""
        body, headers = sent.body, [*sent.headers]
        if body and "gzip" in request.headers.get("accept-encoding", ""):
            if body not in self._compressed:
                self._compressed[body] = gzip.compress(body, 6, mtime=0)
            body = self._compressed[body]
            headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        headers.append(("Content-Length", str(len(body))))
        lines = [f"HTTP/1.1 {sent.status} {sent.reason}", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        return head if request.method == "HEAD" else head + body


@contextlib.contextmanager
def serve(
    paths: str | Path | Iterable[str | Path],
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    username: str = "admin@internal",
    password: str = "recorded",  # noqa: S107 - of a recording, not a secret
    tls: Tls | None = None,
    shift_time: bool = False,
    now: Callable[[], datetime] | None = None,
    faults: Iterable[Fault] | str = (),
    ignore_query: Iterable[str] = (),
) -> Iterator[RecordedEngine]:
    """Serves cassettes as an engine on `engine.url` until the block ends.

    Args:
        paths: cassettes, or folders of them in the order of their names; earlier ones win.
        port: 0 chooses a free one.
        username: the account that may log in, with `password`.
        tls: plain HTTP without.
        shift_time: `/api` shows the present instead of the recorded time, so that a client's clock agrees;
            all other times stay as recorded.
        now: the present, for tests.
        faults: see `Fault`, or the name of a personality in `faults.PERSONALITIES`.
        ignore_query: parameters that do not count, e.g. `correlation_id`.

    Raises: CassetteError for files that cannot be read; OSError where the port is not available.
    """
    cassettes = [_exchanges(file, file.stat().st_mtime_ns) for file in cassette_files(paths)]
    clock = now if now is not None else (lambda: datetime.now(UTC)) if shift_time else None
    engine = RecordedEngine(
        Replay(cassettes, ignore_query=ignore_query),
        username=username,
        password=password,
        faults=faults,
        now=clock,
        tls=tls,
        address=(host, port),
    )
    try:
        yield engine
    finally:
        engine.stop()


@functools.lru_cache(maxsize=16)
def _exchanges(file: Path, _changed: int) -> tuple[Exchange, ...]:
    return read_cassette(file)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], engine: RecordedEngine) -> None:
        self.engine = engine
        super().__init__(address, _Connection)
        if engine.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(engine.tls.cert_file, engine.tls.key_file)
            # The handshake takes place in the connection's thread, with its first read.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def shutdown_request(self, request: Any) -> None:
        """Closes at once: a shutdown before would turn a reset into an orderly end."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves, or does not trust the certificate, is no error of the server."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.engine.opened(self.connection)

    def finish(self) -> None:
        self.server.engine.closed(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def respond(self) -> None:
        length = self.headers.get("content-length", "0")
        request = ReceivedRequest(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)) if length.isdigit() else b"",
        )
        if not self.server.engine.respond(request, self.connection):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = respond  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: `requests` has all of them."""
