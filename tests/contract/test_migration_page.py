"""What `docs/migration.md` tells a reader to type works, on a simulated engine."""

from __future__ import annotations

import pytest

import rhevmig
from tests.contract.migration_lab import a_site
from tests.docs.pages import Block, blocks


@pytest.mark.parametrize("block", blocks("migration lab"), ids=lambda block: block.page)
def test_the_page_runs_as_printed(block: Block, tmp_path, monkeypatch, capsys):
    """The program on the page moves a VM and empties a host; only the time is the lab's."""
    with a_site() as site:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(rhevmig, "connect", site.connect, raising=False)
        exec(compile(block.text, block.page, "exec"), {"__name__": "page"})
        assert {site.where(f"vm{n}").rpartition("@")[2] for n in range(1, 5)} <= {"h2", "h3"}
    told = capsys.readouterr().out
    assert "Evacuate host h1" in told
    assert "host h1: maintenance" in told
    assert rhevmig.status("nightly.db").is_success


def test_the_page_is_read():
    """The page has a program that runs."""
    assert [block.language for block in blocks("migration lab")] == ["python"]
