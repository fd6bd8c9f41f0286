"""Writing a report: by suffix or into a folder, whole or not at all."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import an_inventory

from rhevmig.errors import InvalidArgument, OutputFailed
from rhevmig.report import Report


@pytest.mark.parametrize("name", ["report.html", "report.md", "report.json", "REPORT.HTML"])
def test_the_suffix_names_the_format(name: str, tmp_path: Path) -> None:
    """One file is written, and it holds that format."""
    report = Report(an_inventory())
    texts = {".html": report.html, ".md": report.markdown, ".json": report.json}
    assert report.write(tmp_path / name) == (tmp_path / name,)
    assert (tmp_path / name).read_text() == texts[Path(name).suffix.lower()]()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_gets_all_formats(tmp_path: Path) -> None:
    """A path without suffix is a folder, made if it is missing, and gets the three files."""
    written = Report(an_inventory()).write(tmp_path / "out")
    assert [path.name for path in written] == ["report.html", "report.md", "report.json"]
    assert all(path.read_bytes() for path in written)


def test_a_folder_may_have_a_dot_in_its_name(tmp_path: Path) -> None:
    """A folder that exists is one, whatever its name looks like."""
    (tmp_path / "2026.11").mkdir()
    assert len(Report(an_inventory()).write(tmp_path / "2026.11")) == 3


def test_an_unknown_suffix_is_bad_usage(tmp_path: Path) -> None:
    """A format that does not exist is named in one line, and nothing is written."""
    with pytest.raises(InvalidArgument) as caught:
        Report(an_inventory()).write(tmp_path / "report.pdf")
    assert "report.pdf" in caught.value.message
    assert caught.value.exit_code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["missing/deeper/report.html", "file/report.html", "file/folder"])
def test_a_place_that_cannot_be_written_is_one_clear_error(name: str, tmp_path: Path) -> None:
    """A missing folder, or a file in its place, raises OutputFailed and leaves nothing behind."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputFailed) as caught:
        Report(an_inventory()).write(tmp_path / name)
    assert "\n" not in caught.value.message
    assert caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stood there before stands untouched when the disk is full."""
    (tmp_path / "report.md").write_text("older")
    monkeypatch.setattr(os, "fsync", _full_disk)
    with pytest.raises(OutputFailed, match="No space left"):
        Report(an_inventory()).write(tmp_path / "report.md")
    assert (tmp_path / "report.md").read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_disk_that_fills_up_between_files_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three files that belong together none stays when the last cannot be written."""
    synced: list[int] = []

    def fills_up(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 3:
            _full_disk(descriptor)

    monkeypatch.setattr(os, "fsync", fills_up)
    with pytest.raises(OutputFailed):
        Report(an_inventory()).write(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_moment_of_making_is_shown_only_where_given() -> None:
    """`made_at` is an argument; without it the report says nothing of today."""
    made_at = datetime(2026, 12, 24, 18, 30, tzinfo=UTC)
    assert "2026-12-24 18:30:00 UTC" in Report(an_inventory(), made_at=made_at).markdown()
    assert "Report made" not in Report(an_inventory()).markdown()


def test_an_unknown_gate_is_refused() -> None:
    """A severity that does not exist is refused when the report is made, not when it is written."""
    with pytest.raises(InvalidArgument, match="severe"):
        Report(an_inventory(), gate="severe")


def _full_disk(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
