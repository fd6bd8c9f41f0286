"""Secrets: hidden while recording, found and hidden in existing cassettes, by the structure of bodies."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml

from rhevmig.errors import CassetteError
from rhevmig.testing.scrub.names import is_secret_name
from rhevmig.testing.scrub.scrub import scrub, scrub_file
from rhevmig.testing.scrub.secrets import SecretHiding, body_bytes, find_secrets, search
from rhevmig.testing.scrub.spans import body_secrets
from rhevmig.testing.vcr_pycurl.persister import refuse_secrets

TOKEN = "Zo0nVtM9wq-7hKx_SECRET-token-1234567890"
PASSWORD = "Tr0ub4dor&3"
ESCAPED = PASSWORD.replace("&", "&amp;")
XML = {"Content-Type": ["application/xml;charset=UTF-8"]}
JSON = {"Content-Type": ["application/json"]}
HTML = {"Content-Type": ["text/html;charset=UTF-8"]}
TEXT = {"Content-Type": ["text/plain"]}


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


def answer(body: str, headers: dict[str, list[str]] | None = None) -> dict[str, Any]:
    return exchange(response__body=body, response__headers=XML if headers is None else headers)


def sent(body: str, content_type: str) -> dict[str, Any]:
    return exchange(request__body=body, request__headers={"Content-Type": [content_type]})


BASIC = base64.b64encode(f"a:{TOKEN}".encode()).decode()
CONSOLE = f"[virt-viewer]\ntype=spice\npassword={TOKEN}\n# a comment\ndelete-this-file=1\n"
MULTIPART = (
    '--b0undary\r\nContent-Disposition: form-data; name="user"\r\n\r\nadmin\r\n'
    f'--b0undary\r\nContent-Disposition: form-data; name="password"\r\n\r\n{TOKEN}\r\n--b0undary--\r\n'
)
NESTED_PART = (
    '--b\r\nContent-Disposition: form-data; name="settings"\r\nContent-Type: application/json\r\n\r\n'
    f'{{"root_password": "{TOKEN}"}}\r\n--b--\r\n'
)

SECRETS = {
    "request header Authorization": exchange(request__headers={"Authorization": [f"Bearer {TOKEN}"]}),
    "request header Proxy-Authorization": exchange(
        request__headers={
            "Proxy-Authorization": [f"Basic {base64.b64encode(b'a:' + TOKEN.encode()).decode()}"]
        }
    ),
    "request header X-Auth-Token": exchange(request__headers={"X-Auth-Token": [TOKEN]}),
    "request header X-Api-Key": exchange(request__headers={"X-Api-Key": [TOKEN]}),
    "request header Cookie": exchange(request__headers={"Cookie": [f"JSESSIONID={TOKEN}"]}),
    "a second cookie: request header Cookie": exchange(
        request__headers={"Cookie": [f"locale=SCRUBBED; JSESSIONID={TOKEN}"]}
    ),
    "response header Set-Cookie": exchange(response__headers={"Set-Cookie": [f"JSESSIONID={TOKEN}; path=/"]}),
    "a second cookie in a line: response header Set-Cookie": exchange(
        response__headers={"Set-Cookie": [f"a=SCRUBBED; path=/; Secure, JSESSIONID={TOKEN}; HttpOnly"]}
    ),
    "response header Location, parameter token": exchange(
        response__headers={"Location": [f"https://e/x?token={TOKEN}"]}
    ),
    "an OAuth code: response header Location, parameter code": exchange(
        response__headers={"Location": [f"https://e/callback?code={TOKEN}&state=1"]}
    ),
    "request header Referer, parameter access_token": exchange(
        request__headers={"Referer": [f"https://e/x#access_token={TOKEN}"]}
    ),
    "request URI, parameter token": exchange(request__uri=f"https://e/x?token={TOKEN}&a=1"),
    "request URI, parameter code": exchange(request__uri=f"https://e/x?state=1&code={TOKEN}"),
    "request URI, parameter jsessionid": exchange(request__uri=f"https://e/x;jsessionid={TOKEN}?a=1"),
    "request URI, password in a URL": exchange(request__uri=f"https://admin:{TOKEN}@e/ovirt-engine/api"),
    "request body, parameter password": exchange(request__body="username=a&password=Tr0ub4dor%263"),
    "request body, parameter token": exchange(request__body=f"scope=s&token={TOKEN}"),
    "request body, parameter client_secret": exchange(request__body=f"client_id=s&client_secret={TOKEN}"),
    "request body, parameter code": exchange(request__body=f"grant_type=authorization_code&code={TOKEN}"),
    "request body, part password": sent(MULTIPART, "multipart/form-data; boundary=b0undary"),
    "request body, field root_password": sent(NESTED_PART, "multipart/form-data; boundary=b"),
    "request body, element root_password": exchange(
        request__body=f"<host><root_password>{ESCAPED}</root_password></host>"
    ),
    "with attributes: request body, element password": exchange(
        request__body=f'<agent><password type="plain" >{TOKEN}</password></agent>'
    ),
    "with a prefix: request body, element ns:password": exchange(
        request__body=f'<ns:agent xmlns:ns="urn:x"><ns:password>{TOKEN}</ns:password></ns:agent>'
    ),
    "in CDATA: request body, element password": exchange(
        request__body=f"<agent><password><![CDATA[{TOKEN}]]></password></agent>"
    ),
    "between lines: request body, element password": exchange(
        request__body=f"<agent>\n  <password>\n    {TOKEN}\n  </password>\n</agent>"
    ),
    "as an attribute: request body, attribute password": exchange(
        request__body=f'<agent password="{TOKEN}" port="1"/>'
    ),
    "request body, element custom_script": exchange(
        request__body=f"<initialization><custom_script>chpasswd root:{TOKEN}</custom_script></initialization>"
    ),
    "request body, element content": exchange(
        request__body=f"<files><file><name>x</name><content>{TOKEN}</content></file></files>"
    ),
    "request body, element passwd": exchange(
        request__body=f"<options><option><name>passwd</name><value>{TOKEN}</value></option></options>"
    ),
    "the value first: request body, element api_password": exchange(
        request__body=f"<property><value>{TOKEN}</value><name>api_password</name></property>"
    ),
    "an option as attributes: request body, attribute value": exchange(
        request__body=f'<options><option name="passwd" value="{TOKEN}"/></options>'
    ),
    "request body, field password": exchange(request__body=json.dumps({"password": PASSWORD})),
    "response body, field access_token": answer(
        json.dumps({"access_token": TOKEN, "exp": "1", "token_type": "bearer"}), JSON
    ),
    "response body, field sso_token": answer(json.dumps({"a": [{"sso_token": TOKEN}]}), JSON),
    "response body, field rootPassword": answer(
        json.dumps({"host": {"rootPassword": TOKEN}}, indent=2), JSON
    ),
    "response body, field ticket": answer(json.dumps({"ticket": {"value": TOKEN, "expiry": "7200"}}), JSON),
    "response body, field passwd": answer(
        json.dumps({"options": [{"name": "passwd", "value": TOKEN}]}), JSON
    ),
    "a number: response body, field password": answer('{"password": 1234567890123456, "a": 1}', JSON),
    "response body, element password": answer(f"<agent><password>{TOKEN}</password></agent>"),
    "response body, element ticket/value": answer(
        f"<action><ticket><value>{TOKEN}</value></ticket></action>"
    ),
    "expiry first: response body, element ticket/value": answer(
        f"<action>\n  <ticket>\n    <expiry>7200</expiry>\n    <value>{TOKEN}</value>\n  </ticket>\n</action>"
    ),
    "response body, element proxy_ticket/value": answer(
        f"<action><proxy_ticket><value>{TOKEN}</value></proxy_ticket></action>"
    ),
    "response body, element remote_viewer_connection_file": answer(
        f"<action><remote_viewer_connection_file>{CONSOLE}</remote_viewer_connection_file></action>"
    ),
    "response body, element secret_key/authentication_key": answer(
        f"<secret_key><authentication_key>{TOKEN}</authentication_key></secret_key>"
    ),
    "response body, element signed_ticket": answer(
        f"<image_transfer><signed_ticket>{TOKEN}</signed_ticket></image_transfer>"
    ),
    "response body, element transfer_url": answer(
        f"<image_transfer><transfer_url>https://kvm01:54322/images/{TOKEN}</transfer_url></image_transfer>"
    ),
    "response body, session of a login event": answer(
        f"<event><description>User a using session '{TOKEN}' logged in.</description></event>"
    ),
    "in an event: response body, password in a URL": answer(
        f"<event><description>mount nfs://root:{TOKEN}@nas/x failed</description></event>"
    ),
    "response body, private key": answer(
        f"<a>-----BEGIN RSA PRIVATE KEY-----\n{TOKEN}\n-----END RSA PRIVATE KEY-----</a>"
    ),
    "in a page: response body, attribute value": answer(
        f'<html><body><form><input type="hidden" name="sso_token" value="{TOKEN}"></form></body></html>', HTML
    ),
    "in a script: response body, parameter accessToken": answer(
        f'<html><script>var settings = {{accessToken: "{TOKEN}"}};</script></html>', HTML
    ),
    "in a page: response body, authorization": answer(
        f"<html><p>Authorization: Bearer {TOKEN}</p></html>", HTML
    ),
    "in a text: response body, parameter password": answer(f"user=admin\npassword={TOKEN}\n", TEXT),
    "a console file: response body, parameter password": answer(CONSOLE, {}),
    "in a text: response body, parameter passphrase": answer(f'passphrase: "{TOKEN}"', TEXT),
    "a cookie without a name: request header Cookie": exchange(request__headers={"Cookie": [TOKEN]}),
    "request URI, parameter access_token": exchange(
        request__uri=f"https://e/x?redirect=https%3A%2F%2Fe%2F%3Faccess_token%3D{TOKEN}"
    ),
    "a token as user: request URI, password in a URL": exchange(request__uri=f"https://{TOKEN}@e/api"),
    "request body, parameter SAMLResponse": exchange(request__body=f"RelayState=x&SAMLResponse={TOKEN}"),
    "an attribute of a secret: request body, attribute value": exchange(
        request__body=f'<agent><password value="{TOKEN}"/></agent>'
    ),
    "a name as attribute: request body, element option": exchange(
        request__body=f'<options><option name="passwd">{TOKEN}</option></options>'
    ),
    "a short name: request body, element pass": exchange(
        request__body=f"<option><name>pass</name><value>{TOKEN}</value></option>"
    ),
    "XML in JSON: response body, element password": answer(
        json.dumps({"text": f"<a><password>{TOKEN}</password></a>"}), JSON
    ),
    "XML in XML: response body, element root_password": answer(
        f"<data>&lt;vm&gt;&lt;root_password&gt;{TOKEN}&lt;/root_password&gt;&lt;/vm&gt;</data>"
    ),
    "JSON in JSON: response body, parameter password": answer(
        json.dumps({"text": json.dumps({"password": TOKEN})}), JSON
    ),
    "a header in JSON: response body, field Authorization": answer(
        json.dumps([{"name": "Authorization", "value": f"Bearer {TOKEN}"}]), JSON
    ),
    "a value with blanks: response body, parameter password": answer(
        f"password: {TOKEN} {TOKEN[:20]}\nport: 1", TEXT
    ),
    "a web token: response body, token": answer(
        f"<p>eyJhbGciOiJIUzI1NiJ9.{base64.b64encode(TOKEN.encode()).decode().rstrip('=')}.c2lnbmF0dXJl</p>"
    ),
}


def place_of(name: str) -> str:
    return name.rpartition(": ")[2]


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_is_found_with_its_place_and_hidden(name: str) -> None:
    """A secret is named by place, never by value; after scrubbing it is nowhere in the text."""
    document = {"version": 1, "interactions": [exchange(), SECRETS[name]]}
    before = copy.deepcopy(document)
    found = [(one.exchange, one.place) for one in find_secrets(document["interactions"])]
    assert found == [(2, place_of(name))]
    with pytest.raises(CassetteError, match="contains a secret: exchange 2") as refused:
        refuse_secrets(Path("x.yaml"), document)
    hidden = scrub(document)
    text = json.dumps(hidden)
    for secret in (TOKEN, PASSWORD, "Tr0ub4dor", "1234567890123456", "eyJhbGci"):
        assert secret not in text
        assert secret not in str(refused.value)
    assert find_secrets(hidden["interactions"]) == ()
    assert document == before


@pytest.mark.parametrize("name", SECRETS)
def test_a_scrubbed_body_is_still_of_its_kind(name: str) -> None:
    """XML and JSON stay readable, and nothing but the secret has changed."""
    original, hidden = (
        SECRETS[name],
        scrub({"version": 1, "interactions": [SECRETS[name]]})["interactions"][0],
    )
    for side in ("request", "response"):
        old, new = (body_bytes(one[side]["body"]) for one in (original, hidden))
        assert new.count(b"SCRUBBED") <= old.count(b"SCRUBBED") + 1
        assert body_secrets(new, "").problem == body_secrets(old, "").problem
    if str(original["response"]["body"]["string"]).startswith("{"):
        json.loads(hidden["response"]["body"]["string"])


@pytest.mark.parametrize("placeholder", ["SCRUBBED", "<TOKEN>", "***", "REDACTED", "xxxxx", "[FILTERED]"])
def test_placeholders_are_no_secrets(placeholder: str) -> None:
    """The placeholders of other tools are not taken for secrets."""
    whole = exchange(
        request__headers={"Authorization": [f"Bearer {placeholder}"]},
        request__body=f"password={placeholder}",
        response__body=f'{{"access_token":"{placeholder}"}}',
    )
    assert find_secrets([whole]) == ()


def test_words_of_the_engine_are_no_secrets() -> None:
    """Names and flags that only look alike stay: token types, counts, links to tickets, event codes."""
    body = (
        '<vm><link href="/ovirt-engine/api/vms/1/ticket" rel="ticket"/><code>62</code><name>token</name>'
        "<password_set>true</password_set><description>Password of user changed</description></vm>"
    )
    whole = answer(body)
    assert find_secrets([whole]) == ()
    assert scrub({"version": 1, "interactions": [whole]})["interactions"][0]["response"]["body"] == {
        "string": body
    }
    assert find_secrets([answer('{"token_type":"bearer","error_code":"access_denied"}', JSON)]) == ()


@pytest.mark.parametrize(
    "written",
    [
        lambda secret: f"<event><description>tried {secret.replace('&', '&amp;')}</description></event>",
        lambda secret: json.dumps({"text": f"tried {secret}"}),
        lambda secret: f"/x?search=name%3D{quote(secret, safe='')}",
        lambda secret: f"/x?search={quote_plus('name=' + secret)}",
        lambda secret: f"<p>{secret}</p>",
    ],
)
def test_a_secret_is_hidden_wherever_it_occurs(written: Any) -> None:
    """A value that is a secret in one exchange is hidden in all, however it is written there."""
    secret = 'p"ss&word /1'
    text = written(secret)
    other = exchange(request__uri=f"https://e{text}") if text[0] == "/" else answer(text)
    login = exchange(request__body=f"username=a&password={quote_plus(secret)}")
    hidden = scrub({"version": 1, "interactions": [other, login]})
    assert "SCRUBBED" in json.dumps(hidden["interactions"][0])
    basic = exchange(
        request__headers={"Authorization": [f"Basic {base64.b64encode(f'a:{secret}'.encode()).decode()}"]}
    )
    hidden = scrub({"version": 1, "interactions": [other, basic]})
    assert "SCRUBBED" in json.dumps(hidden["interactions"][0])


def test_a_token_is_hidden_in_later_texts() -> None:
    """What was a secret once is hidden in free text as well."""
    hiding = SecretHiding()
    hiding.body(json.dumps({"access_token": TOKEN}).encode())
    assert TOKEN.encode() not in hiding.body(f"<p>your token {TOKEN}</p>".encode())


def test_a_password_that_is_a_word_leaves_innocent_texts_alone() -> None:
    """`password=recorded` must not rewrite every sentence with the word recorded."""
    hiding = SecretHiding()
    assert hiding.body(b"username=a&password=recorded") == b"username=a&password=SCRUBBED"
    assert hiding.body(b"<p>recorded</p>") == b"<p>recorded</p>"


@pytest.mark.parametrize(
    ("body", "headers", "problem"),
    [
        (f"<host><root_password>{TOKEN}</root_password><cut", XML, "XML"),
        (f'{{"root_password": "{TOKEN}", ', JSON, "JSON"),
        (f"<!DOCTYPE a [<!ENTITY x 'y'>]><a><password>{TOKEN}</password></a>", XML, "document type"),
        (f"\0\1password={TOKEN}\0", {}, "binary"),
    ],
)
def test_what_cannot_be_parsed_is_searched_as_text_and_reported(
    body: str, headers: dict[str, list[str]], problem: str
) -> None:
    """A truncated body is not called clean: the secret is hidden where it shows, and the body is named."""
    document = {"version": 1, "interactions": [answer(body, headers)]}
    _, (unsearched,) = search(document["interactions"])
    assert (unsearched.exchange, unsearched.place) == (1, "response body")
    assert problem in unsearched.problem
    hidden = scrub(document)
    assert TOKEN not in json.dumps(hidden)
    secrets, still = search(hidden["interactions"])
    assert (secrets, len(still)) == ((), 1)


def test_scrub_file_rewrites_in_place(tmp_path: Path) -> None:
    """`scrub_file` leaves a cassette that loads, and reports what it hid."""
    file = tmp_path / "site.yaml"
    file.write_text(yaml.safe_dump({"version": 1, "interactions": [SECRETS["request header Cookie"]]}))
    assert [found.place for found in scrub_file(file).hidden] == ["request header Cookie"]
    assert TOKEN not in file.read_text()
    assert scrub_file(file).hidden == ()
    assert [path.name for path in tmp_path.iterdir()] == ["site.yaml"]


def test_names_that_hold_secrets() -> None:
    """By the end of the name, in any spelling."""
    for name in (
        "password",
        "X-CSRF-Token",
        "sessionIdToken",
        "ns:sso_token",
        "DB_PASSWORD_FILE",
        "privateKey",
    ):
        assert is_secret_name(name), name
    for name in ("token_type", "ticketing", "keyboard", "public_key", "secretary", "session", "sso_method"):
        assert not is_secret_name(name), name


HOSTILE = {
    "tags without an end": b'<password a="',
    "pairs without an end": b"password=",
    "names in names": b"<name>password</name>",
    "objects in objects": b'{"password":',
    "parts in parts": b"--b\r\nContent-Type: multipart/x; boundary=b\r\n\r\npassword",
    "forms": b"password=a&b",
    "escaped tags": b"&lt;password x",
    "keys without an end": b"-----BEGIN PRIVATE KEY-----",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_searched_in_linear_time(name: str) -> None:
    """A search that takes the square of the length would take hours for these."""
    for content_type in ("", "application/xml", "text/html", "application/json", "multipart/x; boundary=b"):
        body_secrets(HOSTILE[name] * 5_000, content_type)
