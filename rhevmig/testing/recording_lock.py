"""One process at a time records to a cassette."""

from __future__ import annotations

import fcntl
import io
import os
from pathlib import Path

from rhevmig.errors import CassetteError


class RecordingLock:
    """One process's right to record to a cassette; the kernel releases it when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_name(path.name + ".lock")
        self._file: io.TextIOWrapper | None = None

    def take(self) -> None:
        """Takes the lock.

        Raises: CassetteError where another process holds it.
        """
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            while self._file is None:
                self._try()
        except OSError as error:
            raise CassetteError(path=str(self._path), detail=f"cannot be recorded: {error}") from error

    def release(self) -> None:
        """Lets other processes record. A second call does nothing."""
        if self._file is not None:
            self._lock.unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def _try(self) -> None:
        file = self._lock.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise CassetteError(
                path=str(self._path),
                detail=f"another process is recording to it (process {owner})",
                remedy="Record to another file, or wait for the other process.",
            ) from None
        # The previous owner may have removed the file after it was opened here and before it was locked.
        if _inode(self._lock) != os.fstat(file.fileno()).st_ino:
            file.close()
            return
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file


def _inode(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except OSError:
        return None
