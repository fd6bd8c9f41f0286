"""What all tests share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
for folder in (ROOT, ROOT / "tests", ROOT / "tests" / "house", ROOT / "tests" / "docs"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live",
        action="store_true",
        help="run the adapter's contract on the engine of RHEVMIG_LIVE_URL too; see tests/contract/adapter",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--live") and not os.environ.get("RHEVMIG_LIVE_URL"):
        raise pytest.UsageError("--live needs the URL of an engine in RHEVMIG_LIVE_URL")
