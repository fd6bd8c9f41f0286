"""What a replay server sends back: recorded answers, and the few pages that every engine's host has."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec

from rhevmig.recordings.exchange import Exchange

XML = "application/xml;charset=UTF-8"
HTML = "text/html;charset=UTF-8"

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
#: Headers of the recorder and of the recorded connection.
_OF_TRANSPORT = (
    "x-recorded-",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
)
_REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip


class ServedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer before it goes over the wire: no lengths, no compression."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def answer(status: int, body: bytes, content_type: str) -> ServedAnswer:
    """An answer with a body of one content type."""
    headers = (("Content-Type", content_type),)
    return ServedAnswer(status=status, reason=_REASONS.get(status, ""), headers=headers, body=body)


def recorded_answer(exchange: Exchange) -> ServedAnswer:
    """The answer of an exchange as it was recorded."""
    headers = tuple(pair for pair in exchange.headers if not pair[0].lower().startswith(_OF_TRANSPORT))
    return ServedAnswer(status=exchange.status, reason=exchange.reason, headers=headers, body=exchange.body)


def fault(status: int, reason: str, detail: str) -> ServedAnswer:
    """A fault in the engine's XML."""
    root = ET.Element("fault")
    ET.SubElement(root, "detail").text = f"[{detail}]"
    ET.SubElement(root, "reason").text = reason
    return answer(status, _DECLARATION + ET.tostring(root), XML)


def page(status: int, text: str) -> ServedAnswer:
    """An HTML page, as the engine's container and proxies send them."""
    body = f"<html><head><title>Error</title></head><body>{text}</body></html>"
    return answer(status, body.encode(), HTML)


def unauthorized(text: str) -> ServedAnswer:
    """The engine's page for a request without a valid session."""
    challenge = ("WWW-Authenticate", 'Basic realm="RESTAPI"')
    refused = page(401, text)
    return msgspec.structs.replace(refused, headers=(*refused.headers, challenge))
