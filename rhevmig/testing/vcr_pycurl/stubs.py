"""Stubs that let vcrpy see `pycurl.Curl` and `pycurl.CurlMulti`.

    my_vcr = vcr.VCR(custom_patches=vcr_pycurl.custom_patches())

`pycurl.Curl` and `pycurl.CurlMulti` are replaced while a cassette is in use. A program that looks them up
when it makes a handle, as the oVirt SDK does, runs unchanged. While recording, libcurl does the work; while
replaying, no socket is opened.
"""

from __future__ import annotations

import io
import threading
from collections import deque
from typing import Any, ClassVar, NoReturn

import pycurl
from vcr.errors import CannotOverwriteExistingCassetteException

from rhevmig.errors import CassetteError
from rhevmig.testing.vcr_pycurl.options import (
    INFOS,
    KNOWN,
    MULTI_KNOWN,
    RESPONSE_SINKS,
    UPLOAD_SOURCES,
    names_of,
)
from rhevmig.testing.vcr_pycurl.transfer import Collected, played_info, replay, request_of, upload_of

# The originals; the names in `pycurl` are replaced later.
_RealCurl = pycurl.Curl
_RealMulti = pycurl.CurlMulti

# vcrpy's cassettes count played exchanges without a lock.
_PLAYING = threading.Lock()


def custom_patches() -> tuple[tuple[Any, str, type], ...]:
    """The value of vcrpy's `custom_patches`."""
    return ((pycurl, "Curl", Curl), (pycurl, "CurlMulti", CurlMulti))


