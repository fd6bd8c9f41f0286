"""The unit tests of `testing` share their recordings."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
