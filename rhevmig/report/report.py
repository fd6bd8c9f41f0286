"""The report: one document from an inventory and what is known about it, written in three formats."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path

import msgspec

from rhevmig.checks import Findings, Severity
from rhevmig.errors import InvalidArgument, OutputFailed
from rhevmig.inventory import Inventory, write_file
from rhevmig.migration import Campaign
from rhevmig.policy import Policy, load_policy
from rhevmig.report.assembly import build_document
from rhevmig.report.context import Material
from rhevmig.report.document import Document
from rhevmig.report.render.html import render_html
from rhevmig.report.render.markdown import render_markdown

_NAME_IN_FOLDER = "report"


class Report:
    """What one hands over: verdicts, findings, settings as they are, what could not be seen, what was moved.

    Equal input gives equal output, byte for byte; the moment of making is shown only where it is given.

    Args: inventory; findings (of `rhevmig.check`; None: the checks were not run, and the report says so);
    campaign (migrations done); title; made_at (shown on the cover; None leaves it out); policy (object or
    path, by which the findings were judged: its figures and sources are printed, its storage networks drawn);
    gate (severity from which findings decide the verdict of a cluster).
    """

    def __init__(
        self,
        inventory: Inventory,
        findings: Findings | None = None,
        campaign: Campaign | None = None,
        *,
        title: str | None = None,
        made_at: datetime | None = None,
        policy: Policy | str | os.PathLike[str] | None = None,
        gate: Severity | str = Severity.HIGH,
    ) -> None:
        self._material = Material(
            inventory=inventory,
            findings=findings,
            campaign=campaign,
            title=title,
            made_at=made_at,
            policy=_policy(policy),
            gate=_severity(gate),
        )

    @cached_property
    def document(self) -> Document:
        """The content, before any format."""
        return build_document(self._material)

    def html(self) -> str:
        """One HTML page with everything in it."""
        return render_html(self.document)

    def markdown(self) -> str:
        """Markdown for git."""
        return render_markdown(self.document)

    def json(self) -> str:
        """The document itself, for programs; `Document` decodes it."""
        return msgspec.json.format(msgspec.json.encode(self.document), indent=1).decode() + "\n"

    def write(self, path: str | os.PathLike[str]) -> tuple[Path, ...]:
        """Writes the format that the suffix names, or all three into a folder, made if it is missing.

        Returns: the files written. Nothing is written before all of it is rendered; each file appears whole
        or not at all, and where one of three cannot be written, no new one stays.
        Raises: InvalidArgument (another suffix), OutputFailed.
        """
        target = Path(path)
        formats: dict[str, Callable[[], str]] = {".html": self.html, ".md": self.markdown, ".json": self.json}
        if target.suffix and not target.is_dir():
            if target.suffix.lower() not in formats:
                raise InvalidArgument(
                    name="path",
                    value=str(path),
                    expected="a name that ends in .html, .md or .json, or a folder",
                )
            wanted = {target: formats[target.suffix.lower()]}
        else:
            wanted = {target / f"{_NAME_IN_FOLDER}{suffix}": render for suffix, render in formats.items()}
        ready = {file: render().encode() for file, render in wanted.items()}
        if target not in ready:
            _make_folder(target)
        return _write_all(ready)


def _policy(policy: Policy | str | os.PathLike[str] | None) -> Policy:
    if policy is None:
        return Policy()
    return policy if isinstance(policy, Policy) else load_policy(policy)


def _severity(word: Severity | str) -> Severity:
    if word not in set(Severity):
        raise InvalidArgument(name="gate", value=word, expected=f"one of {', '.join(Severity)}")
    return Severity(word)


def _write_all(ready: Mapping[Path, bytes]) -> tuple[Path, ...]:
    """Writes all files; where one cannot be written, those that this call brought into being go again."""
    fresh = [file for file in ready if not file.exists()]
    try:
        return tuple(write_file(file, content) for file, content in ready.items())
    except OutputFailed:
        for file in fresh:
            with contextlib.suppress(OSError):
                file.unlink()
        raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputFailed(path=str(folder), detail=error.strerror or str(error)) from error
