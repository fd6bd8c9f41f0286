"""Makes docs/report.png, the picture of the report in the README. Needs Chromium, so it is run by hand.

`python docs/report_picture.py`: the report of the recorded engine, its first page, in headless Chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import msgspec  # noqa: E402

import rhevmig  # noqa: E402
from tests.recorded import served_lab  # noqa: E402

URL = "https://engine.example.com/ovirt-engine/api"


def main() -> int:
    with (
        served_lab(shift_time=True) as engine,
        rhevmig.connect(url=engine.url, username="admin@internal", password="recorded") as client,
    ):
        inventory = client.inventory()
    named = msgspec.structs.replace(
        inventory, engine=msgspec.structs.replace(inventory.engine, url=URL, tls_verified=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        rhevmig.Report(named, rhevmig.check(named)).write(page)
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1200,900",
        ]
        picture = f"--screenshot={HERE / 'report.png'}"
        subprocess.run(["chromium", *options, picture, page.as_uri()], check=True, capture_output=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
