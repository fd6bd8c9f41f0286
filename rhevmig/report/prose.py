"""The longer texts of the report, from `prose.md`: paragraphs by key, and tables with fixed rows."""

from __future__ import annotations

from functools import cache
from importlib import resources

from rhevmig.report.document import Prose, Tone


def prose(key: str, *, tone: Tone = Tone.PLAIN, is_lead: bool = False, **values: object) -> Prose:
    """The paragraph under the heading `key`, with the values of its `{placeholders}`."""
    return Prose(text=sentence(key, **values), tone=tone, is_lead=is_lead)


def sentence(key: str, **values: object) -> str:
    """The text under the heading `key`, in one line."""
    return " ".join(_parts()[key].split()).format(**values)


def fixed_rows(key: str) -> tuple[tuple[str, ...], ...]:
    """The rows of the table under the heading `key`, without its head."""
    lines = [line for line in _parts()[key].splitlines() if line.startswith("|")]
    return tuple(tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:])


@cache
def _parts() -> dict[str, str]:
    text = resources.files("rhevmig.report").joinpath("prose.md").read_text(encoding="utf-8")
    parts = (part.partition("\n") for part in text.split("\n## ")[1:])
    return {key.strip(): body.strip() for key, _, body in parts}
