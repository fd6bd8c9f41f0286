"""One connection of the SDK, made to keep deadlines and to tell what really came back.

The SDK ignores its timeout while logging in, loses the status of HTML answers and logs in again by itself
on every 401; the hooks below (all single-underscore methods of the SDK) close these three gaps.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import ovirtsdk4 as sdk
import pycurl
from ovirtsdk4 import http, readers, xml
from ovirtsdk4.reader import Reader

from rhevmig.engine.error_mapping import (
    Answer,
    broken_off,
    fault_of,
    fault_of_answer,
    fault_of_login,
)
from rhevmig.engine.request import Asked
from rhevmig.engine.settings import Settings
from rhevmig.errors import AuthenticationFailed, EngineError, NotAnEngine

#: Longest time to reach a server, and to log in.
CONNECT_TIMEOUT_S = 15
LOGIN_TIMEOUT_S = 60

_READERS: dict[str, Callable[[Any], Any]] = Reader._readers
assert "vms" in _READERS, readers.__name__  # importing the readers is what registers them


class EngineConnection(sdk.Connection):  # type: ignore[misc] # the SDK has no types
    """A connection of the SDK for one thread at a time; raises only errors of our tree."""

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
            # fault and event texts are parsed, so they must not follow the caller's locale
            headers={"Accept-Language": "en-US"},
        )
        self._asked = Asked(url=settings.url)

    def __repr__(self) -> str:
        return f"EngineConnection({self._settings.url!r})"

    def exchange(
        self, asked: Asked, query: dict[str, str], *, body: str | None = None, timeout_s: float | None = None
    ) -> bytes:
        """The body of a good answer; anything else is raised as our error."""
        self._asked = asked
        self._timeout = max(1, round(timeout_s or self._settings.timeout_s))
        path = f"/{asked.path}" if asked.path else ""
        try:
            request = http.Request(method=asked.method, path=path, query=query, body=body)
            response = self.wait(self.send(request))
        except Exception as error:
            raise fault_of(error, asked, user=self._settings.username or "") from error
        content: bytes = response.body
        return content

    def log_in(self) -> str:
        """A new token."""
        asked = Asked(method="POST", url=self._settings.login_url)
        self._asked = asked
        try:
            token: str = self.authenticate()
        except Exception as error:
            raise fault_of(error, asked, user=self._settings.username or "") from error
        return token

    # ── hooks of the SDK ─────────────────────────────────────────────────────────────────────────

    def _read_reponse(self, context: Any) -> Any:
        # judged here, where the status and the page are still known, and before the SDK's own re-login
        response = super()._read_reponse(context)
        headers = response.headers
        answer = Answer(
            status_code=response.code,
            content_type=_media_type(_header(headers, "content-type")),
            location=_header(headers, "location"),
            body=response.body,
        )
        fault = fault_of_answer(answer, self._asked, known=self._known())
        if fault is not None:
            raise fault
        return response

    def _get_sso_response(self, url: str, params: Any = "") -> Any:
        asked = Asked(method="POST", url=url)
        answer = ask_plainly(self._settings, url, form=params, accept="application/json")
        if answer.content_type not in ("application/json", "text/json"):
            raise _no_login_service(answer, asked)
        try:
            content = json.loads(answer.body)
        except ValueError as error:
            raise NotAnEngine(**asked.fields, detail=f"its login answer is no JSON: {error}") from error
        first = content[0] if isinstance(content, list) and content else content
        if not isinstance(first, dict):
            raise NotAnEngine(**asked.fields, detail="its login answer is no JSON object")
        if "error" in first:
            code, text = self._get_sso_error(first)
            raise fault_of_login(str(code), str(text), asked=asked, user=self._settings.username or "")
        return first


def _no_login_service(answer: Answer, asked: Asked) -> EngineError:
    fault = fault_of_answer(answer, asked, known=False)
    if fault is None or isinstance(fault, AuthenticationFailed):
        # XML, or a login of something else: in both cases not the engine's own service
        return NotAnEngine(
            **asked.fields,
            status_code=answer.status_code,
            detail=f"its login service answers HTTP {answer.status_code} without JSON",
        )
    return fault


def ask_plainly(
    settings: Settings, url: str, *, form: dict[str, str] | None = None, accept: str = "application/xml"
) -> Answer:
    """One request without the SDK and without a token, within the login's deadlines.

    Raises: the mapped error of libcurl when nothing comes back.
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
        curl.setopt(pycurl.WRITEFUNCTION, body.write)
        curl.setopt(pycurl.HEADERFUNCTION, headers.write)
        curl.perform()
        status_code = curl.getinfo(pycurl.HTTP_CODE)
    except pycurl.error as error:
        raise fault_of(error, Asked(method="GET" if form is None else "POST", url=url)) from error
    finally:
        curl.close()
    lines = headers.getvalue().decode("latin-1").splitlines()
    return Answer(
        status_code=status_code,
        content_type=_media_type(_header(lines, "content-type")),
        location=_header(lines, "location"),
        body=body.getvalue(),
    )


