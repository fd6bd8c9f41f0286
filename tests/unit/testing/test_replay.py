"""Which recorded answer a request gets, without a server."""

from __future__ import annotations

import pytest
from recordings import xml

from rhevmig.recordings.exchange import Exchange
from rhevmig.testing.replay import ReceivedRequest, Replay

API = "/ovirt-engine/api"


def status(replay: Replay, target: str, method: str = "GET", **headers: str) -> int:
    return replay.answer(ReceivedRequest(method=method, target=API + target, headers=headers)).status


def body(replay: Replay, target: str) -> bytes:
    return replay.answer(ReceivedRequest(method="GET", target=API + target)).body


def test_equal_requests_play_in_order_and_the_last_answer_stays() -> None:
    """A cassette of a poll is replayed poll by poll."""
    replay = Replay([[xml("/api/vms/x", "<vm>1</vm>"), xml("/api/vms/x", "<vm>2</vm>")]])
    assert [body(replay, "/vms/x")[-10:] for _ in range(3)] == [
        b"<vm>1</vm>",
        b"<vm>2</vm>",
        b"<vm>2</vm>",
    ]


def test_order_and_spelling_of_the_query_do_not_count() -> None:
    """The rules are those of cassettes; any other parameter makes another request."""
    replay = Replay([[xml("/api/vms?follow=nics%2Ctags&max=5", "<vms/>")]])
    assert status(replay, "/vms?max=5&follow=nics,tags") == 200
    assert status(replay, "/vms?max=6&follow=nics,tags") == 501
    assert status(replay, "/vms?follow=nics,tags") == 501
    assert status(replay, "/vms") == 501


def test_parameters_may_be_left_out_of_the_comparison() -> None:
    """`ignore_query` names what a program generates anew each time."""
    act = xml("/api/vms/x/migrate?correlation_id=1", "<action/>", method="POST")
    target = "/vms/x/migrate?correlation_id=2"
    assert status(Replay([[act]]), target, "POST") == 501
    assert status(Replay([[act]], ignore_query=["correlation_id"]), target, "POST") == 200


@pytest.mark.parametrize(
    "headers", [{"accept": "application/json"}, {"accept": "text/plain"}, {"version": "3"}]
)
def test_the_media_type_and_the_api_version_count(headers: dict[str, str]) -> None:
    """An answer in XML is none to a request for JSON."""
    replay = Replay([[xml("/api/vms", "<vms/>")]])
    assert status(replay, "/vms", **headers) == 501
    for usual in ({}, {"accept": "application/xml"}, {"accept": "*/*"}, {"version": "4"}):
        assert status(replay, "/vms", **usual) == 200


def test_an_earlier_cassette_hides_the_same_request_in_later_ones() -> None:
    """All answers to one request come from one cassette."""
    replay = Replay([[xml("/api", "<a/>")], [xml("/api", "<b/>"), xml("/api/vms", "<vms/>")]])
    assert b"<a/>" in body(replay, "")
    assert b"<a/>" in body(replay, "")
    assert b"<vms/>" in body(replay, "/vms")


def test_a_transfer_that_failed_is_no_answer() -> None:
    """An exchange without a response is not replayed."""
    failed = Exchange(method="GET", uri=f"https://e{API}/vms", status=0)
    assert status(Replay([[failed]]), "/vms") == 501
    assert b"closest" not in body(Replay([[failed]]), "/vms")
