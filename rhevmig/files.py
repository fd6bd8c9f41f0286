"""The one function that writes a file: snapshots, plans, reports and cassettes."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from rhevmig.errors import OutputFailed


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
