"""The HTTPS server around the engine: uvicorn in a thread, passing one request at a time to the engine."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import uvicorn

from rhevmig.errors import LabError
from rhevmig.lab.http.relay import Relay
from rhevmig.lab.http.request import BODY_LIMIT_BYTES, LabRequest, LabResponse
from rhevmig.lab.http.tls import Authority
from rhevmig.lab.state.store import World

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Real seconds between checks of the agenda, so that time passes without requests.
_TICK_S = 0.02
_GZIP_FROM_BYTES = 2048


class ServedEngine(Protocol):
    """What the server needs from an engine."""

    world: World
    #: Held while requests are answered or planned acts run.
    lock: AbstractContextManager[Any, bool | None]
    #: Lets new connections pass, or has them refused.
    gate: Callable[[bool], None]

    def handle(self, request: LabRequest) -> LabResponse:
        """Answer one request."""


class Server:
    """Serves one engine on one port."""

    def __init__(
        self, engine: ServedEngine, authority: Authority, *, host: str, port: int, directory: Path
    ) -> None:
        self.engine = engine
        self.host = host
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.name = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0") else host  # noqa: S104
        certificate, key = authority.issue(
            directory, "localhost", "127.0.0.1", "::1", *({host} - {"127.0.0.1", "::1"})
        )
        config = uvicorn.Config(
            self._application,
            ssl_certfile=str(certificate),
            ssl_keyfile=str(key),
            log_level="critical",
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            access_log=False,
            server_header=False,
            timeout_keep_alive=600,
            timeout_graceful_shutdown=1,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="rhevmig-lab", daemon=True)
        # In front of the server if connections are to fail.
        self.relay: Relay | None = None
        engine.gate = self._gate

    def start(self) -> None:
        """Begin to serve; returns once requests are answered."""
        self._thread.start()
        while not self._uvicorn.started:
            self._thread.join(0.005)
            if not self._thread.is_alive():
                raise LabError(detail="the lab's server did not start")

    def stop(self) -> None:
        """Stop serving."""
        self._uvicorn.should_exit = True
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        ticking = asyncio.create_task(self._tick())
        try:
            await self._uvicorn.serve(sockets=[self._socket])
        finally:
            ticking.cancel()
            self._socket.close()

    def _gate(self, is_open: bool) -> None:
        if self.relay is not None and not self._uvicorn.should_exit:
            self.relay.switch("pass" if is_open else "refuse")

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            due_s = self.engine.world.agenda.next_at_s
            if due_s is not None and due_s <= self.engine.world.clock.running_s:
                with self.engine.lock:
                    self.engine.world.agenda.run_due()

    async def _application(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        announced = headers.get("content-length", "0")
        is_large = announced.isdigit() and int(announced) > BODY_LIMIT_BYTES
        body = None if is_large else await _body(receive)
        client = scope.get("client") or ("127.0.0.1", 0)
        if body is None:
            await _answer(send, LabResponse(413, b"", [("Connection", "close")]), headers, scope["method"])
            return
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        request = LabRequest(
            scope["method"], path, scope["query_string"].decode("latin-1"), headers, body, client=client[0]
        )
        request.port = client[1]
        response = self.engine.handle(request)
        if response.delay_s:
            await asyncio.sleep(response.delay_s)
        if response.fate:
            if self.relay is None:
                raise ConnectionAbortedError(response.fate)
            self.relay.doom(request.port, response.fate)
        await _answer(send, response, request.headers, request.method)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with an explicit protocol asyncio sets TCP_NODELAY; without it each answer takes 40 ms longer
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise LabError(detail=f"cannot listen on {host} port {port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


async def _body(receive: _Receive) -> bytes | None:
    """The whole body; None if it is larger than the limit."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: _Send, response: LabResponse, headers: dict[str, str], method: str) -> None:
    body = response.body
    sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if len(body) >= _GZIP_FROM_BYTES and "gzip" in headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=1)
        sent.append((b"content-encoding", b"gzip"))
    sent.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": sent})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
