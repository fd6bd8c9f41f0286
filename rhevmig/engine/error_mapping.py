"""Every failure below the library, mapped to the error tree: answers of the engine or of another server,
exceptions of the SDK, numbers of libcurl, what the XML parser raises.

Nothing is sent from here. An answer is judged by `error_of_answer`, an exception by `error_of`; what neither
knows still becomes an `EngineError`.
"""

from __future__ import annotations

import io
import re
from html import unescape
from xml.etree import ElementTree as ET

import ovirtsdk4 as sdk
import pycurl

from rhevmig.engine.curl_errors import error_of_curl
from rhevmig.engine.request import EngineAnswer, EngineRequest
from rhevmig.errors import (
    AuthenticationFailed,
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

#: `reason` of an AuthenticationFailed after which a new login may succeed.
EXPIRED = "session expired"

#: Remedy where an engine answered before and something else does now.
_FOREIGN_REMEDY = "Read again; if it stays so, look for a proxy or a maintenance page in front of the engine."
_UNREADABLE_REMEDY = "Read again; if it stays so, update ovirt-engine-sdk-python: the engine may be newer."
#: Bounds of a fault: elements, their depth, and characters of a text.
_MOST_ELEMENTS, _DEEPEST, _LONGEST_TEXT = 10_000, 50, 4_000
#: So much of a page is looked at, in bytes.
_LONGEST_PAGE = 20_000
#: The engine's page (HTTP 500) where a followed link cannot be read, mostly for lack of permission.
_FOLLOWED_LINK = re.compile(r"Problem following '([\w.]+)' link[^\n<]*")
#: The message of a Java exception above its stack trace.
_EXCEPTION = re.compile(r"(?:^|[>\n])([^\n<>]*(?:Exception|Error)\b[^\n<>]*)\n\s+at ")
_NO_ROLE = "not authorized to perform login"
_NO_PERMISSION = ("insufficient permissions", "not authorized to perform this action")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_CURL_TEXT = re.compile(r"(?:^|[ (,\[])(?:<[^>]*>, )?\(?(\d{1,3}), ['\"](.*?)['\"]\)")
_SSO_TEXT = re.compile(r"Error during SSO (?:authentication|revoke) (\S+) : (.*)", re.DOTALL)


def error_of_answer(
    answer: EngineAnswer, request: EngineRequest, *, known: bool = True
) -> EngineError | None:
    """The error that an answer reports; None for a good answer.

    Args: known (an engine answered at this address before, so a foreign page is a passing fault).
    """
    code = answer.status_code
    if 200 <= code < 300:
        return None if answer.is_xml else _not_xml(answer, request, known=known)
    if answer.is_xml:
        found = _fault_inside(answer.body)
        if found is not None:
            return _of_fault(code, *found, request=request)
    return _of_page(answer, request, known=known)


def error_of_login(code: str, text: str, *, request: EngineRequest, user: str = "") -> EngineError:
    """The error behind an error of the SSO service (`error_code`, `error`; always HTTP 400)."""
    if code == "server_error":
        return EngineUnavailable(**request.fields, status_code=400, detail=f"login service: {text}")
    remedy = ""
    if "No valid profile" in text:
        remedy = (
            "Give the user as user@profile, e.g. admin@internal, or admin@ovirt@internalsso with Keycloak."
        )
    return AuthenticationFailed(
        **request.fields, status_code=400, reason=code, detail=text, user=user, remedy=remedy
    )


def error_of(error: BaseException, request: EngineRequest, *, user: str = "") -> RhevmigError:
    """The error behind any exception of the SDK, of libcurl or of the parser."""
    if isinstance(error, RhevmigError):
        return error
    if isinstance(error, pycurl.error):
        number, text = error.args if len(error.args) > 1 else (0, str(error))
        return error_of_curl(int(number), str(text), request)
    if isinstance(error, sdk.Error):
        return _of_sdk(error, request, user)
    if isinstance(error, OSError):
        return EngineUnreachable(**request.fields, detail=_line(str(error)))
    if isinstance(error, LookupError | TypeError | ValueError | AttributeError):
        # the SDK's readers on values they do not know; its content-type check without that header
        return NotAnEngine(**request.fields, detail=f"its answer cannot be read: {_line(str(error))}")
    if type(error) is Exception:
        # the SDK's XML cursor raises bare exceptions where a document ends early
        return broken_off(request, _line(str(error)))
    return EngineError(**request.fields, reason=type(error).__name__, detail=_line(str(error)))


def unreadable(error: BaseException, request: EngineRequest, *, known: bool) -> RhevmigError:
    """The error behind an exception while an answer was parsed: of a known engine a passing fault."""
    found = error_of(error, request)
    if not known or not isinstance(found, NotAnEngine):
        return found
    return EngineUnavailable(
        **request.fields, status_code=200, detail=found.detail, remedy=_UNREADABLE_REMEDY
    )


def broken_off(request: EngineRequest, how: str) -> EngineUnavailable:
    """The error of an XML answer that ends in the middle."""
    return EngineUnavailable(
        **request.fields, status_code=200, detail=f"the XML of its answer ends early: {how}"
    )


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


def foreign(request: EngineRequest, detail: str, *, known: bool, status_code: int = 200) -> EngineError:
    """The error of an answer that no engine sends; where one answered before, it is a passing fault."""
    fields = {**request.fields, "status_code": status_code, "detail": detail}
    if known:
        return EngineUnavailable(**fields, remedy=_FOREIGN_REMEDY)
    return NotAnEngine(**fields)


def _not_xml(answer: EngineAnswer, request: EngineRequest, *, known: bool) -> EngineError:
    if answer.content_type is None:
        detail = "its answer has no content type" if answer.body else "its answer is empty"
    else:
        detail = f"its answer is {answer.content_type} instead of XML{_quote(answer)}"
    return foreign(request, detail, known=known, status_code=answer.status_code)


def _fault_inside(body: bytes) -> tuple[str, str] | None:
    """Detail and reason of a `fault`, bare or inside an `action`."""
    texts: dict[str, str] = {}
    path: list[str] = []
    has_fault = False
    try:
        # the SDK parses the same bytes; expat expands no external entity
        for count, (event, element) in enumerate(ET.iterparse(io.BytesIO(body), events=("start", "end"))):  # noqa: S314
            if count > _MOST_ELEMENTS or len(path) > _DEEPEST:
                return None
            if event == "start":
                path.append(element.tag)
                has_fault |= element.tag == "fault" and len(path) <= 2
                continue
            if path[-2:-1] == ["fault"] and len(path) <= 3:
                texts.setdefault(element.tag, element.text or "")
            path.pop()
    except ET.ParseError:
        return None
    if not has_fault:
        return None
    return _short(texts.get("detail", "")), _short(texts.get("reason", ""))


def _of_fault(code: int, detail: str, reason: str, *, request: EngineRequest) -> EngineError:
    lowered = detail.lower()
    fields = {**request.fields, "status_code": code, "reason": reason, "detail": detail}
    if code in (401, 403) or any(words in lowered for words in _NO_PERMISSION):
        return PermissionDenied(**fields)
    if code == 404:
        return EngineNotFound(**fields)
    if code == 409:
        return EngineConflict(**fields)
    if code in (502, 503, 504):
        return EngineUnavailable(**fields)
    return EngineRejected(**fields)


def _of_page(answer: EngineAnswer, request: EngineRequest, *, known: bool) -> EngineError:
    code = answer.status_code
    fields = {**request.fields, "status_code": code}
    quote = _quote(answer)
    if code == 0:
        return EngineUnreachable(**fields, detail="no answer")
    if 300 <= code < 400:
        where = f" to {answer.location}" if answer.location else ""
        if known:
            return foreign(request, f"it redirects{where}", known=True, status_code=code)
        return NotAnEngine(**fields, detail=f"it redirects{where}", remedy="Use that address.")
    if code == 401:
        return _of_unauthorized(answer, request)
    if code == 404:
        return _of_missing(answer, request, known=known)
    if code == 405 and "not supported by this URL" in _text(answer):
        return NotAnEngine(
            **fields, detail="it refuses API version 4 (HTTP 405), as RHEV 3.x does", remedy=V3_REMEDY
        )
    if code == 407:
        detail = "a proxy on the way asks for its own login (HTTP 407)"
        return NotAnEngine(
            **fields, detail=detail, remedy="Reach the engine without the proxy: set NO_PROXY."
        )
    if code == 403:
        detail = f"a server in front of the engine forbids it (HTTP 403){quote}"
        return foreign(request, detail, known=known, status_code=code)
    if code == 408:
        return EngineTimeout(**fields, detail="the server gave up waiting (HTTP 408)")
    link = _FOLLOWED_LINK.search(answer.body[:_LONGEST_PAGE].decode("utf-8", "replace"))
    if code == 500 and link is not None:
        return EngineRejected(**fields, reason=f"HTTP {code}", detail=_line(link[0]))
    if code >= 500 or code == 429:
        return EngineUnavailable(**fields, detail=quote.removeprefix(": "))
    return EngineRejected(**fields, reason=f"HTTP {code}", detail=quote.removeprefix(": "))


#: Remedy for an account that may log in and nothing else.
NO_ROLE_REMEDY = "Give the user a role; ReadOnlyAdmin on the system is enough to read everything."
#: Remedy for an engine 3.x.
V3_REMEDY = "API version 4 came with engine 4.0; RHEV 3.x has version 3 only and cannot be read: upgrade it."


def _of_unauthorized(answer: EngineAnswer, request: EngineRequest) -> EngineError:
    text = _text(answer)
    fields = {**request.fields, "status_code": 401}
    if _NO_ROLE in text:
        return PermissionDenied(**fields, detail=text, remedy=NO_ROLE_REMEDY)
    remedy = "Get a new token, or give user and password so that rhevmig can log in again."
    return AuthenticationFailed(**fields, reason=EXPIRED, detail=text or "HTTP 401", remedy=remedy)


def _of_missing(answer: EngineAnswer, request: EngineRequest, *, known: bool) -> EngineError:
    fields = {**request.fields, "status_code": 404}
    text = _text(answer)
    if "RESTEASY" in text:
        return EngineNotFound(**fields, detail=f"the engine has no such resource: {text}")
    if not answer.body:
        return EngineNotFound(**fields)
    if known:
        return EngineUnavailable(**fields, detail=f"a web page instead of the API{_quote(answer)}")
    return NotAnEngine(**fields, detail=f"a web server has nothing at this path (HTTP 404){_quote(answer)}")


def refused_link(error: EngineError) -> str | None:
    """The followed link for which the engine refused the whole request (HTTP 500); None for another error."""
    found = _FOLLOWED_LINK.search(error.detail) if error.status_code == 500 else None
    return found[1] if found else None


def _quote(answer: EngineAnswer) -> str:
    text = _text(answer)
    return f": {text}" if text else ""


def _text(answer: EngineAnswer) -> str:
    """The words of a page, without its markup, on one line, short."""
    if answer.content_type is not None and not answer.content_type.startswith("text/"):
        return ""
    page = answer.body[:_LONGEST_PAGE].decode("utf-8", "replace")
    exception = _EXCEPTION.search(page)
    words = (
        _line(unescape(exception[1]))
        if exception
        else _line(unescape(_MARKUP.sub(" ", _TITLE.sub(" ", page))))
    )
    title = _TITLE.search(page)
    if not words and title:
        words = _line(unescape(title[1]))
    return words if len(words) <= 200 else words[:197] + "…"


# ── exceptions of the SDK ────────────────────────────────────────────────────────────────────────


def _of_sdk(error: sdk.Error, request: EngineRequest, user: str) -> RhevmigError:
    text = _line(str(error))
    login = _SSO_TEXT.search(str(error))
    if login:
        return error_of_login(login[1], _line(login[2]), request=request, user=user)
    if error.code is not None:
        return _of_sdk_code(error, text, request)
    number = _CURL_TEXT.search(text)
    if number and ("Failed to read response" in text or "sending HTTP request" in text):
        return error_of_curl(int(number[1]), number[2], request)
    if isinstance(error, sdk.TimeoutError):
        return EngineTimeout(**request.fields, detail=text)
    if isinstance(error, sdk.ConnectionError):
        return EngineUnreachable(**request.fields, detail=text)
    if isinstance(error, sdk.AuthError):
        return AuthenticationFailed(**request.fields, detail=text, user=user)
    if isinstance(error, sdk.NotFoundError):
        return EngineNotFound(**request.fields, detail=text)
    if "CA file" in text:
        return InvalidArgument(name="ca_file", value=text, expected="a PEM file that exists")
    if "can't be encoded using ASCII" in text:
        return InvalidArgument(name="header", value=text, expected="ASCII")
    if "parameter is mandatory" in text:
        return InvalidArgument(name="url", value=None, expected="the engine's address")
    if any(words in text for words in ("content type", "find a reader", "Expected a fault")):
        return NotAnEngine(**request.fields, detail=text)
    return EngineError(**request.fields, detail=text)


def _of_sdk_code(error: sdk.Error, text: str, request: EngineRequest) -> EngineError:
    code = int(error.code)
    fault = error.fault
    if fault is not None:
        return _of_fault(code, _short(fault.detail or ""), _short(fault.reason or ""), request=request)
    if code == 403:
        return PermissionDenied(**request.fields, status_code=code, detail=text)
    return _of_page(EngineAnswer(status_code=code), request, known=True)


def _short(text: str) -> str:
    """On one line, and not longer than a person reads."""
    words = _line(text[: 2 * _LONGEST_TEXT])
    return words if len(words) <= _LONGEST_TEXT else words[: _LONGEST_TEXT - 1] + "…"


def _line(text: str) -> str:
    return " ".join(text.split())
