"""A TCP relay in front of the server that makes connections fail: refused, reset, silent, cut, lost.

The server announces the fate of an answer (`LabResponse.fate`) before it sends it. The relay identifies the
connection by the port that the server sees, and lets the bytes pass, drops them or cuts them off.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from contextlib import suppress
from typing import Literal

from rhevmig.errors import LabError

#: Treatment of new connections.
Mode = Literal["pass", "refuse", "reset", "silent"]
#: Fate of one answer: the connection breaks before it arrives (lost, reset), it never arrives (silent), or
#: it ends in the middle (cut).
Fate = Literal["", "lost", "reset", "silent", "cut"]

_RESET = struct.pack("ii", 1, 0)
#: Bytes of an answer that still arrive when it is cut: TLS record included, less than any list of VMs.
CUT_AFTER_BYTES = 1400


class _Connection:
    """One client's connection and its other half to the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.port: int = server.get_extra_info("sockname")[1]
        self.fate: Fate = ""
        self.passed_bytes = 0

    def reset(self) -> None:
        """Reset the client's connection."""
        _abort(self.client)
        self.server.transport.abort()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Reset a connection; one that is closed stays closed."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    with suppress(OSError):
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


class Relay:
    """Listens on a separate port and forwards to the server."""

    def __init__(self, target_port: int, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.target_port = target_port
        self.host = host
        self.port = port
        self.mode: Mode = "pass"
        self._connections: dict[int, _Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._error: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._run, name="rhevmig-relay", daemon=True)

    def start(self) -> Relay:
        """Begin to listen; returns once it does."""
        self._thread.start()
        self._ready.wait(10)
        if self._error is not None:
            raise LabError(detail=f"cannot listen on {self.host} port {self.port}: {self._error.strerror}")
        return self

    def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def switch(self, mode: Mode) -> None:
        """Set the mode of new connections; open ones are reset unless it is `pass` or `silent`."""
        self.mode = mode
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._apply_mode(), self._loop).result(10)

    def doom(self, port: int, fate: Fate) -> None:
        """Set the fate of the next answer on the connection that the server sees from that port."""
        connection = self._connections.get(port)
        if connection is not None:
            connection.fate = fate
            connection.passed_bytes = 0

    # -- inside the thread

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self._listen()
        except OSError as error:
            self._error = error
            self._ready.set()
            return
        self._ready.set()
        await self._stopping.wait()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections.values()):
            connection.reset()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _apply_mode(self) -> None:
        if self.mode != "pass":
            for connection in list(self._connections.values()):
                if self.mode != "silent":
                    connection.reset()
        if self.mode == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
        elif self.mode != "refuse" and self._server is None:
            await self._listen()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connect(reader, writer)
        finally:
            self._tasks.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "reset":
            _abort(writer)
            return
        try:
            inner_reader, inner_writer = await asyncio.open_connection(self.host, self.target_port)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, inner_writer)
        self._connections[connection.port] = connection
        requests = asyncio.create_task(self._requests(reader, inner_writer))
        try:
            await self._answers(connection, inner_reader)
        finally:
            requests.cancel()
            self._connections.pop(connection.port, None)
            for end in (writer, inner_writer):
                end.close()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                if self.mode != "silent":
                    writer.write(data)
                    await writer.drain()
            writer.close()
        except (OSError, asyncio.CancelledError):
            return

    async def _answers(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(65_536):
                if not await self._pass_on(connection, data):
                    return
        except OSError:
            connection.reset()

    async def _pass_on(self, connection: _Connection, data: bytes) -> bool:
        """Write what may pass; False when the connection has ended."""
        fate = connection.fate
        if self.mode == "silent" or fate == "silent":
            return True
        if fate in ("lost", "reset"):
            connection.reset()
            return False
        if fate == "cut":
            left = CUT_AFTER_BYTES - connection.passed_bytes
            connection.passed_bytes += len(data)
            connection.client.write(data[: max(0, left)])
            await connection.client.drain()
            if connection.passed_bytes >= CUT_AFTER_BYTES:
                connection.client.close()
                return False
            return True
        connection.client.write(data)
        await connection.client.drain()
        return True
