"""What all tests share."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
for folder in (ROOT, ROOT / "tests", ROOT / "tests" / "house", ROOT / "tests" / "docs"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
