"""Makes an existing cassette fit to be shared: without secrets, with pseudonyms for the site's names."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec

from rhevmig.recordings.cassette_file import read_document, write_document
from rhevmig.testing.recording_lock import RecordingLock
from rhevmig.testing.scrub.pseudonyms import Pseudonyms
from rhevmig.testing.scrub.secrets import (
    FoundSecret,
    SecretHiding,
    UnsearchedBody,
    body_bytes,
    content_type_of,
    search,
)


class ScrubReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was hidden, and what could not be searched."""

    hidden: tuple[FoundSecret, ...]
    #: Their structure could not be read: look through them before you share the cassette.
    unsearched: tuple[UnsearchedBody, ...]
    #: Names, addresses and other values of the site that have pseudonyms now; None without pseudonyms.
    replaced: int | None = None


def scrub_file(
    path: Path, *, output: Path | None = None, pseudonyms: Pseudonyms | None = None
) -> ScrubReport:
    """Hides the secrets of a cassette and writes it back, or to `output`.

    Raises: CassetteError where it cannot be read or written, or is being recorded to.
    """
    lock = RecordingLock(output or path)
    lock.take()
    try:
        document = read_document(path)
        interactions = document["interactions"]
        hidden, unsearched = search(interactions)
        write_document(output or path, scrub(document, pseudonyms=pseudonyms))
    finally:
        lock.release()
    replaced = None if pseudonyms is None else pseudonyms.replaced
    return ScrubReport(hidden=hidden, unsearched=unsearched, replaced=replaced)


def scrub(document: dict[str, Any], *, pseudonyms: Pseudonyms | None = None) -> dict[str, Any]:
    """A cassette's document without its secrets; the given one is not changed."""
    hidden = copy.deepcopy(document)
    hiding = SecretHiding()
    # Twice: a value that is a secret in a later exchange may occur in the text of an earlier one.
    for _ in range(2):
        for interaction in hidden["interactions"]:
            hide_interaction(hiding, interaction)
    return hidden if pseudonyms is None else pseudonyms.document(hidden)


def hide_interaction(hiding: SecretHiding, interaction: dict[str, Any]) -> None:
    """Hides the secrets of one exchange in place."""
    request, response = interaction["request"], interaction["response"]
    request["uri"] = hiding.uri(str(request["uri"]))
    for message in (request, response):
        headers = message.get("headers") or {}
        message["headers"] = hiding.headers(headers)
        message["body"] = _hidden_body(hiding, message.get("body"), content_type_of(headers))


def _hidden_body(hiding: SecretHiding, body: Any, content_type: str) -> Any:
    if isinstance(body, dict):
        return {**body, "string": _hidden_body(hiding, body.get("string"), content_type)}
    if not body:
        return body
    data = body_bytes(body)
    hidden = hiding.body(data, content_type)
    if hidden == data:
        return body
    return hidden if isinstance(body, bytes) else hidden.decode("utf-8", "surrogateescape")
