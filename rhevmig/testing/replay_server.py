"""A recorded engine: a small read-only HTTP server that answers from cassettes.

It serves tests, demonstrations and programs in other languages. It never acts, never makes an answer up
(see `library`), and refuses what was not recorded with a fault that says so.
"""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rhevmig.recordings.cassette_file import cassette_files, read_cassette
from rhevmig.recordings.exchange import Exchange
from rhevmig.testing.asking import PREFIX
from rhevmig.testing.faults import PERSONALITIES, Fault, Trouble
from rhevmig.testing.library import Answer, Library, fault, html
from rhevmig.testing.multiplying import Multiplied
from rhevmig.testing.signing_in import LOGOUT_PATH, TOKEN_PATHS, Door
from rhevmig.testing.wire import Incoming, misbehave, packed, read_request, substitute

_TIME = re.compile(rb"<time>[^<]*</time>")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the recorded engine was asked."""

    #: HTTP method.
    method: str
    #: Path as asked, e.g. `/ovirt-engine/api/vms`.
    path: str
    #: Query as asked, without `?`.
    query: str
    #: Status answered; None where a fault left the request without an answer.
    status: int | None


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """A server certificate and the CA that clients trust."""

    #: PEM file of the server's certificate chain.
    cert_file: str
    #: PEM file of its key.
    key_file: str
    #: PEM file of the CA, handed to clients.
    ca_file: str | None = None


class RecordedEngine:
    """A running recorded engine; `with serve(...) as engine` is the usual way to one."""

    def __init__(
        self,
        library: Library | Multiplied,
        door: Door,
        *,
        faults: tuple[Fault, ...] = (),
        now: Callable[[], datetime] | None = None,
        tls: Tls | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self._library, self._door, self._now, self._tls = library, door, now, tls
        self._trouble = Trouble(faults)
        self._requests: list[Request] = []
        self._zipped: dict[bytes, bytes] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._server = _server(address, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The API's URL, as a client is given it."""
        host, port = self._server.server_address[:2]
        return f"{'https' if self._tls else 'http'}://{host!s}:{port}{PREFIX}/api"

    @property
    def ca_file(self) -> str | None:
        """The CA that clients must trust; None without TLS."""
        return self._tls.ca_file if self._tls else None

    @property
    def requests(self) -> tuple[Request, ...]:
        """Everything that was asked so far, in order of arrival of the answers."""
        with self._lock:
            return tuple(self._requests)

    def forget_requests(self) -> None:
        """Empties the list of requests."""
        with self._lock:
            self._requests.clear()

    def expire_tokens(self) -> None:
        """All sessions end: the next call gets 401, a new login helps."""
        with self._lock:
            self._door.forget()

    def stop(self) -> None:
        """Stops listening and ends every connection; a second call does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.shutdown()
        with self._lock:
            remaining = list(self._open)
        for connection in remaining:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    # ── one connection ───────────────────────────────────────────────────────────────────────────

    def converse(self, raw: socket.socket) -> None:
        """Serves one connection to its end; called by the server, in a thread of its own."""
        try:
            connection = self._secured(raw)
        except (OSError, ssl.SSLError):
            return
        with self._lock:
            self._open.add(connection)
        try:
            with connection.makefile("rb") as source, contextlib.suppress(OSError, ValueError):
                while not self._stopping.is_set():
                    asked = read_request(source, connection.sendall)
                    if asked is None or not self._serve_one(asked, connection) or not asked.keeps_alive:
                        break
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _secured(self, raw: socket.socket) -> socket.socket:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return raw
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._tls.cert_file, self._tls.key_file)
        return context.wrap_socket(raw, server_side=True)

    def _serve_one(self, asked: Incoming, connection: socket.socket) -> bool:
        path, _, query = asked.target.partition("?")
        below = path.removeprefix(PREFIX)
        with self._lock:
            hit = self._trouble.hits(asked.method, below)
            if hit is not None and hit.kind == "expired":
                self._door.forget()
        if hit is not None and hit.kind == "slow":
            self._stopping.wait(hit.delay_s)
        answer: Answer | None = self._answer(asked, path)
        right = answer
        if hit is not None and answer is not None:
            answer = substitute(hit, below, answer)
        with self._lock:
            status = None if answer is None else answer.status
            self._requests.append(Request(method=asked.method, path=path, query=query, status=status))
        if answer is not None:
            connection.sendall(packed(answer, asked, self._zipped))
            return True
        if hit is not None and right is not None:
            misbehave(hit, packed(right, asked, self._zipped), connection, self._stopping.wait)
        return False

    # ── one answer ───────────────────────────────────────────────────────────────────────────────

    def _answer(self, asked: Incoming, path: str) -> Answer:
        if not path.startswith(PREFIX):
            return html(404, f"The requested URL {path} was not found on this server.")
        below = path.removeprefix(PREFIX).rstrip("/")
        if below in TOKEN_PATHS:
            with self._lock:
                return self._door.token(asked.body or asked.target.partition("?")[2].encode())
        if below == LOGOUT_PATH:
            with self._lock:
                return self._door.logout(asked.body)
        if below.startswith("/services/"):
            return self._service(below, asked)
        if below != "/api" and not below.startswith("/api/"):
            return html(200 if not below else 404, "Welcome" if not below else "Not Found")
        with self._lock:
            refused = self._door.refuse(asked.headers.get("authorization", ""))
        return refused or self._api(asked, below)

    def _service(self, below: str, asked: Incoming) -> Answer:
        if below == "/services/health":
            body = b"DB Up!Welcome to Health Status!"
            headers = (("Content-Type", "text/html;charset=ISO-8859-1"),)
            return Answer(status=200, reason="OK", headers=headers, body=body)
        if below == "/services/pki-resource" and self._tls is not None and self._tls.ca_file:
            headers = (("Content-Type", "application/x-x509-ca-cert; charset=ISO-8859-1"),)
            return Answer(status=200, reason="OK", headers=headers, body=Path(self._tls.ca_file).read_bytes())
        return html(404, "Not Found")

    def _api(self, asked: Incoming, below: str) -> Answer:
        version = asked.headers.get("version", "4")
        if version == "3" or below == "/api/v3" or below.startswith("/api/v3/"):
            return html(405, f"HTTP method {asked.method} is not supported by this URL")
        if version != "4":
            return html(400, "Bad Request")
        if asked.method in ("GET", "HEAD"):
            if "json" in asked.headers.get("accept", "") and "xml" not in asked.headers.get("accept", ""):
                return fault(501, "Only XML is recorded", "This recorded engine cannot answer")
            return self._shifted(self._library.answer(asked.target), below)
        if asked.method not in ("POST", "PUT", "DELETE"):
            return Answer(status=405, reason="Method Not Allowed", headers=(("Allow", "HEAD, GET"),))
        recorded = self._library.refusal(asked.method, asked.target)
        text = f"Read-only: {asked.method} {below} is not carried out by a recording"
        return recorded or fault(501, text, "This recorded engine cannot act")

    def _shifted(self, answer: Answer, below: str) -> Answer:
        if self._now is None or below not in ("/api", "/api/v4"):
            return answer
        moment = self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = _TIME.sub(b"<time>%s</time>" % moment.encode(), answer.body)
        return msgspec.structs.replace(answer, body=body)


@contextlib.contextmanager
def serve(
    paths: str | Path | Iterable[str | Path],
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    username: str = "admin@internal",
    password: str = "recorded",  # noqa: S107 - the recorded engine's, no secret
    tls: Tls | None = None,
    shift_time: bool = False,
    now: Callable[[], datetime] | None = None,
    faults: Iterable[Fault] | str = (),
    empty: Iterable[str] = (),
    vms: int | None = None,
) -> Iterator[RecordedEngine]:
    """Serves cassettes as a read-only engine on `engine.url` until the block ends.

    Args:
      paths (cassettes, or folders of them in the order of their names; earlier ones win),
      port (0: any free one), username and password (all others are refused as the engine refuses them),
      tls (plain HTTP without), shift_time (`/api` tells the present instead of the recorded time, so that a
      client's clock seems right; every other time stays as recorded, so events and uptimes look old),
      now (the present, for tests), faults (see `faults`, or the name of a personality there),
      empty (relations that read as empty where they were not recorded: made up, for measurements),
      vms (lists of VMs and disks grown to this many VMs by copying: made up, for measurements).
    Raises: CassetteError for files that cannot be read.
    """
    files = cassette_files(paths)
    library = Library((_exchanges(file, file.stat().st_mtime_ns) for file in files), empty=empty)
    chosen = PERSONALITIES[faults] if isinstance(faults, str) else tuple(faults)
    clock = now if now is not None else (lambda: datetime.now(UTC)) if shift_time else None
    engine = RecordedEngine(
        Multiplied(library, vms=vms) if vms is not None else library,
        Door(username=username, password=password),
        faults=chosen,
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


def _server(address: tuple[str, int], engine: RecordedEngine) -> socketserver.TCPServer:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            engine.converse(self.request)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = True
        request_queue_size = 128

    return Server(address, Handler)
