"""What README and docs tell a reader to type works, against a recorded real engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import ROOT, Block, blocks, run

from tests.recorded import served_lab


@pytest.mark.parametrize("block", blocks("recorded engine"), ids=lambda b: f"{b.page}-{b.language}")
def test_a_block_of_a_page_runs_as_printed(block: Block, tmp_path: Path) -> None:
    """Each command of the page, copied out, ends with the exit code that the page names."""
    with served_lab(shift_time=True) as engine:
        environ = {
            "OVIRT_URL": engine.url,
            "OVIRT_USERNAME": "admin@internal",
            "OVIRT_PASSWORD": "recorded",
            "NO_COLOR": "1",
        }
        run(block, folder=tmp_path, environ=environ)


def test_every_picture_of_the_readme_is_there_and_small() -> None:
    """A picture is in the repository and loads quickly."""
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).stat().st_size < 300_000
