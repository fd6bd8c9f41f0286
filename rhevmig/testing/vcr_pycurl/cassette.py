"""`cassette(...)` and `vcr()`: vcrpy with pycurl stubs, the matching rules of engines, and no secrets."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import vcr as vcrpy
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request

from rhevmig.errors import CassetteError
from rhevmig.testing.recording_lock import RecordingLock
from rhevmig.testing.scrub.pseudonyms import Pseudonyms
from rhevmig.testing.scrub.secrets import SecretHiding, body_bytes, content_type_of
from rhevmig.testing.vcr_pycurl.matching import MATCH_ON, Matching, body_of
from rhevmig.testing.vcr_pycurl.persister import Persister
from rhevmig.testing.vcr_pycurl.stubs import custom_patches

# Secrets in a longer answer are searched for when the cassette is saved, not while the program waits.
_LARGE = 4096


class EngineCassette(Cassette):  # type: ignore[misc]
    """vcrpy's Cassette with an index: a replayed call costs the same in a long cassette. Thread-safe."""

    def __init__(
        self, path: str, *, rules: Matching, hiding: SecretHiding | None, filters: bool = True, **options: Any
    ) -> None:
        super().__init__(path, **options)
        self._rules = rules
        self._hiding = hiding
        self._filters = filters
        self._to_hide: list[dict[str, Any]] = []
        self._recorded_from = 0
        self._lock = threading.RLock()
        self._indexed = 0
        self._all: dict[Any, list[int]] = {}
        self._unplayed: dict[Any, deque[int]] = {}
        self._recording_lock = RecordingLock(Path(path)) if self._may_record(path) else None
        if self._recording_lock is not None:
            self._recording_lock.take()

    def _may_record(self, path: str) -> bool:
        mode = getattr(self.record_mode, "value", self.record_mode)
        return mode in ("all", "any", "new_episodes") or (mode == "once" and not Path(path).exists())

    # ── playing ──────────────────────────────────────────────────────────────────────────────────

    def take(self, request: Request) -> dict[str, Any] | None:
        """The next recorded answer to this request, marked as played; None where libcurl is to send it.

        Raises: vcrpy's CannotOverwriteExistingCassetteException with the closest request and the difference.
        """
        with self._lock:
            asked = self._before_record_request(request)
            if not asked:
                return None
            if self._plays():
                index = self._next_unplayed(self._rules.key(asked))
                if index is not None:
                    return self._play(index)
            if self.write_protected:
                raise CannotOverwriteExistingCassetteException(cassette=self, failed_request=request)
            return None

    def record(self, request: Request, response: dict[str, Any]) -> None:
        """Keeps a new exchange; request and response may be changed here."""
        with self._lock:
            if self._filters:
                self.append(request, response)
            else:
                self._keep(request, response)

    def append(self, request: Request, response: dict[str, Any]) -> None:
        """As in vcrpy; secrets are hidden before anything is kept."""
        with self._lock:
            kept = self._before_record_request(request)
            answer = self._before_record_response(_copied(response)) if kept else None
            if answer is None:
                return
            self._keep(Request(kept.method, kept.uri, body_of(kept), kept.headers), answer)

    def _keep(self, request: Request, response: dict[str, Any]) -> None:
        if self._hiding is not None:
            _hide_request(self._hiding, request)
            if not _hide_response(self._hiding, response, now=False):
                self._to_hide.append(response)
        self.data.append((request, response))
        self.dirty = True

    def hide(self) -> None:
        """Hides the secrets of large answers, before anything is saved."""
        with self._lock:
            if self._hiding is None:
                return
            while self._to_hide:
                _hide_response(self._hiding, self._to_hide.pop(), now=True)
            for request, response in self.data[self._recorded_from :]:
                _hide_known(self._hiding, request, response)

    def rewind(self) -> None:
        """As in vcrpy."""
        with self._lock:
            super().rewind()
            self._unplayed = {key: deque(indexes) for key, indexes in self._all.items()}

    def unplayed(self) -> list[Request]:
        """Recorded requests that were not sent, in order."""
        return [request for index, (request, _) in enumerate(self.data) if not self.play_counts[index]]

    def _plays(self) -> bool:
        mode = getattr(self.record_mode, "value", self.record_mode)
        return mode != "all" and (self.rewound or self.allow_playback_repeats)

    def _next_unplayed(self, key: Any) -> int | None:
        self._index()
        waiting = self._unplayed.get(key)
        while waiting:
            index = waiting.popleft()
            if not self.play_counts[index]:
                return index
        return self._all[key][0] if self.allow_playback_repeats and key in self._all else None

    def _play(self, index: int) -> dict[str, Any]:
        request, response = self.data[index]
        if not self.play_counts[index] and index < getattr(self, "_loaded_count", len(self.data)):
            self._played_interactions.append((request, response))
        self.play_counts[index] += 1
        return response  # type: ignore[no-any-return]

    def _index(self) -> None:
        for index in range(self._indexed, len(self.data)):
            key = self._rules.key(self.data[index][0])
            self._all.setdefault(key, []).append(index)
            self._unplayed.setdefault(key, deque()).append(index)
        self._indexed = len(self.data)

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────

    def _load(self) -> None:
        mode = getattr(self.record_mode, "value", self.record_mode)
        if mode == "none" and not Path(self._path).exists():
            raise CassetteError(
                path=str(self._path),
                detail="no such cassette, and record mode none records nothing",
                remedy="Record it: record_mode='once', or pytest --record-cassettes=once.",
            )
        try:
            super()._load()
        except BaseException:
            self.release()
            raise
        self._recorded_from = len(self.data)
        if mode == "all" and self.drop_unused_requests:
            # Before version 9 of vcrpy, old exchanges stayed in the file.
            self.data.clear()
            self._recorded_from = 0
            self._old_interactions.clear()
            self._loaded_count = 0

    def _save(self, force: bool = False) -> None:
        try:
            self.hide()
            super()._save(force)
        finally:
            self.release()

    def release(self) -> None:
        """Lets other processes record to the file."""
        if self._recording_lock is not None:
            self._recording_lock.release()


