"""The report: one document from an inventory, its findings and a campaign, as HTML, Markdown and JSON."""

from rhevmig.report.document import Document
from rhevmig.report.report import Report

__all__ = ["Document", "Report"]
