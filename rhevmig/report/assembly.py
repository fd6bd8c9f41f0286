"""One document from one inventory, in the order in which it is read."""

from __future__ import annotations

from rhevmig.report.context import Material
from rhevmig.report.document import DOCUMENT_FORMAT, DOCUMENT_SCHEMA_VERSION, Document
from rhevmig.report.sections.appendix import appendix_section
from rhevmig.report.sections.campaign import history_section
from rhevmig.report.sections.clocks import time_section
from rhevmig.report.sections.cover import record_of_run, subtitle
from rhevmig.report.sections.coverage import unseen_section
from rhevmig.report.sections.cpu import cpu_section
from rhevmig.report.sections.findings import findings_section
from rhevmig.report.sections.inventory import estate_section
from rhevmig.report.sections.migration_settings import moving_section
from rhevmig.report.sections.network import network_section
from rhevmig.report.sections.storage import storage_section
from rhevmig.report.sections.summary import summary_section
from rhevmig.report.sections.vms import vms_section

_DEFAULT_TITLE = "Live migration readiness"


def build_document(material: Material) -> Document:
    """The whole report as data; equal material gives an equal document. Migrations done come first."""
    history = history_section(material)
    return Document(
        format=DOCUMENT_FORMAT,
        schema_version=DOCUMENT_SCHEMA_VERSION,
        title=material.title or _DEFAULT_TITLE,
        subtitle=subtitle(material),
        made_at=material.made_at,
        record=record_of_run(material),
        sections=(
            summary_section(material),
            *((history,) if material.campaign is not None else ()),
            findings_section(material),
            unseen_section(material),
            storage_section(material),
            network_section(material),
            cpu_section(material),
            time_section(material),
            vms_section(material),
            moving_section(material),
            estate_section(material),
            *((history,) if material.campaign is None else ()),
            appendix_section(material),
        ),
    )
