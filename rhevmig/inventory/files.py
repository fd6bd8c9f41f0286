"""Files written whole or not at all, and the head that marks a snapshot."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from rhevmig.errors import OutputFailed

#: Marks a file as a snapshot of an inventory.
SNAPSHOT_FORMAT: Final = "rhevmig-inventory"
#: Raised when a field changes its meaning or goes; new optional fields do not raise it.
SCHEMA_VERSION: Final = 1


def write_aside(path: Path, content: bytes) -> Path:
    """Writes a file whole or not at all: aside in the same folder, synced, then renamed.

    Raises: OutputFailed, with what stood there before untouched.
    """
    aside: str | None = None
    try:
        descriptor, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except OSError as error:
        if aside is not None:
            Path(aside).unlink(missing_ok=True)
        raise OutputFailed(path=str(path), detail=error.strerror or str(error)) from error
    return path
