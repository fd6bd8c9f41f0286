"""Every failure below the library has one place in the error tree: proven by enumeration."""

from __future__ import annotations

import ast
import inspect
import itertools
from pathlib import Path

import ovirtsdk4 as sdk
import pycurl
import pytest
from ovirtsdk4 import types

import rhevmig.errors as tree
from rhevmig.engine.error_mapping import EXPIRED, error_of, error_of_answer, error_of_login
from rhevmig.engine.request import EngineAnswer, EngineRequest
from rhevmig.engine.sdk_connection import elements
from rhevmig.errors import (
    AuthenticationFailed,
    CertificateUntrusted,
    EngineConflict,
    EngineError,
    EngineNotFound,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    EngineUnreachable,
    InvalidArgument,
    NotAnEngine,
    PermissionDenied,
    RhevmigError,
)

REQUEST = EngineRequest(url="https://engine.example/ovirt-engine/api", path="vms")
#: Classes that a failure of the engine or on the way to it may become.
ALLOWED = {
    kind
    for kind in vars(tree).values()
    if isinstance(kind, type) and issubclass(kind, EngineError | InvalidArgument)
}

# ── libcurl ──────────────────────────────────────────────────────────────────────────────────────

CURL = sorted({value for name, value in vars(pycurl).items() if name.startswith("E_") and 0 < value < 1000})
NAMED = {
    3: InvalidArgument, 5: EngineUnreachable, 6: EngineUnreachable, 7: EngineUnreachable, 1: NotAnEngine,
    8: NotAnEngine, 16: EngineUnreachable, 18: EngineUnreachable, 28: EngineTimeout, 35: EngineUnreachable,
    47: NotAnEngine, 51: CertificateUntrusted, 52: EngineUnreachable, 55: EngineUnreachable,
    56: EngineUnreachable, 60: CertificateUntrusted, 61: NotAnEngine, 67: AuthenticationFailed,
    77: CertificateUntrusted, 83: CertificateUntrusted, 92: EngineUnreachable, 97: EngineUnreachable,
}  # fmt: skip


def curl_shapes(number: int) -> list[Exception]:
    """How one number of libcurl reaches us: from a login, from the SDK's login, from an API call."""
    plain = pycurl.error(number, "it said so")
    sent = f"Error while sending HTTP request: {plain}"
    read = f"Failed to read response: [(<pycurl.Curl object at 0x7f1>, {number}, 'it said so')]"
    return [plain, sdk.Error(sent), sdk.ConnectionError(sent), sdk.TimeoutError(sent), sdk.Error(read)]


def test_every_number_of_libcurl() -> None:
    """Each error number becomes the same class in every shape that it comes in, with libcurl's words."""
    for number in CURL:
        found = [error_of(error, REQUEST) for error in curl_shapes(number)]
        assert {type(error) for error in found} == {NAMED.get(number, type(found[0]))}, number
        assert type(found[0]) in ALLOWED, number
        if not isinstance(found[0], InvalidArgument):
            assert "it said so" in found[0].message, number


def test_numbers_that_nobody_knows_yet() -> None:
    """A number of a later libcurl is still an error of our tree that names it."""
    found = error_of(pycurl.error(199, "from the future"), REQUEST)
    assert type(found) is EngineError
    assert "199" in found.message


def test_every_error_number_in_this_libcurl_is_covered() -> None:
    """The enumeration sees the numbers that it is meant to see."""
    assert set(NAMED) - {51} <= {*CURL, 92, 97}
    assert len(CURL) > 70


# ── the SDK ──────────────────────────────────────────────────────────────────────────────────────

SDK_ERRORS = [kind for _, kind in inspect.getmembers(sdk, inspect.isclass) if issubclass(kind, sdk.Error)]
CODES = [None, 400, 401, 403, 404, 405, 409, 415, 500, 502, 503]
FAULTS = [None, types.Fault(reason="Operation Failed", detail="[no]"), types.Fault()]


