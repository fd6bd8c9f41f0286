"""Standard output and standard error: the only place that writes to them.

Results that cannot be written are an error. Notes and progress that cannot be written are lost, and the
command continues: a vanished terminal or `| head` must not end a campaign.
"""

from __future__ import annotations

import os
import sys

# names for annotations alone: importing them takes as long as Python takes to start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

#: Control characters, and the marks that change the direction of text, shown as escapes.
_INVISIBLE = {
    number: f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
    for number in (*range(32), *range(127, 160), *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}


def visible(text: str) -> str:
    """One line of text in which no character can act on the terminal.

    >>> visible("kvm01\\x1b[2J")
    'kvm01\\\\x1b[2J'
    """
    return text.translate(_INVISIBLE).encode("utf-8", "backslashreplace").decode("utf-8")


def write_out(text: str) -> None:
    """Writes a result to stdout. If the reader has gone (`| head`), the rest is dropped.

    Raises: OutputFailed (closed, disk full).
    """
    if not text:
        return
    try:
        if sys.stdout is None:
            raise OSError("it is closed")
        _write(sys.stdout, text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError) as error:
        from rhevmig.errors import OutputFailed

        if sys.stdout is not None:
            # what is still in the buffer would fail again when Python exits
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        detail = getattr(error, "strerror", None) or str(error)
        remedy = "Redirect the output to a file or disk that can be written."
        raise OutputFailed(path="standard output", detail=detail, remedy=remedy) from error


def write_err(text: str) -> None:
    """Writes a note to stderr, or drops it."""
    DroppingStream(sys.stderr).write(text)


def _write(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        # a Latin-1 terminal has no arrows; a replacement is better than no line
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(text)
    stream.flush()


class DroppingStream:
    """A stream around stderr: what cannot be written is dropped."""

    encoding = "utf-8"

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes, or drops the text."""
        try:
            if self._stream is not None:
                _write(self._stream, text)
        except (OSError, ValueError):
            pass
        return len(text)

    def flush(self) -> None:
        """Nothing to do: `write` flushes."""

    def isatty(self) -> bool:
        """Whether stderr is a terminal."""
        return is_terminal(self._stream)

    def fileno(self) -> int:
        """The descriptor, for the size of the terminal."""
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; a closed one is not."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False
