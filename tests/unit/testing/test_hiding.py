"""Secrets: none gets in, and those that are in already are found."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rhevmig.errors import CassetteError
from rhevmig.testing.scrub.scrub import scrub, scrub_file
from rhevmig.testing.scrub.secrets import Hiding, find_secrets
from rhevmig.testing.vcr_pycurl.persister import refuse_secrets

TOKEN = "Zo0nVtM9wq-7hKx_SECRET-token-1234567890"
PASSWORD = "Tr0ub4dor&3"


def exchange(**changes: Any) -> dict[str, Any]:
    """A harmless exchange but for the change."""
    whole: dict[str, Any] = {
        "request": {"method": "GET", "uri": "https://e/ovirt-engine/api", "body": None, "headers": {}},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "<api/>"}},
    }
    for path, value in changes.items():
        side, name = path.split("__")
        whole[side][name] = {"string": value} if (side, name) == ("response", "body") else value
    return whole


SECRETS = {
    "request header Authorization": exchange(request__headers={"Authorization": [f"Bearer {TOKEN}"]}),
    "request header Cookie": exchange(request__headers={"Cookie": [f"JSESSIONID={TOKEN}"]}),
    "response header Set-Cookie": exchange(response__headers={"Set-Cookie": [f"JSESSIONID={TOKEN}; path=/"]}),
    "request URI, parameter token": exchange(request__uri=f"https://e/x?token={TOKEN}&a=1"),
    "request body, parameter password": exchange(request__body="username=a&password=Tr0ub4dor%263"),
    "request body, parameter token": exchange(request__body=f"scope=s&token={TOKEN}"),
    "request body, element root_password": exchange(
        request__body=f"<host><root_password>{PASSWORD.replace('&', '&amp;')}</root_password></host>"
    ),
    "request body, field password": exchange(request__body=json.dumps({"password": PASSWORD})),
    "response body, field access_token": exchange(
        response__body=json.dumps({"access_token": TOKEN, "exp": "1", "token_type": "bearer"})
    ),
    "response body, element password": exchange(
        response__body=f"<agent><password>{TOKEN}</password></agent>"
    ),
    "response body, element ticket><value": exchange(
        response__body=f"<action><ticket><value>{TOKEN}</value>"
    ),
    "response body, session of a login event": exchange(
        response__body=f"<event><description>User a using session '{TOKEN}' logged in.</description></event>"
    ),
    "response body, private key": exchange(
        response__body=f"<a>-----BEGIN RSA PRIVATE KEY-----\n{TOKEN}\n-----END RSA PRIVATE KEY-----</a>"
    ),
}


@pytest.mark.parametrize("place", SECRETS)
def test_each_secret_is_found_with_its_place_and_hidden(place: str) -> None:
    """A secret is named by place, never by value; after scrubbing it is nowhere in the text."""
    document = {"version": 1, "interactions": [exchange(), SECRETS[place]]}
    before = copy.deepcopy(document)
    assert [(found.exchange, found.place) for found in find_secrets(document["interactions"])] == [(2, place)]
    with pytest.raises(CassetteError, match="contains a secret: exchange 2") as refused:
        refuse_secrets(Path("x.yaml"), document)
    hidden = scrub(document)
    text = json.dumps(hidden)
    for secret in (TOKEN, PASSWORD, "Tr0ub4dor"):
        assert secret not in text
        assert secret not in str(refused.value)
    assert list(find_secrets(hidden["interactions"])) == []
    assert document == before


@pytest.mark.parametrize("placeholder", ["SCRUBBED", "<TOKEN>", "***", "REDACTED", "xxxxx", "[FILTERED]"])
def test_placeholders_are_no_secrets(placeholder: str) -> None:
    """Whatever word a cassette hides its secrets behind, it is not taken for one."""
    whole = exchange(
        request__headers={"Authorization": [f"Bearer {placeholder}"]},
        request__body=f"password={placeholder}",
        response__body=f'{{"access_token":"{placeholder}"}}',
    )
    assert list(find_secrets([whole])) == []


def test_a_token_is_hidden_wherever_it_turns_up_later() -> None:
    """What was once seen as a secret is hidden in free text as well."""
    hiding = Hiding()
    hiding.response_body(json.dumps({"access_token": TOKEN}).encode())
    assert TOKEN.encode() not in hiding.response_body(f"<p>your token {TOKEN}</p>".encode())


def test_a_password_that_is_a_word_leaves_innocent_texts_alone() -> None:
    """`password=recorded` must not rewrite every sentence that says recorded."""
    hiding = Hiding()
    assert hiding.request_body(b"username=a&password=recorded") == b"username=a&password=SCRUBBED"
    assert hiding.response_body(b"<p>recorded</p>") == b"<p>recorded</p>"


def test_scrub_file_rewrites_in_place(tmp_path: Path) -> None:
    """`scrub_file` leaves a cassette that loads, and says what it hid."""
    file = tmp_path / "site.yaml"
    file.write_text(yaml.safe_dump({"version": 1, "interactions": [SECRETS["request header Cookie"]]}))
    assert [found.place for found in scrub_file(file)] == ["request header Cookie"]
    assert TOKEN not in file.read_text()
    assert scrub_file(file) == ()
    assert [path.name for path in tmp_path.iterdir()] == ["site.yaml"]
