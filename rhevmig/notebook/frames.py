"""The inventory as tidy pandas frames: one row an entity, units in the names of columns, ids last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pandas as pd

from rhevmig.inventory import Inventory
from rhevmig.notebook import rows
from rhevmig.notebook.columns import Column, frame_of
from rhevmig.notebook.estate_columns import CLUSTER_COLUMNS, HOST_COLUMNS, VM_COLUMNS
from rhevmig.notebook.wiring_columns import NETWORK_COLUMNS, NIC_COLUMNS, STORAGE_COLUMNS, VM_NIC_COLUMNS

#: Columns by frame.
COLUMNS: Final[dict[str, tuple[Column[Any], ...]]] = {
    "clusters": CLUSTER_COLUMNS,
    "hosts": HOST_COLUMNS,
    "vms": VM_COLUMNS,
    "nics": NIC_COLUMNS,
    "vm_nics": VM_NIC_COLUMNS,
    "networks": NETWORK_COLUMNS,
    "storage": STORAGE_COLUMNS,
}


class Frames(NamedTuple):
    """The frames, by attribute (`frames.hosts`) or by name (`frames.of("hosts")`)."""

    #: A row a cluster.
    clusters: pd.DataFrame
    #: A row a host.
    hosts: pd.DataFrame
    #: A row a VM.
    vms: pd.DataFrame
    #: A row a network device of a host.
    nics: pd.DataFrame
    #: A row a network card of a VM.
    vm_nics: pd.DataFrame
    #: A row a network and cluster.
    networks: pd.DataFrame
    #: A row a storage domain and data center.
    storage: pd.DataFrame

    def of(self, name: str) -> pd.DataFrame:
        """The frame of this name."""
        found: pd.DataFrame = self._asdict()[name]
        return found

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Names and frames."""
        yield from self._asdict().items()


def frames(inventory: Inventory) -> Frames:
    """Tidy frames of an inventory; what was not observed is missing (`pd.NA`), never zero or false.

    `frames.hosts.attrs["columns"]` tells what each column means; docs/notebook.md lists them all.
    """
    return Frames(
        clusters=frame_of(CLUSTER_COLUMNS, rows.cluster_rows(inventory)),
        hosts=frame_of(HOST_COLUMNS, rows.host_rows(inventory)),
        vms=frame_of(VM_COLUMNS, rows.vm_rows(inventory)),
        nics=frame_of(NIC_COLUMNS, rows.nic_rows(inventory)),
        vm_nics=frame_of(VM_NIC_COLUMNS, rows.vm_nic_rows(inventory)),
        networks=frame_of(NETWORK_COLUMNS, rows.network_rows(inventory)),
        storage=frame_of(STORAGE_COLUMNS, rows.storage_rows(inventory)),
    )