class Curl:
    """Replaces `pycurl.Curl`. vcrpy makes a subclass of it for each cassette."""

    #: The cassette in use; vcrpy sets it.
    cassette: ClassVar[Any] = None

    def __init__(self) -> None:
        self._real = _RealCurl()
        self._options: dict[int, Any] = {}
        self._played: dict[str, Any] | None = None
        self._collected: Collected | None = None
        self._upload: bytes | None = None
        self._request: Any = None
        self._closed = False

    def __repr__(self) -> str:
        return f"<pycurl.Curl object at {id(self):#x}>"

    def __enter__(self) -> Curl:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"the cassette's replacement of pycurl.Curl has no {name!r}")

    # ── options ──────────────────────────────────────────────────────────────────────────────────

    def setopt(self, option: int, value: Any) -> None:
        """As in pycurl: libcurl checks the value. An option that cassettes do not support is refused."""
        if option not in KNOWN:
            _unknown("option", option, "Curl")
        if option not in RESPONSE_SINKS and option not in UPLOAD_SOURCES:
            self._real.setopt(option, value)
        if value is None:
            self._options.pop(option, None)
        else:
            self._options[option] = value

    def setopt_string(self, option: int, value: str) -> None:
        """As in pycurl."""
        self.setopt(option, value)

    def unsetopt(self, option: int) -> None:
        """As in pycurl."""
        if option not in RESPONSE_SINKS and option not in UPLOAD_SOURCES:
            self._real.unsetopt(option)
        self._options.pop(option, None)

    def reset(self) -> None:
        """As in pycurl."""
        self._real.reset()
        self._options.clear()
        self._played = None

    def duphandle(self) -> Curl:
        """As in pycurl."""
        twin = type(self)()
        for option, value in self._options.items():
            twin.setopt(option, value)
        return twin

    def close(self) -> None:
        """As in pycurl."""
        self._closed = True
        self._options.clear()
        self._real.close()

    def closed(self) -> bool:
        """As in pycurl."""
        return self._closed

    # ── transferring ─────────────────────────────────────────────────────────────────────────────

    def perform(self) -> None:
        """Replays the recorded answer, or sends the request and records."""
        if self._closed:
            self._real.perform()  # raises pycurl's error
        response = self.take()
        if response is None:
            self.arm()
            try:
                self._real.perform()
            except pycurl.error as error:
                self.keep((int(error.args[0]), str(error.args[1])))
                raise
            self.keep(None)
            return
        failed = self.play(response)
        if failed is not None:
            raise pycurl.error(*failed)

    def perform_rb(self) -> bytes:
        """As in pycurl: performs and returns the body."""
        buffer = io.BytesIO()
        self.setopt(pycurl.WRITEFUNCTION, buffer.write)
        try:
            self.perform()
        finally:
            self.unsetopt(pycurl.WRITEFUNCTION)
        return buffer.getvalue()

    def perform_rs(self) -> str:
        """As in pycurl: performs and returns the body as text."""
        return self.perform_rb().decode()

    def getinfo(self, info: int) -> Any:
        """As in pycurl, for the fields that a cassette has."""
        if info not in INFOS:
            _unknown("info", info, "Curl")
        return self._real.getinfo(info) if self._played is None else self._played[INFOS[info]]

    getinfo_raw = getinfo

    def errstr(self) -> str:
        """As in pycurl."""
        return str(self._real.errstr()) if self._played is None else str(self._played.get("error", ""))

    # ── called by the multi handle ───────────────────────────────────────────────────────

    def take(self) -> Any:
        """The recorded answer to this handle's request; None where libcurl is to send it.

        Raises: vcrpy's CannotOverwriteExistingCassetteException where neither is possible.
        """
        cassette = self.cassette
        self._upload = upload_of(self._options)
        request = self._request = request_of(self._options, self._upload)
        take = getattr(cassette, "take", None)
        if take is not None:
            return take(request)
        with _PLAYING:
            if cassette.can_play_response_for(request):
                return cassette.play_response(request)
            if cassette.write_protected and cassette.filter_request(request):
                raise CannotOverwriteExistingCassetteException(cassette=cassette, failed_request=request)
        return None

    def play(self, response: Any) -> tuple[int, str] | None:
        """Passes a recorded answer to the callbacks; returns the recorded error of the transport."""
        self._played = played_info(response, self._options)
        failed = replay(response, self._options)
        if failed is not None:
            self._played["error"] = failed[1]
        return failed

    def arm(self) -> Any:
        """Puts the recorder in front of the callbacks and returns libcurl's handle."""
        self._played = None
        collected = self._collected = Collected(self._options)
        self._real.setopt(pycurl.WRITEFUNCTION, collected.body)
        self._real.setopt(pycurl.HEADERFUNCTION, collected.header)
        if self._upload is not None:
            self._real.setopt(pycurl.READFUNCTION, io.BytesIO(self._upload).read)
        return self._real

    def keep(self, error: tuple[int, str] | None) -> None:
        """Records a finished transfer."""
        collected, self._collected = self._collected, None
        if collected is None:
            return
        request, self._request = self._request, None
        response = collected.response(self._real, error)
        record = getattr(self.cassette, "record", None)
        if record is not None:
            record(request, response)
        else:
            with _PLAYING:
                self.cassette.append(request, response)