def elements(content: bytes, asked: Asked, *, tag: str) -> Iterator[Any]:
    """The objects of the SDK in an answer, one at a time, so that none outlives its conversion.

    Args: tag (the outermost element expected: of a list such as `vms`, or of one object such as `api`).
    """
    found = _outermost(content, asked)
    if found != tag:
        raise NotAnEngine(**asked.fields, detail=f"its answer begins with <{found}>, not <{tag}>")
    # half of every list is links and actions; the SDK would build objects of them that nobody reads
    content = _LINKS.sub(b"", content)
    cursor = None
    try:
        cursor = xml.XmlReader(io.BytesIO(content))
        cursor.forward()
        if tag not in _LISTS:
            yield _READERS[tag](cursor)
            return
        empty = cursor.empty_element()
        cursor.read()
        while not empty and cursor.forward():
            yield _READERS[cursor.node_name()](cursor)
    except Exception as error:
        raise fault_of(error, asked) from error
    finally:
        if cursor is not None:
            cursor.close()


#: Links and actions. Text and attributes never hold a bare `<`, so no value is cut.
_LINKS = re.compile(rb"<actions>[^\0]*?</actions>\s*|<link [^>]*/>\s*")
#: Outermost elements that hold a list.
_LISTS = frozenset(
    [
        "affinity_labels",
        "cluster_levels",
        "clusters",
        "data_centers",
        "disks",
        "events",
        "hosts",
        "jobs",
        "networks",
        "scheduling_policies",
        "scheduling_policy_units",
        "statistics",
        "storage_connections",
        "storage_domains",
        "tags",
        "vms",
        "vnic_profiles",
    ]
)


def _outermost(content: bytes, asked: Asked) -> str:
    """The name of the outermost element, proven to be closed: libxml2 prints what it finds cut to stderr."""
    head = content[:1000]
    start = head.find(b"?>") + 2 if head.lstrip().startswith(b"<?xml") else 0
    start = head.find(b"<", start)
    end = min((i for i in (head.find(c, start) for c in (b" ", b">", b"/", b"\n")) if i > 0), default=-1)
    if start < 0 or end < 0:
        raise broken_off(asked, f"{len(content)} bytes that are no document")
    name = head[start + 1 : end]
    tail = content[-200:].rstrip()
    if not tail.endswith(b"</" + name + b">") and not (
        tail.endswith(b"/>") and content.count(b"<", 0, 1000) <= 2
    ):
        raise broken_off(asked, f"after {len(content):,} bytes")
    return name.decode("ascii", "replace")


def _header(lines: list[str], name: str) -> str | None:
    """The last value of a header (redirects and proxies send several blocks)."""
    values = [line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name}:")]
    return values[-1] if values else None


def _media_type(value: str | None) -> str | None:
    return value.partition(";")[0].strip().lower() if value else None
