"""What an engine consists of at one instant: frozen data, references by id, and files of it.

`inventory` holds the whole and its lookups; `clusters`, `hosts`, `networks`, `storage`, `vms` the
entities; `record` the reading itself; `files` and
`snapshot` the file.
"""

from rhevmig.inventory.files import SCHEMA_VERSION, write_aside
from rhevmig.inventory.inventory import Inventory
from rhevmig.inventory.migration_path import (
    MigrationPath,
    NetworkLink,
    PathState,
    migration_path,
    network_link,
    used_links,
)
from rhevmig.inventory.models.cluster import (
    Cluster,
    ClusterLevel,
    ClusterMigration,
    ConvergenceStep,
    CpuType,
    DataCenter,
    FencingPolicy,
    IscsiBond,
    MigrationPolicy,
    SchedulingPolicy,
    cpu_vendor,
)
from rhevmig.inventory.models.engine import Engine, Event, Instant, Unobserved
from rhevmig.inventory.models.host import (
    Host,
    HostNic,
    IpAssignment,
    NetworkAttachment,
    PowerManagement,
    ReportedConfiguration,
    UnmanagedNetwork,
)
from rhevmig.inventory.models.network import ClusterNetwork, Network, VnicProfile
from rhevmig.inventory.models.storage import (
    Disk,
    StorageConnection,
    StorageDomain,
    StorageDomainAttachment,
)
from rhevmig.inventory.models.vm import (
    RUNNING,
    AffinityGroup,
    AffinityLabel,
    AffinityRule,
    DiskAttachment,
    HostDevice,
    Vm,
    VmNic,
)
from rhevmig.inventory.snapshot import json_schema, load

__all__ = [
    "RUNNING",
    "SCHEMA_VERSION",
    "AffinityGroup",
    "AffinityLabel",
    "AffinityRule",
    "Cluster",
    "ClusterLevel",
    "ClusterMigration",
    "ClusterNetwork",
    "ConvergenceStep",
    "CpuType",
    "DataCenter",
    "Disk",
    "DiskAttachment",
    "Engine",
    "Event",
    "FencingPolicy",
    "Host",
    "HostDevice",
    "HostNic",
    "Instant",
    "Inventory",
    "IpAssignment",
    "IscsiBond",
    "MigrationPath",
    "MigrationPolicy",
    "Network",
    "NetworkAttachment",
    "NetworkLink",
    "PathState",
    "PowerManagement",
    "ReportedConfiguration",
    "SchedulingPolicy",
    "StorageConnection",
    "StorageDomain",
    "StorageDomainAttachment",
    "UnmanagedNetwork",
    "Unobserved",
    "Vm",
    "VmNic",
    "VnicProfile",
    "cpu_vendor",
    "json_schema",
    "load",
    "migration_path",
    "network_link",
    "used_links",
    "write_aside",
]
