"""What README and docs tell a reader to type works, against a recorded real engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import ROOT, Block, blocks, run

from rhevmig import testing

RECORDED = ROOT / "cassettes" / "recorded-engine"


@pytest.mark.parametrize("block", blocks("recorded engine"), ids=lambda b: f"{b.page}-{b.language}")
def test_a_block_of_a_page_runs_as_printed(block: Block, tmp_path: Path) -> None:
    """Each command of the page, copied out, ends with the exit code that the page names."""
    with testing.serve(RECORDED, shift_time=True) as engine:
        environ = {
            "OVIRT_URL": engine.url,
            "OVIRT_USERNAME": "admin@internal",
            "OVIRT_PASSWORD": "recorded",
            "NO_COLOR": "1",
        }
        run(block, folder=tmp_path, environ=environ)
