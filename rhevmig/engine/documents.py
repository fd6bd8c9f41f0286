"""XML of an engine before the SDK parses it: links removed, and proven to be well-formed.

libxml2 prints to stderr about documents that are not, so they are refused here. Time and memory are in
proportion to the length of the document.
"""

from __future__ import annotations

import re
from typing import Never
from xml.parsers import expat

from rhevmig.engine.error_mapping import broken_off, foreign
from rhevmig.engine.request import EngineRequest

#: Text and attributes never hold a bare `<`, so no value is cut.
_LINK = re.compile(rb"<link [^<>]*/>\s*")
_ACTIONS, _ACTIONS_END = b"<actions>", b"</actions>"
#: Elements inside each other; no engine nests deeper than twelve. libxml2 stops at 256 with a line on stderr,
#: so this only spares that line, and only in short documents: in long ones it would double the time.
_TOO_DEEP = re.compile(rb"(?:<[A-Za-z_](?:[^<>]*[^<>/])?>[^<]*){200}")
_SHORT = 200_000
#: Errors of expat where a document ends too early.
_ENDS = frozenset(
    {
        expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
        expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    }
)


def without_links(content: bytes) -> bytes:
    """A document without its links and actions.

    >>> without_links(b'<vm><actions><link href="/a"/></actions><name>a</name></vm>')
    b'<vm><name>a</name></vm>'
    """
    parts, start = [], 0
    while (begin := content.find(_ACTIONS, start)) >= 0:
        end = content.find(_ACTIONS_END, begin)
        if end < 0:
            break
        parts.append(content[start:begin])
        start = end + len(_ACTIONS_END)
    parts.append(content[start:])
    return _LINK.sub(b"", b"".join(parts))


def outermost(content: bytes, request: EngineRequest, *, known: bool) -> str:
    """The name of the outermost element of a well-formed document.

    Raises: EngineUnavailable where the document ends too early, or is not well-formed XML although an engine
    answered at this address before; NotAnEngine for another document.
    """
    names: list[str] = []
    parser = expat.ParserCreate()

    def start(name: str, _attributes: dict[str, str]) -> None:
        names.append(name)
        parser.StartElementHandler = None

    def doctype(*_: object) -> Never:
        raise foreign(request, "its answer has a document type declaration", known=known)

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    if len(content) <= _SHORT and _TOO_DEEP.search(content):
        raise foreign(request, "the XML of its answer is nested too deeply", known=known)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        if error.code in _ENDS:
            raise broken_off(request, f"after {len(content):,} bytes") from error
        detail = f"its answer is not well-formed XML: {error}"
        raise foreign(request, detail, known=known) from error
    return names[0]
