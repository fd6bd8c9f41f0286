"""What an engine consists of at one instant: frozen data, references by id, and files of it.

`inventory` holds the whole and its lookups; `clusters`, `hosts`, `networks`, `storage`, `vms` the
entities; `record` the reading itself; `files` and
`snapshot` the file.
"""

from rhevmig.inventory.clusters import (
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
from rhevmig.inventory.files import SCHEMA_VERSION, write_aside
from rhevmig.inventory.hosts import (
    Host,
    HostNic,
    IpAssignment,
    NetworkAttachment,
    PowerManagement,
    ReportedConfiguration,
    UnmanagedNetwork,
)
from rhevmig.inventory.inventory import Inventory
from rhevmig.inventory.networks import ClusterNetwork, Network, VnicProfile
from rhevmig.inventory.record import Engine, Event, Instant, Unobserved
from rhevmig.inventory.snapshot import json_schema, load
from rhevmig.inventory.storage import Disk, StorageConnection, StorageDomain, StorageDomainAttachment
from rhevmig.inventory.vms import (
    RUNNING,
    AffinityGroup,
    AffinityLabel,
    AffinityRule,
    DiskAttachment,
    HostDevice,
    Vm,
    VmNic,
)

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
    "MigrationPolicy",
    "Network",
    "NetworkAttachment",
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
    "write_aside",
]
