"""Makes docs/notebook.md: the frames of an inventory, with every column."""

from __future__ import annotations

from rhevmig.notebook import COLUMNS

HEAD = """
# Frames for notebooks

`rhevmig.frames(inventory)` gives the inventory as tidy pandas DataFrames. It needs an extra:
`pip install 'rhevmig[notebook]'`.

<!-- run: recorded engine -->
```python
import rhevmig

with rhevmig.connect() as engine:
    inventory = engine.inventory()
frames = rhevmig.frames(inventory)
busy = frames.hosts[frames.hosts.vms_running > 0]
print(busy[["host", "cluster", "memory_running_bytes", "migration_link_bits_per_second"]])
print(frames.hosts.attrs["columns"]["migration_link_bits_per_second"])
```

One row per entity, units in the names, ids last. The types of pandas distinguish missing values: what was
not observed is `<NA>`, never zero or false, and a sum is missing as soon as one part of it is. The report
shows the same attributes, computed by the same table (`rhevmig/report/tables`).

A first notebook is `examples/notebooks/capacity-review.ipynb`; `RHEVMIG_SNAPSHOT` names the snapshot that it
reads.
""".strip()

ROWS = {
    "clusters": "cluster",
    "hosts": "host",
    "vms": "VM",
    "nics": "network device of a host",
    "vm_nics": "NIC of a VM",
    "networks": "network and cluster that uses it",
    "storage": "storage domain and data center",
}


def page() -> str:
    parts = [HEAD]
    for name, columns in COLUMNS.items():
        lines = [
            f"## {name}",
            "",
            f"One row per {ROWS[name]}.",
            "",
            "| column | type | meaning |",
            "|---|---|---|",
        ]
        lines.extend(f"| `{column.name}` | {column.type.dtype} | {column.meaning} |" for column in columns)
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
