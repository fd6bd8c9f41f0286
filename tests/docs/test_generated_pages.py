"""The generated pages of docs/ are what the code says today."""

from __future__ import annotations

import pytest

from docs.generate import HERE, PAGES, text_of


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_generated_page_is_current(page: str) -> None:
    """`make docs` would change nothing."""
    assert (HERE / page).read_text() == text_of(page), f"docs/{page} is stale: run `make docs`"
