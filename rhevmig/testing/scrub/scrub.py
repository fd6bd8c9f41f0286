"""Makes an existing cassette fit to be shared: secrets out, stand-ins in for what tells the site."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from rhevmig.recordings.cassette_file import read_document, write_document
from rhevmig.testing.recording_lock import RecordingLock
from rhevmig.testing.scrub.pseudonyms import Pseudonyms
from rhevmig.testing.scrub.secrets import FoundSecret, Hiding, find_secrets


def scrub_file(
    path: Path, *, output: Path | None = None, pseudonyms: Pseudonyms | None = None
) -> tuple[FoundSecret, ...]:
    """Hides what is secret in a cassette and writes it back, or to `output`; returns what was found.

    Raises: CassetteError where it cannot be read or written, or is being recorded to.
    """
    lock = RecordingLock(output or path)
    lock.take()
    try:
        document = read_document(path)
        found = tuple(find_secrets(document["interactions"]))
        write_document(output or path, scrub(document, pseudonyms=pseudonyms))
    finally:
        lock.release()
    return found


def scrub(document: dict[str, Any], *, pseudonyms: Pseudonyms | None = None) -> dict[str, Any]:
    """A cassette's document without its secrets; the given one is left as it is."""
    hidden = copy.deepcopy(document)
    hiding = Hiding()
    # Twice: what a later exchange gives away as a secret may stand in the text of an earlier one.
    for _ in range(2):
        for interaction in hidden["interactions"]:
            _hide(hiding, interaction)
    return hidden if pseudonyms is None else pseudonyms.document(hidden)


def _hide(hiding: Hiding, interaction: dict[str, Any]) -> None:
    request, response = interaction["request"], interaction["response"]
    request["uri"] = hiding.uri(request["uri"])
    request["headers"] = hiding.headers(request.get("headers") or {})
    response["headers"] = hiding.headers(response.get("headers") or {})
    request["body"] = _same_kind(request.get("body"), hiding.request_body)
    content = response.get("body") or {}
    if content.get("string"):
        response["body"] = {**content, "string": _same_kind(content["string"], hiding.response_body)}


def _same_kind(body: Any, hide: Any) -> Any:
    if not body:
        return body
    if isinstance(body, bytes):
        return hide(body)
    return hide(str(body).encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