def test_every_error_of_the_sdk() -> None:
    """Each class of the SDK with each status, with and without fault, becomes a class of ours."""
    for kind, code, fault in itertools.product(SDK_ERRORS, CODES, FAULTS):
        found = error_of(kind("it said so", code=code, fault=fault), REQUEST)
        assert type(found) in ALLOWED, (kind, code)
        assert "\n" not in found.message, (kind, code)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sdk.Error("The response content type 'text/html' isn't the expected XML"), NotAnEngine),
        (sdk.Error("The response content type 'text/html' isn't the expected JSON"), NotAnEngine),
        (sdk.Error("Can't find a reader for tag 'html'"), NotAnEngine),
        (sdk.Error("Expected a fault, but got Vm"), NotAnEngine),
        (sdk.Error("The CA file '/x' doesn't exist"), InvalidArgument),
        (sdk.Error("The 'url' parameter is mandatory"), InvalidArgument),
        (sdk.AuthError("Error during SSO authentication access_denied : no"), AuthenticationFailed),
        (sdk.AuthError("Error during SSO authentication server_error : down"), EngineUnavailable),
        (sdk.AuthError("Error during SSO revoke invalid_grant : expired"), AuthenticationFailed),
        (sdk.AuthError("HTTP response code is 401.", code=401), AuthenticationFailed),
        (sdk.AuthError("HTTP response code is 403.", code=403), PermissionDenied),
        (sdk.NotFoundError("HTTP response code is 404.", code=404), EngineNotFound),
        (sdk.Error("HTTP response code is 409.", code=409, fault=FAULTS[1]), EngineConflict),
        (sdk.Error("HTTP response code is 503.", code=503), EngineUnavailable),
        (TypeError("expected string or bytes-like object, got 'NoneType'"), NotAnEngine),
        (KeyError("access_token"), NotAnEngine),
        (ValueError("The text 'abc' isn't a valid integer value"), NotAnEngine),
        (IndexError("string index out of range"), NotAnEngine),
        (UnicodeDecodeError("ascii", b"\xff", 0, 1, "ordinal not in range"), NotAnEngine),
        (AttributeError("Expected a 'str'"), NotAnEngine),
        (Exception("Can't move to next node"), EngineUnavailable),
        (ConnectionResetError("reset"), EngineUnreachable),
        (RuntimeError("anything else"), EngineError),
    ],
)  # fmt: skip
def test_what_the_sdk_says(error: Exception, kind: type[RhevmigError]) -> None:
    """Each thing that the SDK was seen to raise becomes the class that says what to do."""
    assert type(error_of(error, REQUEST)) is kind


def test_the_sdk_raises_nothing_else() -> None:
    """The SDK's own modules raise only what is enumerated above; a new kind of raise shows here."""
    folder = Path(inspect.getfile(sdk)).parent
    raised = set()
    for name in ("__init__", "service", "reader", "writer", "http"):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.Raise) and node.exc is not None:
                call = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                raised.add(ast.unparse(call).split("(")[0])
    # `error` and `clazz(…)` are one of the SDK's own classes, chosen by status or number
    assert raised <= {"Error", "AuthError", "TypeError", "ValueError", "AttributeError", "error", "clazz"}


def test_errors_of_ours_pass_unchanged() -> None:
    """What was judged already is not judged again."""
    error = EngineNotFound(path="x")
    assert error_of(error, REQUEST) is error


# ── answers ──────────────────────────────────────────────────────────────────────────────────────

FAULT_XML = (
    b'<?xml version="1.0"?><fault><detail>[it said so]</detail><reason>Operation Failed</reason></fault>'
)
PAGE = b"<html><title>t</title><body>it said so</body></html>"
ACTION = b"<action><status>failed</status>" + FAULT_XML[21:] + b"</action>"
BODIES = {
    "page": EngineAnswer(status_code=0, content_type="text/html", body=PAGE),
    "fault": EngineAnswer(status_code=0, content_type="application/xml", body=FAULT_XML),
    "action": EngineAnswer(status_code=0, content_type="application/xml", body=ACTION),
    "broken": EngineAnswer(status_code=0, content_type="application/xml", body=FAULT_XML[:50]),
    "json": EngineAnswer(status_code=0, content_type="application/json", body=b"{}"),
    "nothing": EngineAnswer(status_code=0),
    "untyped": EngineAnswer(status_code=0, body=b"it said so"),
}


def test_every_answer() -> None:
    """Every HTTP status with every kind of body is judged: only a 2xx with XML is good."""
    for shape, known, code in itertools.product(BODIES.values(), (True, False), range(600)):
        answer = EngineAnswer(status_code=code, content_type=shape.content_type, body=shape.body)
        found = error_of_answer(answer, REQUEST, known=known)
        if 200 <= code < 300 and shape.is_xml:
            assert found is None
        else:
            assert type(found) in ALLOWED
            assert found.status_code == code
            assert "\n" not in found.message


def judged(code: int, text: str, *, known: bool = True, kind: str = "text/html") -> EngineError:
    answer = EngineAnswer(status_code=code, content_type=kind, body=text.encode())
    found = error_of_answer(answer, REQUEST, known=known)
    assert found is not None
    return found


def test_answers_of_the_recorded_engine() -> None:
    """The pages and faults that a real engine was seen to send are named for what they are."""
    page = "<html><head><title>Error</title></head><body>{}</body></html>"
    expired = judged(401, page.format("invalid_grant: The provided authorization grant … has expired."))
    assert isinstance(expired, AuthenticationFailed)
    assert expired.reason == EXPIRED
    nobody = "The user nobody@internal-authz with profile [internal] is not authorized to perform login"
    assert isinstance(judged(401, page.format(nobody)), PermissionDenied)
    old = judged(405, page.format("HTTP method GET is not supported by this URL"))
    assert isinstance(old, NotAnEngine)
    assert "RHEV 3.x" in old.message
    missing = "RESTEASY003210: Could not find resource for full path: https://e/ovirt-engine/api/v4/nonsense"
    assert isinstance(judged(404, missing), EngineNotFound)
    assert isinstance(judged(404, "", kind=""), EngineNotFound)
    assert isinstance(judged(500, "argument type mismatch"), EngineUnavailable)
    refused = "<fault><detail>query execution failed due to insufficient permissions.</detail></fault>"
    assert isinstance(judged(400, refused, kind="application/xml"), PermissionDenied)
    assert isinstance(judged(415, ""), EngineRejected)


