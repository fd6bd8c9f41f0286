"""The inventory for notebooks: tidy pandas frames (extra `notebook`), as `rhevmig.frames(inventory)`."""

from rhevmig.notebook.frames import COLUMNS, Frames, frames

__all__ = ["COLUMNS", "Frames", "frames"]