class CurlMulti:
    """Replaces `pycurl.CurlMulti`; handles without a stub are left to libcurl."""

    #: The cassette in use; vcrpy sets it. Each easy handle uses its own.
    cassette: ClassVar[Any] = None

    def __init__(self) -> None:
        self._real = _RealMulti()
        self._waiting: list[Curl] = []
        self._live: dict[Any, Curl] = {}
        self._done: deque[tuple[Curl, tuple[int, str] | None]] = deque()
        self._mine: set[Curl] = set()
        self._foreign = 0

    def __repr__(self) -> str:
        return f"<pycurl.CurlMulti object at {id(self):#x}>"

    def __enter__(self) -> CurlMulti:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"the cassette's stand-in for pycurl.CurlMulti has no {name!r}: "
            "event loops over sockets are not replayed"
        )

    def setopt(self, option: int, value: Any) -> None:
        """As in pycurl; what drives an event loop is refused, a replay has no sockets to watch."""
        if option not in MULTI_KNOWN:
            _unknown("option", option, "CurlMulti")
        self._real.setopt(option, value)

    def add_handle(self, handle: Any) -> None:
        """As in pycurl."""
        if not isinstance(handle, Curl):
            self._real.add_handle(handle)
            self._foreign += 1
        elif handle in self._mine:
            raise pycurl.error("curl object already on this multi-stack")
        else:
            self._mine.add(handle)
            self._waiting.append(handle)

    def remove_handle(self, handle: Any) -> None:
        """As in pycurl."""
        if not isinstance(handle, Curl):
            self._real.remove_handle(handle)
            self._foreign -= 1
            return
        if handle not in self._mine:
            raise pycurl.error("curl object not on this multi-stack")
        self._mine.discard(handle)
        if handle in self._waiting:
            self._waiting.remove(handle)
        self._done = deque(done for done in self._done if done[0] is not handle)
        real = next((real for real, mine in self._live.items() if mine is handle), None)
        if real is not None:
            del self._live[real]
            self._real.remove_handle(real)

    def perform(self) -> tuple[int, int]:
        """Plays what was recorded, hands the rest to libcurl; (status, handles still at it)."""
        while self._waiting:
            handle = self._waiting.pop(0)
            response = handle.take()
            if response is None:
                real = handle.arm()
                self._live[real] = handle
                self._real.add_handle(real)
            else:
                self._done.append((handle, handle.play(response)))
        if not self._live and not self._foreign:
            return 0, 0
        status, running = self._real.perform()
        return status, running

    def info_read(self, max_objects: int | None = None) -> tuple[int, list[Any], list[Any]]:
        """As in pycurl: (still queued, finished handles, failed handles with number and text)."""
        finished: list[Any] = []
        failed: list[Any] = []
        while self._done and (max_objects is None or len(finished) + len(failed) < max_objects):
            handle, error = self._done.popleft()
            if error is None:
                finished.append(handle)
            else:
                failed.append((handle, *error))
        queued = len(self._done)
        left = None if max_objects is None else max_objects - len(finished) - len(failed)
        if (self._live or self._foreign) and left != 0:
            more, ok, bad = self._real.info_read() if left is None else self._real.info_read(left)
            queued += more
            finished += [self._settled(real, None) for real in ok]
            failed += [(self._settled(real, (code, text)), code, text) for real, code, text in bad]
        return queued, finished, failed

    def select(self, timeout: float = 1.0) -> int:
        """As in pycurl, at once where nothing is under way."""
        if self._done or self._waiting or not (self._live or self._foreign):
            return 0
        return int(self._real.select(timeout))

    def fdset(self) -> tuple[list[int], list[int], list[int]]:
        """As in pycurl."""
        return self._real.fdset()  # type: ignore[no-any-return]

    def timeout(self) -> int:
        """As in pycurl; 0 where something is ready."""
        return 0 if self._done or self._waiting else int(self._real.timeout())

    def close(self) -> None:
        """As in pycurl."""
        for real in list(self._live):
            self._real.remove_handle(real)
        self._live.clear()
        self._waiting.clear()
        self._done.clear()
        self._mine.clear()
        self._real.close()

    def _settled(self, real: Any, error: tuple[int, str] | None) -> Any:
        """The user's handle for one that libcurl has finished, recorded."""
        handle = self._live.get(real)
        if handle is None:
            return real
        # libcurl keeps a finished handle on the stack until it is removed; so does `_mine`.
        handle.keep(error)
        return handle


def _unknown(kind: str, number: int, where: str) -> NoReturn:
    name = names_of(number, multi=where == "CurlMulti") or str(number)
    raise CassetteError(
        path="pycurl",
        detail=f"{kind} {name} of pycurl.{where} is not known to cassettes",
        remedy="It would be lost in a replay. Leave it out while a cassette is in use, or report it.",
    )
