"""Runs the notebooks again on a snapshot and keeps their output: `python execute.py engine.json`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def main(snapshot: str) -> int:
    os.environ["RHEVMIG_SNAPSHOT"] = str(Path(snapshot).resolve())
    for path in sorted(Path(__file__).parent.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False).execute()
        notebook.metadata = {
            "kernelspec": notebook.metadata["kernelspec"],
            "language_info": {"name": "python"},
        }
        nbformat.write(notebook, path)
        print(f"wrote {path.name}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python execute.py SNAPSHOT")
    sys.exit(main(sys.argv[1]))
