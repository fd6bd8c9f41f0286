"""The inventory as tidy DataFrames: one row per entity, units in the names of columns, ids last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeVar

import pandas as pd

from rhevmig.inventory import Inventory
from rhevmig.report.tables.clusters import CLUSTERS, cluster_rows
from rhevmig.report.tables.hosts import HOSTS, NICS, host_rows, nic_rows
from rhevmig.report.tables.networks import NETWORKS, network_rows
from rhevmig.report.tables.storage import STORAGE, storage_rows
from rhevmig.report.tables.table_column import TableColumn
from rhevmig.report.tables.vms import VM_NICS, VMS, vm_nic_rows, vm_rows

#: Columns by frame.
COLUMNS: Final[dict[str, tuple[TableColumn[Any], ...]]] = {
    "clusters": CLUSTERS,
    "hosts": HOSTS,
    "vms": VMS,
    "nics": NICS,
    "vm_nics": VM_NICS,
    "networks": NETWORKS,
    "storage": STORAGE,
}

R = TypeVar("R")


class Frames(NamedTuple):
    """The frames, by attribute (`frames.hosts`) or by name (`frames.of("hosts")`)."""

    clusters: pd.DataFrame
    hosts: pd.DataFrame
    vms: pd.DataFrame
    #: One row per network device of a host.
    nics: pd.DataFrame
    #: One row per NIC of a VM.
    vm_nics: pd.DataFrame
    #: One row per network and cluster.
    networks: pd.DataFrame
    #: One row per storage domain and data center.
    storage: pd.DataFrame

    def of(self, name: str) -> pd.DataFrame:
        """The frame of this name."""
        found: pd.DataFrame = self._asdict()[name]
        return found

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Names and frames."""
        yield from self._asdict().items()


def frames(inventory: Inventory) -> Frames:
    """Tidy DataFrames of an inventory; what was not observed is missing (`pd.NA`), never zero or false.

    `frames.hosts.attrs["columns"]` holds the meaning of each column; docs/notebook.md lists them all.
    """
    return Frames(
        clusters=_frame(CLUSTERS, cluster_rows(inventory)),
        hosts=_frame(HOSTS, host_rows(inventory)),
        vms=_frame(VMS, vm_rows(inventory)),
        nics=_frame(NICS, nic_rows(inventory)),
        vm_nics=_frame(VM_NICS, vm_nic_rows(inventory)),
        networks=_frame(NETWORKS, network_rows(inventory)),
        storage=_frame(STORAGE, storage_rows(inventory)),
    )


def _frame(columns: tuple[TableColumn[R], ...], rows: Iterable[R]) -> pd.DataFrame:
    objects = list(rows)
    series = {c.name: pd.Series([c.value(row) for row in objects], dtype=c.type.dtype) for c in columns}
    frame = pd.DataFrame(series, columns=list(series))
    frame.attrs["columns"] = {column.name: column.meaning for column in columns}
    return frame
