"""Files are written whole or not at all, with the mode that the umask allows; devices stay devices."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rhevmig.errors import OutputFailed
from rhevmig.files import write_file
from rhevmig.recordings.cassette_file import write_document


@pytest.fixture
def umask() -> Iterator[None]:
    """The strictest usual umask."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_a_new_file_gets_what_the_umask_allows(tmp_path: Path) -> None:
    """With umask 077 nobody else can read a snapshot, a report or a cassette."""
    assert mode(write_file(tmp_path / "dc.json", b"{}")) == 0o600
    write_document(tmp_path / "c.yaml", {"version": 1, "interactions": []})
    assert mode(tmp_path / "c.yaml") == 0o600


def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    """A file that its owner has opened to a group, or closed, stays so."""
    for path, wanted in ((tmp_path / "open", 0o664), (tmp_path / "closed", 0o600)):
        path.write_bytes(b"old")
        path.chmod(wanted)
        write_file(path, b"new")
        assert (path.read_bytes(), mode(path)) == (b"new", wanted)


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The file behind a link is replaced, and the link stays a link, also one whose file is missing."""
    (tmp_path / "folder").mkdir()
    for name in ("file", "missing"):
        link = tmp_path / f"link-{name}"
        link.symlink_to(tmp_path / "folder" / name)
        write_file(link, b"new")
        assert link.is_symlink()
        assert (tmp_path / "folder" / name).read_bytes() == b"new"


def test_a_pipe_and_a_device_are_written_to(tmp_path: Path) -> None:
    """A named pipe delivers the content and stays a pipe; /dev/null stays a device."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, b"content")
    reader.join(10)
    assert received == [b"content"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    null = tmp_path / "null"
    null.symlink_to(os.devnull)
    write_file(null, b"content")
    assert stat.S_ISCHR(null.stat().st_mode)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """A full device and a folder that is missing: an error with the path, no temporary file."""
    with pytest.raises(OutputFailed, match="No space"):
        write_file(Path("/dev/full"), b"content")
    with pytest.raises(OutputFailed, match=r"missing/dc\.json"):
        write_file(tmp_path / "missing" / "dc.json", b"content")
    with pytest.raises(OutputFailed):
        write_file(tmp_path, b"content")
    assert list(tmp_path.iterdir()) == []
