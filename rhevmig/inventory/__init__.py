"""What an engine consists of at one instant: frozen data, references by id, and the files of it.

`inventory` holds the whole and its lookups, `models` the objects, `collections` one row per collection,
`migration_path` the way of a migration, `files` the envelope of every file that rhevmig writes.
"""

from rhevmig.inventory.inventory import SNAPSHOT, Inventory, json_schema, load
from rhevmig.inventory.migration_path import (
    MigrationPath,
    NetworkLink,
    PathState,
    migration_path,
    network_link,
    used_links,
)
from rhevmig.inventory.models.affinity import AffinityGroup, AffinityLabel, AffinityRule
from rhevmig.inventory.models.cluster import Cluster, FencingPolicy, MigrationOptions
from rhevmig.inventory.models.data_center import (
    ClusterLevel,
    ConvergenceStep,
    CpuType,
    DataCenter,
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
from rhevmig.inventory.models.storage import Disk, StorageConnection, StorageDomain, StorageDomainAttachment
from rhevmig.inventory.models.vm import RUNNING, DiskAttachment, HostDevice, Vm, VmNic

__all__ = [
    "RUNNING",
    "SNAPSHOT",
    "AffinityGroup",
    "AffinityLabel",
    "AffinityRule",
    "Cluster",
    "ClusterLevel",
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
    "MigrationOptions",
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
]
