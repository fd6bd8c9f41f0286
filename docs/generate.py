"""Writes the generated pages of docs/; a test fails when a page is not current.

A page is a function without arguments that returns the text. Run `make docs` after a change.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent

#: File → "module:function" that returns its text.
PAGES = {
    "../README.md": "docs.readme:page",
    "../rhevmig/cli/usage_table.py": "docs.cli_reference:usage",
    "cli.md": "docs.cli_reference:page",
    "lab-coverage.md": "docs.lab_coverage:page",
    "lab-fidelity.md": "docs.lab_fidelity:page",
    "notebook.md": "docs.notebook_page:page",
    "precopy.md": "docs.precopy_page:page",
    "precopy.svg": "docs.precopy_figure:figure",
}


def text_of(page: str) -> str:
    module, function = PAGES[page].split(":")
    made: str = getattr(importlib.import_module(module), function)()
    return made.rstrip("\n") + "\n"


def main() -> int:
    for page in PAGES:
        path = HERE / page
        new = text_of(page)
        changed = not path.exists() or path.read_text() != new
        path.write_text(new)
        print(f"{'wrote' if changed else 'current'}: {path.resolve().relative_to(HERE.parent)}")
    return 0


if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]
    sys.exit(main())
