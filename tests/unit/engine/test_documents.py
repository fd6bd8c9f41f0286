"""XML before the SDK parses it: in linear time, and without a line of libxml2 on the terminal."""

from __future__ import annotations

import time

import pytest

from rhevmig.engine.documents import outermost, without_links
from rhevmig.engine.error_mapping import error_of_answer
from rhevmig.engine.request import EngineAnswer, EngineRequest
from rhevmig.engine.sdk_connection import elements
from rhevmig.errors import EngineUnavailable, NotAnEngine, RhevmigError

REQUEST = EngineRequest(url="https://engine.example/ovirt-engine/api", path="vms")


def test_links_and_actions_go() -> None:
    """What is left is the document without them; text that looks like them stays."""
    links = b'<actions><link href="/a"/></actions><link href="/b" rel="c"/> '
    xml = b"<vms><vm>%s<name>&lt;link/></name></vm></vms>"
    assert without_links(xml % links) == xml % b""
    assert without_links(b"<vms><actions><vm/></vms>") == b"<vms><actions><vm/></vms>"


@pytest.mark.parametrize(
    "piece", [b"<actions>", b"<link ", b"<link href='", b"<a>", b"</actions>", b"<![CDATA["]
)
def test_time_is_in_proportion_to_length(piece: bytes) -> None:
    """Two megabytes of a piece that never ends are refused at once, not after minutes."""
    content = b"<vms>" + piece * (2_000_000 // len(piece))
    start = time.process_time()
    with pytest.raises(RhevmigError):
        list(elements(content, REQUEST, tag="vms"))
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<vms><vm></vms>", "not well-formed"),
        (b"<vms><vm>&undefined;</vm></vms>", "not well-formed"),
        (b"<vms/><vms/>", "not well-formed"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><vms>&a;</vms>", "document type"),
        (b"<a>" * 300 + b"</a>" * 300, "nested too deeply"),
        (b"<html><body/></html>", "begins with <html>"),
    ],
)
def test_a_wrong_document(content: bytes, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    """It is named for what it is, without lines of libxml2; of a known engine it is a passing fault."""
    for known, kind in ((False, NotAnEngine), (True, EngineUnavailable)):
        with pytest.raises(kind, match=words) as caught:
            list(elements(content, REQUEST, tag="vms", known=known))
        assert "restarting" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_document_that_ends_too_early() -> None:
    """A cut document is named as that, and can be read again."""
    with pytest.raises(EngineUnavailable, match="ends early"):
        outermost(b"<vms><vm><name>a", REQUEST, known=False)


def test_a_page_where_an_engine_was() -> None:
    """One HTML page with status 200, or a redirect, of a known engine is a passing fault like HTTP 503."""
    for code, location in ((200, None), (302, "https://login.example"), (403, None)):
        page = EngineAnswer(status_code=code, content_type="text/html", location=location, body=b"<html/>")
        assert isinstance(error_of_answer(page, REQUEST, known=False), NotAnEngine)
        passing = error_of_answer(page, REQUEST, known=True)
        assert isinstance(passing, EngineUnavailable)
        assert passing.retryable


def test_a_fault_is_bounded() -> None:
    """The text of a fault is cut, and a fault of very many or very deep elements is not read at all."""
    text = b"x" * 3_000_000
    for body, longest in (
        (b"<fault><detail>" + text + b"</detail></fault>", 4_100),
        (b"<fault>" + b"<a/>" * 200_000 + b"<detail>no</detail></fault>", 300),
        (b"<a>" * 100_000, 300),
    ):
        answer = EngineAnswer(status_code=409, content_type="application/xml", body=body)
        found = error_of_answer(answer, REQUEST)
        assert found is not None
        assert len(found.message) < longest


def test_values_that_no_engine_sends() -> None:
    """Of an engine that answered before, an unreadable value is a passing fault; else it is not an engine."""
    content = b"<vms><vm><memory>abc</memory></vm></vms>"
    for known, kind in ((False, NotAnEngine), (True, EngineUnavailable)):
        with pytest.raises(kind, match="cannot be read"):
            list(elements(content, REQUEST, tag="vms", known=known))
