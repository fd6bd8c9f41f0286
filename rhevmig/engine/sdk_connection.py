"""One connection of the SDK that keeps deadlines and reports the real answer.

The SDK ignores its timeout while logging in, loses the status of HTML answers and logs in again by itself
on every 401; the hooks below (all single-underscore methods of the SDK) close these three gaps.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlencode

import ovirtsdk4 as sdk
import pycurl
from ovirtsdk4 import http, readers, xml

from rhevmig.engine.curl_errors import NEVER_SENT
from rhevmig.engine.documents import outermost, without_links
from rhevmig.engine.error_mapping import error_of, error_of_answer, error_of_login, foreign, unreadable
from rhevmig.engine.request import EngineAnswer, EngineRequest
from rhevmig.engine.settings import Settings
from rhevmig.errors import AuthenticationFailed, EngineError, EngineUnreachable, NotAnEngine

#: Longest time to connect, and to log in.
CONNECT_TIMEOUT_S = 15
LOGIN_TIMEOUT_S = 60

#: Longest answer that is kept, in bytes: an engine sends about 11 KB per VM.
MAX_ANSWER_BYTES = 1 << 29
#: By element name; importing `readers` registers them. Those of lists read many objects.
_READERS: dict[str, Callable[[Any], Any]] = readers.Reader._readers


T = TypeVar("T")


class EngineConnection(sdk.Connection):  # type: ignore[misc] # the SDK has no types
    """A connection of the SDK for one thread at a time; raises only errors of `rhevmig.errors`."""

    def __init__(self, settings: Settings, *, token: str | None, known: Callable[[], bool]) -> None:
        self._settings = settings
        self._known = known
        super().__init__(
            url=settings.url,
            username=settings.username,
            password=settings.password,
            token=token,
            insecure=settings.insecure,
            ca_file=settings.ca_file,
            timeout=max(1, round(settings.timeout_s)),
            compress=True,
            sso_url=settings.login_url,
            sso_revoke_url=settings.logout_url,
            # texts of faults and events are parsed, so they must not depend on the locale
            headers={"Accept-Language": "en-US"},
        )
        self._request = EngineRequest(url=settings.url)

    def __repr__(self) -> str:
        return f"EngineConnection({self._settings.url!r})"

    def exchange(
        self,
        request: EngineRequest,
        query: dict[str, str],
        *,
        body: str | None = None,
        timeout_s: float | None = None,
    ) -> bytes:
        """The body of a good answer.

        Raises: EngineError for any other answer, and for none.
        """
        self._request = request
        self._timeout = max(1, round(timeout_s or self._settings.timeout_s))
        path = f"/{request.path}" if request.path else ""
        try:
            try:
                sent = self.send(http.Request(method=request.method, path=path, query=query, body=body))
            except (pycurl.error, OSError) as error:
                # libcurl could not even set up the transfer, e.g. for lack of descriptors
                raise EngineUnreachable(**request.fields, reason=NEVER_SENT, detail=str(error)) from error
            curl, buffer, *_ = sent
            curl.setopt(pycurl.WRITEFUNCTION, _bounded(buffer))
            response = self.wait(sent)
        except Exception as error:
            raise error_of(error, request, user=self._settings.username or "") from error
        content: bytes = response.body
        return content

    def log_in(self) -> str:
        """A new token."""
        request = EngineRequest(method="POST", url=self._settings.login_url)
        self._request = request
        try:
            token: str = self.authenticate()
        except Exception as error:
            raise error_of(error, request, user=self._settings.username or "") from error
        return token

    # ── hooks of the SDK ─────────────────────────────────────────────────────────────────────────

    def _read_reponse(self, context: Any) -> Any:
        # here the status and the page are still known, and the SDK has not logged in again yet
        response = super()._read_reponse(context)
        headers = response.headers
        answer = EngineAnswer(
            status_code=response.code,
            content_type=_media_type(_header(headers, "content-type")),
            location=_header(headers, "location"),
            body=response.body,
        )
        error = error_of_answer(answer, self._request, known=self._known())
        if error is not None:
            raise error
        return response

    def _get_sso_response(self, url: str, params: Any = "") -> Any:
        request = EngineRequest(method="POST", url=url)
        answer = ask_plainly(self._settings, url, form=params, accept="application/json")
        if answer.content_type not in ("application/json", "text/json"):
            raise _no_login_service(answer, request, known=self._known())
        try:
            content = json.loads(answer.body)
        except ValueError as error:
            raise NotAnEngine(**request.fields, detail=f"its login answer is not JSON: {error}") from error
        first = content[0] if isinstance(content, list) and content else content
        if not isinstance(first, dict):
            raise NotAnEngine(**request.fields, detail="its login answer is not JSON object")
        if "error" in first:
            code, text = self._get_sso_error(first)
            raise error_of_login(str(code), str(text), request=request, user=self._settings.username or "")
        return first


def _no_login_service(answer: EngineAnswer, request: EngineRequest, *, known: bool) -> EngineError:
    error = error_of_answer(answer, request, known=known)
    if error is None or isinstance(error, AuthenticationFailed):
        # XML, or the login of another service: in both cases not the engine's login service
        detail = f"its login service answers HTTP {answer.status_code} without JSON"
        return foreign(request, detail, known=known, status_code=answer.status_code)
    return error


def ask_plainly(
    settings: Settings, url: str, *, form: dict[str, str] | None = None, accept: str = "application/xml"
) -> EngineAnswer:
    """One request without the SDK and without a token, within the deadlines of a login.

    Raises: EngineError where nothing comes back.
    """
    body, headers = io.BytesIO(), io.BytesIO()
    curl = pycurl.Curl()
    try:
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.CONNECTTIMEOUT, CONNECT_TIMEOUT_S)
        curl.setopt(pycurl.TIMEOUT, max(1, min(LOGIN_TIMEOUT_S, round(settings.timeout_s))))
        curl.setopt(pycurl.SSL_VERIFYPEER, 0 if settings.insecure else 1)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0 if settings.insecure else 2)
        if settings.ca_file is not None:
            curl.setopt(pycurl.CAINFO, settings.ca_file)
        curl.setopt(pycurl.HTTPHEADER, [f"Accept: {accept}", "Accept-Language: en-US"])
        if form is not None:
            curl.setopt(pycurl.COPYPOSTFIELDS, urlencode(form))
        curl.setopt(pycurl.WRITEFUNCTION, _bounded(body))
        curl.setopt(pycurl.HEADERFUNCTION, headers.write)
        curl.perform()
        status_code = curl.getinfo(pycurl.HTTP_CODE)
    except pycurl.error as error:
        raise error_of(error, EngineRequest(method="GET" if form is None else "POST", url=url)) from error
    finally:
        curl.close()
    lines = headers.getvalue().decode("latin-1").splitlines()
    return EngineAnswer(
        status_code=status_code,
        content_type=_media_type(_header(lines, "content-type")),
        location=_header(lines, "location"),
        body=body.getvalue(),
    )


def elements(content: bytes, request: EngineRequest, *, tag: str, known: bool = False) -> Iterator[Any]:
    """The objects of the SDK in an answer, one at a time, so that only one is in memory.

    Args:
      tag: the expected outermost element: of a list such as `vms`, or of one object such as `api`.
      known: an engine answered at this address before, so another document is a passing fault.
    """
    # half of every list is links and actions; the SDK would build objects of them that are never used
    content = without_links(content)
    found = outermost(content, request, known=known)
    if found != tag:
        raise foreign(request, f"its answer begins with <{found[:50]}>, not <{tag}>", known=known)
    cursor = None
    try:
        cursor = xml.XmlReader(io.BytesIO(content))
        cursor.forward()
        if _READERS[tag].__name__ != "read_many":
            yield _READERS[tag](cursor)
            return
        empty = cursor.empty_element()
        cursor.read()
        while not empty and cursor.forward():
            yield _READERS[cursor.node_name()](cursor)
    except Exception as error:
        raise unreadable(error, request, known=known) from error
    finally:
        if cursor is not None:
            cursor.close()


def converted(
    content: bytes, request: EngineRequest, *, tag: str, convert: Callable[[Any], T], known: bool = False
) -> list[T]:
    """The objects in an answer, each converted before the next one is parsed.

    Raises: NotAnEngine for values that no engine sends, FieldMissing, and what `elements` raises.
    """
    try:
        return [convert(item) for item in elements(content, request, tag=tag, known=known)]
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise unreadable(error, request, known=known) from error


def _bounded(buffer: io.BytesIO) -> Callable[[bytes], int | None]:
    """Writes to a buffer until an answer is too long; then libcurl ends the transfer with its error 23."""
    return lambda data: 0 if buffer.tell() + len(data) > MAX_ANSWER_BYTES else buffer.write(data)


def _header(lines: list[str], name: str) -> str | None:
    """The last value of a header: redirects and proxies send several blocks."""
    values = [line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name}:")]
    return values[-1] if values else None


def _media_type(value: str | None) -> str | None:
    return value.partition(";")[0].strip().lower() if value else None
