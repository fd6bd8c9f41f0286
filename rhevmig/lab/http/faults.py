"""Refusals with the status codes, texts and body formats of the engine.

Texts are data (`data/messages.yaml`: key, status code, text in each recorded language).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec

from rhevmig.lab.state.defaults import read_data


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text of the engine."""

    #: Status code of an answer that carries only this text.
    status: int = 409
    #: The text with `{names}` to be filled in.
    en: str
    #: The same in other languages, if recorded.
    de: str | None = None
    fr: str | None = None
    ja: str | None = None


class EngineFault(Exception):
    """A refusal of the engine. `in_action`: False for a fault without the `<action>` around it."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        reason: str = "Operation Failed",
        content_type: str = "application/xml;charset=UTF-8",
        in_action: bool | None = None,
        allow: str = "",
    ) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.reason = reason
        self.content_type = content_type
        self.in_action = in_action
        self.allow = allow


@cache
def _messages() -> dict[str, Message]:
    found: dict[str, Message] = {}
    for name in ("messages.yaml", "messages_moves.yaml", "messages_rules.yaml"):
        found |= msgspec.convert(read_data(name), type=dict[str, Message])
    return found


def message(key: str, language: str = "en", **values: object) -> str:
    """A text of the engine, filled in; in English if it was not recorded in that language."""
    known = _messages()[key]
    pattern = getattr(known, language, None) or known.en
    return str(pattern).format(**values)


def refuse(*keys: str, language: str = "en", details: Sequence[str] = (), **values: object) -> EngineFault:
    """The refusal with these texts in brackets, separated by commas.

    The status code is that of the texts' class; of several, any 400 wins, then 409, 500, 403.
    """
    texts = [message(key, language, **values) for key in keys] + list(details)
    statuses = {_messages()[key].status for key in keys}
    status = next((code for code in (400, 409, 500, 403) if code in statuses), 400)
    return EngineFault(status, f"[{', '.join(texts)}]")


def html_error(status: int, text: str) -> EngineFault:
    """An error page of the servlet container."""
    page = f"<html><head><title>Error</title></head><body>{text}</body></html>"
    return EngineFault(status, page, content_type="text/html;charset=UTF-8", in_action=False)
