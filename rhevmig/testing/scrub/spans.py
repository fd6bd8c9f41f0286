"""Where the secrets of a body are, by its structure: XML, JSON, HTML, forms, multipart and plain text.

Every function returns spans of the bytes that it was given, so that hiding changes nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from xml.parsers import expat

import msgspec

from rhevmig.testing.scrub.names import is_hidden, is_secret_name


class SecretSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One value that has to be hidden."""

    start: int
    end: int
    #: What it is: `element root_password`.
    label: str
    #: Whether it is a JSON number or literal, whose replacement needs quotes.
    needs_quotes: bool = False


class BodySecrets(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets of one body, in order and without overlaps."""

    spans: tuple[SecretSpan, ...] = ()
    #: Why the structure could not be read; secrets may have been missed then.
    problem: str | None = None


class _Malformed(Exception):
    """The structure cannot be read."""


# Every secret name contains one of these. They are looked for one by one, because that is ten times faster
# than one pattern, and most bodies have none.
_STEMS = (
    b"pass", b"pwd", b"otp", b"saml", b"signature", b"community", b"authorization", b"secret", b"token",
    b"ticket", b"key", b"sess",
    b"credential", b"assertion", b"code_verifier", b"codeverifier", b"script", b"viewer", b"user_data",
    b"userdata", b"transfer", b"proxy_ur", b"proxyur", b"cookie",
)  # fmt: skip
_NAME_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
#: Scopes of the engine's tokens, `ovirt-ext=token:password-access`, look like a pair.
_SCOPE = b"ovirt-ext="
_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
# The engine's login events (30 and 31) contain the session id.
_SESSION = re.compile(rb"using session '([^']+)'")
_AUTHORIZATION = re.compile(rb"\b(?:Bearer|Basic|Negotiate|NTLM)\s+([A-Za-z0-9._~+/-]{8,}=*)", re.IGNORECASE)
_JWT = re.compile(rb"\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*)")
_USER_INFO = re.compile(rb"://(?:[^/\s\"'<>:@]*:(?P<password>[^/\s\"'<>@]+)|(?P<token>[^/\s\"'<>:@]{16,}))@")
_CODE = re.compile(rb"[?&;]code=([^&;#\s\"'<>]+)")
#: After a name: `=value`, `: value`, `": "value"`.
_VALUE = re.compile(
    rb"(?:\\?[\"'])?\s*(?:=|:|%3[AD])\s*"
    rb"(?:\\?\"(?P<double>(?:[^\"\\<]|\\(?!\"|$).)*)(?:\\?\"|\Z)|'(?P<single>[^'<]*)(?:'|\Z)"
    rb"|(?P<bare>[^\s,;&?#\"'<>{}\[\]\\]+))",
    re.IGNORECASE,
)
#: Bytes.
_LONGEST_NAME, _INDENTATION, _PART_HEAD = 200, 200, 4000
_REST_OF_LINE = re.compile(rb"[^\r\n&<>{}\"']*(?=[\r\n]|\Z)")
_TAG = re.compile(rb"<[A-Za-z][^\s/<>]*(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*>")
_ATTRIBUTE = re.compile(rb"(?<![\w:.-])([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ELEMENT = re.compile(rb"<(?P<name>[A-Za-z][\w:.-]*)(?:\s[^<>]*)?(?<!/)>(?P<text>[^<]+)")
#: The same inside of text that is itself XML.
_ESCAPED_ELEMENT = re.compile(
    rb"&lt;(?P<name>[A-Za-z][\w:.-]*)(?:\s(?:(?!&[lg]t;).)*)?(?<!/)&gt;(?P<text>(?:(?!&lt;)[^<])+)", re.DOTALL
)
#: A pair in XML that no parser accepts.
_NAMED_VALUE = re.compile(rb"<name>([^<]+)</name>\s*<value>([^<]+)", re.IGNORECASE)
_FORM = re.compile(rb"[\w.%+-]+=[^\s<>&]*(?:&[\w.%+-]+=[^\s<>&]*)*")
_JSON_TOKEN = re.compile(rb"\"(?:[^\"\\]|\\.)*\"|[{}\[\]:,]|[^\s{}\[\]:,\"]+", re.DOTALL)
_DISPOSITION = re.compile(rb"content-disposition:[^\r\n]*?\bname=\"?([^\";\r\n]+)", re.IGNORECASE)


def body_secrets(body: bytes, content_type: str, *, with_hidden: bool = False) -> BodySecrets:
    """The secrets of a body.

    Args:
        content_type: as sent; the body's first bytes decide where it is absent or wrong.
        with_hidden: also the places of secrets that are hidden already.
    """
    problem = _binary(body, content_type)
    spans: list[SecretSpan] = []
    if _has_secret_name(body):
        try:
            spans += _structured(body, content_type.lower())
        except (_Malformed, RecursionError) as error:
            problem = str(error)
        spans += _elements(body, closed=problem is None)
    spans += text_spans(body)
    return BodySecrets(spans=_merged(body, spans, with_hidden=with_hidden), problem=problem)


def text_spans(text: bytes) -> Iterator[SecretSpan]:
    """Secrets in text of any kind: pairs, URLs, keys, tokens and session ids."""
    lowered = text.lower()
    for hint, pattern, label in (
        (b"private key", _KEY, "private key"),
        (b"using session '", _SESSION, "session of a login event"),
        (b"bearer", _AUTHORIZATION, "authorization"),
        (b"basic", _AUTHORIZATION, "authorization"),
        (b"negotiate", _AUTHORIZATION, "authorization"),
        (b"ntlm", _AUTHORIZATION, "authorization"),
        (b"://", _USER_INFO, "password in a URL"),
        (b"code=", _CODE, "parameter code"),
        (b"eyj", _JWT, "token"),
    ):
        for match in pattern.finditer(text) if hint in lowered else ():
            start, end = match.span(match.lastindex or 0)
            yield SecretSpan(start=start, end=end, label=label)
    hidden_to = 0
    for start, end in _names(text, lowered):
        name = text[start:end].decode("ascii", "replace")
        # A name inside a hidden value is hidden with it.
        value = _VALUE.match(text, end) if start >= hidden_to and is_secret_name(name) else None
        if value is None or text[max(0, start - len(_SCOPE)) : start] == _SCOPE:
            continue
        group = next(one for one in ("double", "single", "bare") if value[one] is not None)
        if value[group].lower() not in (b"bearer", b"basic", b"negotiate"):
            stop = _line_end(text, start, value.end(group)) if group == "bare" else value.end(group)
            hidden_to = stop
            yield SecretSpan(start=value.start(group), end=stop, label=f"parameter {name}")


def _line_end(text: bytes, start: int, end: int) -> int:
    """Where a value without quotes ends: with its line, if the pair begins the line, as in settings files."""
    near = max(0, start - _INDENTATION)
    line = text.rfind(b"\n", near, start) + 1
    if (line == 0 and near > 0) or text[line:start].strip():
        return end
    rest = _REST_OF_LINE.match(text, end)
    return rest.end() if rest is not None else end


def _names(text: bytes, lowered: bytes) -> Iterator[tuple[int, int]]:
    """Words that contain a stem of a secret name."""
    found: set[tuple[int, int]] = set()
    for stem in _STEMS:
        at = lowered.find(stem)
        while at >= 0:
            start, end = at, at + len(stem)
            while start and text[start - 1] in _NAME_BYTES:
                start -= 1
            while end < len(text) and text[end] in _NAME_BYTES:
                end += 1
            if end - start <= _LONGEST_NAME:
                # After a percent-encoded character, as in `%3Ftoken%3D`.
                found.add((min(start + 2, at) if text[start - 1 : start] == b"%" else start, end))
            at = lowered.find(stem, end)
    yield from sorted(found)


def _has_secret_name(body: bytes) -> bool:
    """Whether a name is secret, other than in the path or the relation of a link."""
    for start, end in _names(body, body.lower()):
        in_path = body[start - 1 : start] == b"/" and body[start - 2 : start] != b"</"
        in_relation = body[start - 5 : start] == b'rel="'
        if not in_path and not in_relation and is_secret_name(body[start:end].decode("ascii", "replace")):
            return True
    return b"<file>" in body


def without_secrets(body: bytes) -> bytes:
    """A body whose secrets are removed, so that bodies compare without them."""
    return replaced(body, body_secrets(body, "", with_hidden=True).spans, b"")


def replaced(body: bytes, spans: Iterable[SecretSpan], replacement: bytes) -> bytes:
    """The body with each span replaced."""
    pieces, position = [], 0
    for span in spans:
        value = b'"' + replacement + b'"' if span.needs_quotes else replacement
        pieces += [body[position : span.start], value]
        position = span.end
    return b"".join([*pieces, body[position:]])


def _structured(body: bytes, content_type: str) -> list[SecretSpan]:
    start = body.lstrip()[:1]
    if "multipart/" in content_type:
        return list(_multipart(body, content_type))
    if start in (b"{", b"[") or "json" in content_type:
        return list(_json(body))
    if start == b"<" or "xml" in content_type or "html" in content_type:
        is_html = "html" in content_type or body.lstrip()[:14].lower().startswith(
            (b"<!doctype html", b"<html")
        )
        return list(_html(body)) if is_html else _Xml(body).spans()
    if "x-www-form-urlencoded" in content_type or _FORM.fullmatch(body.strip()):
        return list(_form(body))
    return []


class _Xml:
    """Secret elements and attributes, and values of name and value pairs."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._found: list[SecretSpan] = []
        self._stack: list[_Element] = []
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse

    def spans(self) -> list[SecretSpan]:
        try:
            self._parser.Parse(self._body, True)
        except expat.ExpatError as error:
            raise _Malformed(f"XML: {error}") from error
        return self._found

    def _refuse(self, *_: object) -> None:
        raise _Malformed("XML with a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._stack[-1] if self._stack else None
        if parent is not None:
            parent.is_leaf = False
        start = self._parser.CurrentByteIndex
        is_payload = name == "content" and parent is not None and parent.name == "file"
        is_named = is_secret_name(name) or is_secret_name(attributes.get("name", ""))
        is_secret = is_payload or is_named or (parent is not None and parent.is_secret)
        self._stack.append(_Element(name, start, is_secret))
        named = is_secret or is_secret_name(attributes.get("name", ""))
        if named or any(is_secret_name(attribute) for attribute in attributes):
            self._found += _attributes(self._body, start, named=named)

    def _end(self, name: str) -> None:
        element = self._stack.pop()
        parent = self._stack[-1] if self._stack else None
        local = name.rpartition(":")[2]
        span = None
        if element.is_leaf and (element.is_secret or local in ("name", "key", "value")):
            span = self._content(element)
        if span is not None:
            if parent is not None and parent.is_secret:
                parent.leaves.append((local, span))
            elif element.is_secret:
                self._add(span, name)
            elif parent is not None and local == "value":
                parent.values.append(span)
            elif parent is not None:
                parent.pair_name = self._body[span[0] : span[1]].decode("utf-8", "replace").strip()
        if element.is_secret and not element.is_leaf:
            self._close(element, parent)
        if element.values and is_secret_name(element.pair_name):
            for value in element.values:
                self._add(value, element.pair_name)

    def _content(self, element: _Element) -> tuple[int, int] | None:
        """What is between the tags of the element that ends here; None for an empty one."""
        tag, end = _TAG.match(self._body, element.start), self._parser.CurrentByteIndex
        return (tag.end(), end) if tag is not None and tag.end() <= end else None

    def _close(self, element: _Element, parent: _Element | None) -> None:
        """A secret element with children: its `value`, or else all its texts but its expiry."""
        if parent is not None and parent.is_secret:
            parent.leaves += element.leaves
            return
        has_value = any(local == "value" for local, _ in element.leaves)
        for local, span in element.leaves:
            if local == "value" or (not has_value and local != "expiry"):
                self._add(span, f"{element.name}/{local}")

    def _add(self, span: tuple[int, int], name: str) -> None:
        self._found.append(SecretSpan(start=span[0], end=span[1], label=f"element {name}"))


class _Element:
    """An open element."""

    __slots__ = ("is_leaf", "is_secret", "leaves", "name", "pair_name", "start", "values")

    def __init__(self, name: str, start: int, is_secret: bool) -> None:
        self.name, self.start, self.is_secret, self.is_leaf = name, start, is_secret, True
        self.leaves: list[tuple[str, tuple[int, int]]] = []
        self.pair_name = ""
        self.values: list[tuple[int, int]] = []


def _attributes(body: bytes, start: int, *, named: bool) -> Iterator[SecretSpan]:
    """Secret attributes of the tag at a position; where its `name` is secret, its `value` is."""
    tag = _TAG.match(body, start)
    for match in _ATTRIBUTE.finditer(tag[0]) if tag is not None else ():
        name = match[1].decode("ascii", "replace")
        if is_secret_name(name) or (named and name in ("value", "content")):
            group = 2 if match[2] is not None else 3
            at = start + match.start(group)
            yield SecretSpan(start=at, end=at + len(match[group]), label=f"attribute {name}")


def _html(body: bytes) -> Iterator[SecretSpan]:
    for tag in _TAG.finditer(body):
        values = {
            name.lower(): (double or single).decode("utf-8", "replace")
            for name, double, single in _ATTRIBUTE.findall(tag[0])
        }
        named = any(is_secret_name(values.get(name, b"") or "") for name in (b"name", b"id", b"type"))
        yield from _attributes(body, tag.start(), named=named)


def _elements(body: bytes, *, closed: bool) -> Iterator[SecretSpan]:
    """Secret elements by their tags alone: in markup that no parser accepts, and in text within text."""
    for pattern in (_ELEMENT, _ESCAPED_ELEMENT):
        for match in pattern.finditer(body):
            name = match["name"].decode("ascii", "replace")
            ends = body[match.end("text") : match.end("text") + 5].startswith((b"</", b"&lt;/"))
            if is_secret_name(name) and (ends or not closed):
                yield SecretSpan(start=match.start("text"), end=match.end("text"), label=f"element {name}")
    for match in _NAMED_VALUE.finditer(body):
        name = match[1].decode("utf-8", "replace").strip()
        if is_secret_name(name):
            yield SecretSpan(start=match.start(2), end=match.end(2), label=f"element {name}")


def _json(body: bytes) -> Iterator[SecretSpan]:
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _Malformed(f"JSON: {error}") from error
    yield from _JsonScan(body).spans()


class _JsonScan:
    """Values of secret fields, and of objects with a secret `name`."""

    def __init__(self, body: bytes) -> None:
        self._tokens = list(_JSON_TOKEN.finditer(body))
        self._at = 0

    def spans(self) -> Iterator[SecretSpan]:
        """All spans of the document."""
        # Each level: [key, name of a secret around it, value of `name`, spans of `value`]
        levels: list[list[object]] = []
        expects_key = False
        for number, token in enumerate(self._tokens):
            text = token[0]
            if text in (b"{", b"["):
                levels.append([None, self._secret_key(levels), "", []])
                expects_key = text == b"{"
            elif text in (b"}", b"]"):
                _, _, name, values = levels.pop()
                if isinstance(values, list) and is_secret_name(str(name)):
                    yield from (self._span(one, str(name)) for one in values)
                expects_key = False
            elif text == b",":
                expects_key = self._in_object(levels)
            elif text != b":":
                follows = self._tokens[number + 1][0] if number + 1 < len(self._tokens) else b""
                if expects_key and follows == b":":
                    levels[-1][0] = json.loads(text)
                    expects_key = False
                elif levels:
                    yield from self._value(token, levels)

    def _value(self, token: re.Match[bytes], levels: list[list[object]]) -> Iterator[SecretSpan]:
        key = levels[-1][0]
        secret = self._secret_key(levels)
        if secret and key != "expiry":
            yield self._span(token, secret)
        elif key in ("name", "key") and token[0][:1] == b'"':
            levels[-1][2] = json.loads(token[0])
        elif key == "value" and isinstance(levels[-1][3], list):
            levels[-1][3].append(token)

    def _secret_key(self, levels: list[list[object]]) -> str:
        if not levels:
            return ""
        key, around = levels[-1][0], levels[-1][1]
        return str(key) if isinstance(key, str) and is_secret_name(key) else str(around or "")

    def _in_object(self, levels: list[list[object]]) -> bool:
        return bool(levels) and levels[-1][0] is not None

    def _span(self, token: re.Match[bytes], name: str) -> SecretSpan:
        quotes = 1 if token[0][:1] == b'"' else 0
        return SecretSpan(
            start=token.start() + quotes,
            end=token.end() - quotes,
            label=f"field {name}",
            needs_quotes=not quotes,
        )


def _form(body: bytes) -> Iterator[SecretSpan]:
    position = 0
    has_code = b"grant_type=" in body
    for pair in body.split(b"&"):
        name, equals, value = pair.partition(b"=")
        plain = name.decode("ascii", "replace").replace("%5F", "_").replace("%5f", "_")
        if equals and (is_secret_name(plain) or (has_code and plain == "code")):
            start = position + len(name) + 1
            yield SecretSpan(start=start, end=start + len(value), label=f"parameter {plain}")
        position += len(pair) + 1


def _multipart(body: bytes, content_type: str) -> Iterator[SecretSpan]:
    match = re.search(r"boundary=\"?([^\";,\s]+)", content_type, re.IGNORECASE)
    boundary = re.search(rb"^--([^\r\n]+?)(?:--)?\r?$", body, re.MULTILINE)
    if match is None and boundary is None:
        raise _Malformed("multipart without a boundary")
    limit = b"--" + (boundary[1] if boundary is not None else str(match and match[1]).encode())
    position = 0
    for part in body.split(limit):
        head, blank, content = part.partition(b"\r\n\r\n")
        if not blank:
            head, blank, content = part.partition(b"\n\n")
        start = position + len(head) + len(blank)
        name = _DISPOSITION.search(head[:_PART_HEAD])
        if blank and name is not None and is_secret_name(name[1].decode("utf-8", "replace")):
            text = content.rstrip(b"\r\n")
            label = f"part {name[1].decode('utf-8', 'replace')}"
            yield SecretSpan(start=start, end=start + len(text), label=label)
        elif blank:
            for span in body_secrets(content, _part_type(head)).spans:
                yield SecretSpan(start=start + span.start, end=start + span.end, label=span.label)
        position += len(part) + len(limit)


def _part_type(head: bytes) -> str:
    match = re.search(rb"content-type:\s*([^\r\n]+)", head, re.IGNORECASE)
    return match[1].decode("ascii", "replace") if match else ""


def _merged(body: bytes, spans: list[SecretSpan], *, with_hidden: bool) -> tuple[SecretSpan, ...]:
    """Spans with something left to hide, in order; of overlapping ones the first in the list, widened."""
    kept: list[SecretSpan] = []
    for span in sorted(spans, key=lambda one: one.start):
        value = body[span.start : span.end].decode("utf-8", "replace")
        whole = value.strip().removeprefix("<![CDATA[").removesuffix("]]>")
        if span.start >= span.end or (is_hidden(whole) and not with_hidden):
            continue
        if kept and span.start < kept[-1].end:
            if span.end > kept[-1].end:
                kept[-1] = msgspec.structs.replace(kept[-1], end=span.end)
            continue
        kept.append(span)
    return tuple(kept)


def _binary(body: bytes, content_type: str) -> str | None:
    """Why a body cannot be searched; pictures and fonts hold no secrets."""
    if not body or content_type.lower().startswith(("image/", "font/", "audio/", "video/")):
        return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return "binary data" if b"\0" in body else None
    return "binary data" if "\0" in text else None
