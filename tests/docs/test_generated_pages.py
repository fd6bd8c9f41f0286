"""The generated pages of docs/ are what the code says today."""

from __future__ import annotations

import pytest

from docs.generate import HERE, PAGES, text_of

#: Pages whose evidence another test of the same group has made already, in the same worker.
GROUPS = {"lab-fidelity.md": pytest.mark.xdist_group("lab-evidence")}


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=GROUPS.get(page, ()), id=page) for page in sorted(PAGES)]
)
def test_a_generated_page_is_current(page: str) -> None:
    """`make docs` would change nothing."""
    assert (HERE / page).read_text() == text_of(page), f"docs/{page} is stale: run `make docs`"
