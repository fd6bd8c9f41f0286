"""The report: one document from an inventory, its findings and a campaign, written in three formats."""

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
from rhevmig.files import write_file
from rhevmig.inventory import Inventory
from rhevmig.migration import Campaign
from rhevmig.policy import Policy, load_policy
from rhevmig.report.context import ReportContext
from rhevmig.report.document import DOCUMENT_FORMAT, DOCUMENT_SCHEMA_VERSION, Document
from rhevmig.report.render.html import render_html
from rhevmig.report.render.markdown import render_markdown
from rhevmig.report.sections.appendix import appendix_section
from rhevmig.report.sections.campaign import campaign_section
from rhevmig.report.sections.clocks import clocks_section
from rhevmig.report.sections.cover import record_of_run, subtitle
from rhevmig.report.sections.coverage import coverage_section
from rhevmig.report.sections.cpu import cpu_section
from rhevmig.report.sections.findings import findings_section
from rhevmig.report.sections.inventory import inventory_section
from rhevmig.report.sections.migration_settings import migration_settings_section
from rhevmig.report.sections.network import network_section
from rhevmig.report.sections.storage import storage_section
from rhevmig.report.sections.summary import summary_section
from rhevmig.report.sections.vms import vms_section

_NAME_IN_FOLDER = "report"
_DEFAULT_TITLE = "Live migration readiness"
#: In reading order; the migrations of a campaign are moved to the second place.
_SECTIONS = (
    summary_section,
    findings_section,
    coverage_section,
    storage_section,
    network_section,
    cpu_section,
    clocks_section,
    vms_section,
    migration_settings_section,
    inventory_section,
    campaign_section,
    appendix_section,
)


class Report:
    """Verdicts, findings, settings in effect, coverage gaps and migrations of one engine.

    Equal input gives equal output, byte for byte.

    Args:
        findings: result of `rhevmig.check`; None states that the checks were not run.
        campaign: migrations to report.
        made_at: shown on the cover; None leaves it out.
        policy: object or path, as given to `rhevmig.check`.
        gate: lowest severity that affects the verdict of a cluster.

    Raises: InvalidArgument (unknown gate), ConfigError (policy file).
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
        self._context = ReportContext(
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
        return _document(self._context)

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
        """Writes the format of the suffix, or all three into a folder, which is created if it is missing.

        All formats are rendered before the first file is written; each file appears whole or not at all.

        Returns: the files written.
        Raises: InvalidArgument (another suffix), OutputFailed (no new file is left then).
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


def _document(context: ReportContext) -> Document:
    order = list(_SECTIONS)
    if context.campaign is not None:
        order.remove(campaign_section)
        order.insert(1, campaign_section)
    return Document(
        format=DOCUMENT_FORMAT,
        schema_version=DOCUMENT_SCHEMA_VERSION,
        title=context.title or _DEFAULT_TITLE,
        subtitle=subtitle(context),
        made_at=context.made_at,
        record=record_of_run(context),
        sections=tuple(make(context) for make in order),
    )


def _policy(policy: Policy | str | os.PathLike[str] | None) -> Policy:
    if policy is None:
        return Policy()
    return policy if isinstance(policy, Policy) else load_policy(policy)


def _severity(word: Severity | str) -> Severity:
    if word not in set(Severity):
        raise InvalidArgument(name="gate", value=word, expected=f"one of {', '.join(Severity)}")
    return Severity(word)


def _write_all(ready: Mapping[Path, bytes]) -> tuple[Path, ...]:
    """Writes all files; where one cannot be written, the files that this call created are removed."""
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
