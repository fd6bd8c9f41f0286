"""One document from one inventory, in the order in which it is read."""

from __future__ import annotations

from rhevmig.report.appendix import appendix_section
from rhevmig.report.cover import record_of_run, subtitle
from rhevmig.report.cpu import cpu_section
from rhevmig.report.document import DOCUMENT_FORMAT, DOCUMENT_SCHEMA_VERSION, Document
from rhevmig.report.estate import estate_section
from rhevmig.report.history import history_section
from rhevmig.report.judged import findings_section
from rhevmig.report.material import Material
from rhevmig.report.moving import moving_section
from rhevmig.report.network import network_section
from rhevmig.report.storage import storage_section
from rhevmig.report.summary import summary_section
from rhevmig.report.timekeeping import time_section
from rhevmig.report.unseen import unseen_section
from rhevmig.report.vms import vms_section

__all__ = ["build_document"]

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
