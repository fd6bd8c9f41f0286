"""Which requests count as the same."""

from __future__ import annotations

import pytest
from vcr.request import Request

from rhevmig.testing.vcr_pycurl.matching import Matching

URL = "https://engine.lab.example/ovirt-engine"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def request(path: str, body: object = None, method: str = "GET", **headers: str) -> Request:
    return Request(method, path if "://" in path else URL + path, body, headers)


SAME = {
    "host and port": (request("/api/vms"), request("http://127.0.0.1:8080/ovirt-engine/api/vms/")),
    "order of the query": (request("/api/vms?max=1&follow=nics"), request("/api/vms?follow=nics&max=1")),
    "spelling of the query": (request("/api/vms?search=a%3Db"), request("/api/vms?search=a=b")),
    "indentation of XML": (
        request("/x", "<action>\n  <reason>r</reason>\n</action>\n", "POST"),
        request("/x", b"<action><reason>r</reason></action>", "POST"),
    ),
    "order of attributes": (
        request("/x", "<a b='1' c='2'/>", "PUT"),
        request("/x", '<a c="2" b="1"></a>', "PUT"),
    ),
    "password in a form": (
        request("/sso/oauth/token", "username=a&password=one", "POST"),
        request("/sso/oauth/token", "username=a&password=SCRUBBED", "POST"),
    ),
    "token in a form, any placeholder": (
        request("/services/sso-logout", "scope=s&token=abc", "POST"),
        request("/services/sso-logout", "token=%3CTOKEN%3E&scope=s", "POST"),
    ),
    "password in XML": (
        request("/x", "<host><root_password>a</root_password></host>", "POST"),
        request("/x", "<host><root_password>SCRUBBED</root_password></host>", "POST"),
    ),
    "secret in JSON": (
        request("/x", '{"a": 1, "password": "x"}', "POST"),
        request("/x", '{"password":"y","a":1}', "POST"),
    ),
    "headers": (request("/api"), request("/api", Authorization="Bearer x")),
    "body of a GET": (request("/api", "x"), request("/api")),
    "token in the query": (request("/api?token=a&b=1"), request("/api?b=1&token=z")),
}
DIFFERENT = {
    "method": (request("/api/vms"), request("/api/vms", method="DELETE")),
    "path": (request("/api/vms/1"), request("/api/vms/2")),
    "query": (request("/api/vms?max=1"), request("/api/vms?max=2")),
    "body": (
        request("/x", "<action><host id='1'/></action>", "POST"),
        request("/x", "<action><host id='2'/></action>", "POST"),
    ),
    "user name": (
        request("/sso/oauth/token", "username=a&password=x", "POST"),
        request("/sso/oauth/token", "username=b&password=x", "POST"),
    ),
    "correlation id": (
        request("/x?correlation_id=1", method="POST"),
        request("/x?correlation_id=2", method="POST"),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_same(name: str) -> None:
    """Requests that differ only in what must not count have one key, and no matcher complains."""
    one, other = SAME[name]
    rules = Matching()
    assert rules.key(one) == rules.key(other)
    for matcher in rules.matchers().values():
        matcher(one, other)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    """Requests that mean something else have two keys, and a matcher says what differs."""
    one, other = DIFFERENT[name]
    rules = Matching()
    assert rules.key(one) != rules.key(other)
    said = []
    for matcher in rules.matchers().values():
        try:
            matcher(one, other)
        except AssertionError as differs:
            said.append(str(differs))
    assert len(said) == 1
    assert "recorded" in said[0]


def test_ignored_parameters_do_not_count_inside_a_search_either() -> None:
    """A program that draws a new correlation id each time can still be replayed."""
    rules = Matching(ignore_query=["correlation_id"])
    assert rules.key(request("/x?correlation_id=a", method="POST")) == rules.key(request("/x", method="POST"))
    one = request("/api/events?search=correlation_id%3Da+and+type%3D63")
    other = request("/api/events?search=correlation_id%3Dbb+and+type%3D63")
    assert rules.key(one) == rules.key(other)
    assert rules.key(one) != rules.key(request("/api/events?search=correlation_id%3Da+and+type%3D62"))


@pytest.mark.parametrize("body", [b"<cut", b"{cut", b"\xff\xfe", b"a=b=c&&&"])
def test_bodies_that_do_not_parse_are_compared_as_they_are(body: bytes) -> None:
    """A damaged body matches itself and nothing else."""
    rules = Matching()
    assert rules.key(request("/x", body, "POST")) == rules.key(request("/x", body, "POST"))
    assert rules.key(request("/x", body, "POST")) != rules.key(request("/x", body + b"!", "POST"))
