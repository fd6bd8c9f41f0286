"""From the SDK's objects to the model: a field table per kind of object, one line per attribute."""

from typing import Any

from rhevmig.engine.mapping.affinity import AFFINITY_GROUP, AFFINITY_LABEL
from rhevmig.engine.mapping.cluster import CLUSTER, CLUSTER_NETWORK
from rhevmig.engine.mapping.data_center import CLUSTER_LEVEL, DATA_CENTER, SCHEDULING_POLICY
from rhevmig.engine.mapping.event import EVENT
from rhevmig.engine.mapping.fields import FieldTable
from rhevmig.engine.mapping.host import HOST
from rhevmig.engine.mapping.network import NETWORK, VNIC_PROFILE
from rhevmig.engine.mapping.storage import (
    DISK,
    STORAGE_ATTACHMENT,
    STORAGE_CONNECTION,
    STORAGE_DOMAIN,
)
from rhevmig.engine.mapping.vm import VM

__all__ = ["EVENT", "HOST", "MAPPINGS", "VM"]

#: The field table of each model that is an object of the API.
MAPPINGS: dict[type, FieldTable[Any]] = {
    table.model: table
    for table in (
        AFFINITY_GROUP,
        AFFINITY_LABEL,
        CLUSTER,
        CLUSTER_LEVEL,
        CLUSTER_NETWORK,
        DATA_CENTER,
        DISK,
        EVENT,
        HOST,
        NETWORK,
        SCHEDULING_POLICY,
        STORAGE_ATTACHMENT,
        STORAGE_CONNECTION,
        STORAGE_DOMAIN,
        VM,
        VNIC_PROFILE,
    )
}
