"""Running the command in this process, as the console script does, and reading what it printed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rhevmig.cli.main import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def assert_one_clear_line(self, *words: str) -> None:
        """One line on stderr, no traceback, and the words that a reader needs."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("rhevmig: ")
        assert "Traceback" not in self.err + self.out
        for word in words:
            assert word.lower() in lines[0].lower(), f"{word!r} is not in: {lines[0]}"


class Commands:
    """Calls the command with an environment of its own."""

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capture = capture
        self._patch = patch

    def __call__(self, *arguments: str | Path, environ: Mapping[str, str] | None = None) -> Result:
        for name in [name for name in os.environ if name.startswith(("OVIRT_", "RHEVMIG_"))]:
            self._patch.delenv(name)
        for name, value in {"NO_COLOR": "1", **(environ or {})}.items():
            self._patch.setenv(name, value)
        code = main([str(argument) for argument in arguments])
        captured = self._capture.readouterr()
        return Result(code, captured.out, captured.err)


def login(url: str, **more: str) -> dict[str, str]:
    """The variables that lead to a recorded engine."""
    return {"OVIRT_URL": url, "OVIRT_USERNAME": "admin@internal", "OVIRT_PASSWORD": "recorded", **more}
