"""The capacity review: it runs on a saved snapshot, and says what the kept notebook says."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.recorded import recorded_inventory

NOTEBOOK = Path(__file__).parents[3] / "examples" / "notebooks" / "capacity-review.ipynb"


@pytest.fixture(scope="module")
def kept() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def executed(kept: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook run in a kernel of its own on the kept inventory of the recorded engine."""
    snapshot = recorded_inventory().save(tmp_path_factory.mktemp("notebook") / "engine.json")
    notebook = copy.deepcopy(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RHEVMIG_SNAPSHOT", str(snapshot))
        patch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


def outputs(notebook: Any, kind: str) -> list[str]:
    return [
        str(output["data"][kind])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if kind in output.get("data", {})
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_notebook_runs_and_draws(executed: Any) -> None:
    """Every cell ends without error, and the four figures are drawn."""
    drawn = outputs(executed, "image/png")
    assert len(drawn) == 4
    assert all(len(image) > 5_000 for image in drawn)


def test_the_kept_notebook_says_what_it_says_today(kept: Any, executed: Any) -> None:
    """Tables shown to a reader of the repository are those that running it gives."""
    assert outputs(executed, "text/html") == outputs(kept, "text/html")
    assert len(outputs(kept, "image/png")) == 4


def test_the_review_finds_what_is_known_of_the_recorded_engine(executed: Any) -> None:
    """The slow host, the host without a migration network and the VMs with few destinations stand in it."""
    tables = " ".join(outputs(executed, "text/plain"))
    assert "amd-web01" in tables
    assert "user_migratable" in tables
    emptying = next(text for text in outputs(executed, "text/plain") if "at least, s" in text)
    assert "<NA>" in next(line for line in emptying.splitlines() if "kvm02" in line)