def test_a_fault_without_words() -> None:
    """A fault that says nothing is still a fault of the engine, bare or inside an action."""
    for xml in ("<fault/>", "<action><fault/><status>failed</status></action>"):
        assert isinstance(judged(409, xml, kind="application/xml"), EngineConflict)
    assert isinstance(judged(409, "<vms><vm/></vms>", kind="application/xml"), EngineRejected)


def test_a_conflict() -> None:
    """HTTP 409 is a refusal in the present state, with the engine's text."""
    found = judged(409, "<fault><detail>[Cannot migrate VM.]</detail></fault>", kind="application/xml")
    assert isinstance(found, EngineConflict)
    assert found.detail == "[Cannot migrate VM.]"


def test_a_strange_page_where_an_engine_was() -> None:
    """A 404 page is no engine at first sight, and a restart once an engine was met there."""
    assert isinstance(judged(404, "Not Found", known=False), NotAnEngine)
    assert isinstance(judged(404, "Not Found", known=True), EngineUnavailable)


def test_pages_are_told_in_words() -> None:
    """Markup, scripts and line ends of a page do not reach the sentence, and long pages are cut."""
    page = "<html><script>x()</script><body>\n Service\n<b>Unavailable</b> &amp; more " + "x" * 900
    text = judged(503, page).message
    assert "Service Unavailable & more" in text
    assert "x()" not in text
    assert len(text) < 400


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("access_denied", "Cannot authenticate user 'a@b': Unable to log in.", AuthenticationFailed),
        ("invalid_request", "Missing parameter: 'Accept Header'", AuthenticationFailed),
        ("invalid_grant", "expired", AuthenticationFailed),
        ("unsupported_grant_type", "no", AuthenticationFailed),
        ("invalid_scope", "no", AuthenticationFailed),
        ("unauthorized_client", "no", AuthenticationFailed),
        ("server_error", "no", EngineUnavailable),
    ],
)
def test_every_error_of_the_login_service(code: str, text: str, kind: type[EngineError]) -> None:
    """Each code of the SSO service is a failed login, but a server error."""
    found = error_of_login(code, text, request=REQUEST, user="a@b")
    assert type(found) is kind
    assert text in found.message


# ── the XML parser ───────────────────────────────────────────────────────────────────────────────

DOCUMENT = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<vms>
  <vm href="/x" id="v1">
    <actions><link href="/y" rel="z"/></actions>
    <name>a</name><memory>1024</memory><stateless>false</stateless>
    <creation_time>2026-01-01T00:00:00.000Z</creation_time>
  </vm>
</vms>
"""


def test_xml_cut_at_every_byte(capfd: pytest.CaptureFixture[str]) -> None:
    """Cut anywhere, a document is one error of ours, and libxml2 prints nothing beside it."""
    whole = len(DOCUMENT.rstrip())
    assert len(list(elements(DOCUMENT, REQUEST, tag="vms"))) == 1
    for end in range(whole):
        with pytest.raises(RhevmigError) as caught:
            list(elements(DOCUMENT[:end], REQUEST, tag="vms"))
        assert type(caught.value) in ALLOWED
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>hi</body></html>",
        b"<vm><name>one</name></vm>",
        b"<vms><vm><memory>abc</memory></vm></vms>",
        b"<vms><vm><creation_time>yesterday</creation_time></vm></vms>",
        b"<vms><vm><creation_time></creation_time></vm></vms>",
        b"<vms><vm><stateless>maybe</stateless></vm></vms>",
        b"<vms><thing/></vms>",
        b"<vms>&nbsp;</vms>",
        b"<vms><vm><name>\x00</name></vm></vms>",
        b"<vms><vm></name></vms>",
        b"not xml",
        b"\xff\xfe\x00",
        b"",
        b"   ",
    ],
)
def test_xml_that_is_wrong(content: bytes) -> None:
    """Other elements, values of another type and broken text are one error of ours each."""
    with pytest.raises(RhevmigError) as caught:
        list(elements(content, REQUEST, tag="vms"))
    assert type(caught.value) in ALLOWED


def test_an_empty_list() -> None:
    """A list without items, in either spelling, is no error."""
    for content in (b"<vms/>", b"<vms></vms>", b'<?xml version="1.0"?>\n<vms/>\n'):
        assert list(elements(content, REQUEST, tag="vms")) == []
