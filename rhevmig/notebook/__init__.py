"""The inventory for notebooks: tidy pandas frames (extra `notebook`).

`inventory.frames()` leads here by the entry point `frames` of the group `rhevmig.inventory`, so that the
inventory itself knows nothing of pandas.
"""

from rhevmig.notebook.frames import COLUMNS, Frames, frames

__all__ = ["COLUMNS", "Frames", "frames"]
