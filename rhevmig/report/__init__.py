"""How one hands it over: one document, rendered as HTML, Markdown and JSON.

`document` is the tree; `building` puts it together from sections (`summary`, `judged`, `unseen`, `storage`,
`network`, `cpu`, `timekeeping`, `vms`, `moving`, `estate`, `history`, `appendix`); `html` and `markdown`
render it; `report` is what a caller uses.
"""

from rhevmig.report.document import Document
from rhevmig.report.report import Report

__all__ = ["Document", "Report"]
