"""Data centers, compatibility levels and scheduling policies."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.conversions import pairs_of, version_of
from rhevmig.engine.mapping.fields import (
    FieldTable,
    followed,
    references,
    same,
    structs,
    value,
    word,
    words,
)
from rhevmig.inventory import ClusterLevel, CpuType, DataCenter, IscsiBond, SchedulingPolicy


def _versions(versions: Any) -> tuple[str, ...]:
    return tuple(text for version in versions or () if (text := version_of(version)))


def _filter_units(filters: Any) -> tuple[str, ...]:
    return tuple((one.scheduling_policy_unit or one).id for one in filters or ())


ISCSI_BOND = FieldTable(
    IscsiBond,
    "iSCSI bond",
    same("id", "name"),
    network_ids=references("networks"),
    storage_connection_ids=references("storage_connections"),
)
DATA_CENTER = FieldTable(
    DataCenter,
    "data center",
    same("id", "name", "local", "description", "comment"),
    words("status", "storage_format", "quota_mode"),
    version=value("version", version_of),
    supported_versions=value("supported_versions", _versions),
    iscsi_bonds=followed("iscsi_bonds", structs("iscsi_bonds", ISCSI_BOND)),
)
#: Without flags: those are joined from the option `ServerCPUList`.
CPU_TYPE = FieldTable(CpuType, "CPU type", same("name", "level"), architecture=word("architecture"))
CLUSTER_LEVEL = FieldTable(
    ClusterLevel, "cluster level", same("id"), cpu_types=structs("cpu_types", CPU_TYPE)
)
#: With the ids of the units of its filters: the names are joined from `schedulingpolicyunits`.
SCHEDULING_POLICY = FieldTable(
    SchedulingPolicy,
    "scheduling policy",
    same("id", "name", "description", "locked", "default_policy"),
    properties=value("properties", pairs_of),
    filters=followed("filters", value("filters", _filter_units)),
)