class EngineVCR(vcrpy.VCR):  # type: ignore[misc]
    """vcrpy's VCR, configured for engines.

    Args:
        scrub: hide secrets before they are kept.
        secrets: refuse or allow a cassette that contains secrets.
        pseudonyms: replace names, addresses and serials when saving.
        ignore_query: parameters that do not count.
        options: those of vcrpy's VCR.
    """

    def __init__(
        self,
        *,
        scrub: bool = True,
        secrets: Literal["refuse", "allow"] = "refuse",
        pseudonyms: Pseudonyms | bool = False,
        ignore_query: Iterable[str] = (),
        **options: Any,
    ) -> None:
        patches = (*options.pop("custom_patches", ()), *custom_patches())
        super().__init__(custom_patches=patches, match_on=options.pop("match_on", MATCH_ON), **options)
        self._scrub, self._secrets = scrub, secrets
        self._pseudonyms = Pseudonyms() if pseudonyms is True else pseudonyms or None
        self._rules = Matching(ignore_query=ignore_query)
        for name, matcher in self._rules.matchers().items():
            self.register_matcher(name, matcher)

    def _use_cassette(self, with_current_defaults: bool = False, **kwargs: Any) -> Any:
        if with_current_defaults:
            return EngineCassette.use(**self.get_merged_config(**kwargs))
        return EngineCassette.use_arg_getter(functools.partial(self.get_merged_config, **kwargs))

    def get_merged_config(self, **kwargs: Any) -> dict[str, Any]:
        """The settings of vcrpy and of engines, for one cassette."""
        config: dict[str, Any] = super().get_merged_config(**kwargs)
        config["rules"] = self._rules
        config["hiding"] = SecretHiding() if self._scrub else None
        config["filters"] = self._filters(kwargs)
        if not config["filters"]:
            # Otherwise vcrpy copies each request deeply, for filters that do not exist.
            config["before_record_request"] = config["before_record_response"] = None
        config["persister"] = Persister(
            secrets=self._secrets,
            change=None if self._pseudonyms is None else self._pseudonyms.document,
        )
        return config

    def _filters(self, kwargs: Mapping[str, Any]) -> bool:
        names = (
            "filter_headers", "filter_query_parameters", "filter_post_data_parameters",
            "before_record_request", "ignore_hosts", "ignore_localhost", "before_record_response",
            "decode_compressed_response",
        )  # fmt: skip
        return any(kwargs.get(name, getattr(self, name, None)) for name in names) or "before_record" in kwargs


def vcr(**options: Any) -> EngineVCR:
    """A `vcr.VCR` that records pycurl, compares requests by the rules of engines and hides secrets."""
    return EngineVCR(**options)


@contextlib.contextmanager
def cassette(
    path: str | Path,
    *,
    record_mode: Literal["none", "once", "new_episodes", "all"] = "once",
    allow_playback_repeats: bool = False,
    **options: Any,
) -> Iterator[EngineCassette]:
    """Replays `path` where it exists and records it where it does not; yields vcrpy's Cassette.

    Args:
        record_mode: as in vcrpy: `none` only replays, `all` records again.
        allow_playback_repeats: as in vcrpy; by default each recorded answer is played once, in order.
        options: those of `EngineVCR`.

    Raises: CassetteError where the file cannot be used.

    >>> with cassette("tests/cassettes/start-vm.yaml"):  # doctest: +SKIP
    ...     connection.system_service().vms_service().list(search="name=web01")
    """
    inner = {name: options.pop(name) for name in ("drop_unused_requests",) if name in options}
    recorder = vcr(**options).use_cassette(
        str(path), record_mode=record_mode, allow_playback_repeats=allow_playback_repeats, **inner
    )
    used: EngineCassette | None = None
    try:
        with recorder as used:
            yield used
    finally:
        if used is not None:
            used.release()


def _copied(response: dict[str, Any]) -> dict[str, Any]:
    """A copy of the parts that filters change; bodies are bytes and are not copied."""
    copied = dict(response)
    for name in ("status", "headers", "body"):
        if isinstance(copied.get(name), Mapping):
            copied[name] = dict(copied[name])
    return copied


def _hide_request(hiding: SecretHiding, request: Request) -> None:
    content_type = content_type_of(request.headers)
    uri = hiding.uri(request.uri)
    if uri != request.uri:
        request.uri = uri
    request.headers = hiding.headers(request.headers)
    if request.body:
        request.body = hiding.body(body_of(request) or b"", content_type)


def _hide_response(hiding: SecretHiding, response: dict[str, Any], *, now: bool) -> bool:
    """Hides secrets in an answer; false where its body is large and not to be searched `now`."""
    headers = response.get("headers") or {}
    response["headers"] = hiding.headers(headers)
    content = response.get("body") or {}
    data = body_bytes(content)
    if len(data) > _LARGE and not now:
        return False
    if data:
        response["body"] = {**content, "string": hiding.body(data, content_type_of(headers))}
    return True


def _hide_known(hiding: SecretHiding, request: Request, response: dict[str, Any]) -> None:
    """Hides what became known as a secret only after this exchange."""
    request.uri = hiding.without_known(request.uri.encode()).decode()
    if isinstance(request.body, bytes):
        request.body = hiding.without_known(request.body)
    content = response.get("body") or {}
    response["body"] = {**content, "string": hiding.without_known(body_bytes(content))}
