"""Files: the one function that writes them, and the bounds of those that are read."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from rhevmig.errors import OutputFailed

#: Longest file that a person writes (policy, scenario), bytes.
MAX_TEXT_BYTES = 4 << 20


def read_text(path: Path, *, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """The text of a file in UTF-8; at most one byte more than the limit is read, also of an endless device.

    Raises: OSError; ValueError (too long, not UTF-8).
    """
    with path.open("rb") as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"it is longer than {max_bytes:,} bytes")
    return content.decode("utf-8")


def check_bounds(document: object, *, max_depth: int = 40, max_values: int = 200_000) -> None:
    """Refuses a document that is nested too deeply, or enormous once the aliases of its YAML are expanded.

    Raises: ValueError.
    """
    level, count = [document], 0
    for _ in range(max_depth):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                below += value
            count += 1
            if count + len(below) > max_values:
                raise ValueError(f"it has more than {max_values:,} values")
        if not below:
            return
        level = below
    raise ValueError("it is nested too deeply")


def write_file(path: Path, content: bytes) -> Path:
    """Writes a file whole or not at all: to a temporary file in the same folder, synced, then renamed.

    A new file gets the mode that the umask allows, an existing one keeps its mode. Links are followed;
    devices and pipes are written to, never replaced.
    Raises: OutputFailed; an older file at the path is then unchanged.
    """
    target, aside = path, None
    try:
        target = path.resolve() if path.is_symlink() else path
        existing = _stat(target)
        if existing is not None and not stat.S_ISREG(existing.st_mode):
            with target.open("wb") as stream:
                stream.write(content)
            return path
        aside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
            if existing is not None:
                with contextlib.suppress(OSError):  # only root may give a file to its former owner
                    os.fchown(stream.fileno(), existing.st_uid, existing.st_gid)
                os.fchmod(stream.fileno(), stat.S_IMODE(existing.st_mode))
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(target)
    except OSError as error:
        if aside is not None:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
        raise OutputFailed(path=str(path), detail=error.strerror or str(error)) from error
    return path


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
