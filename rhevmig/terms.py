"""Words of the engine's API: statuses, policies, network roles, filter names.

Members are equal to the text that the engine sends. The model keeps the text, because a newer engine may
send other words; code compares it with these members.
"""

from __future__ import annotations

from enum import StrEnum


class VmStatus(StrEnum):
    """`vm.status`."""

    UNASSIGNED = "unassigned"
    DOWN = "down"
    UP = "up"
    POWERING_UP = "powering_up"
    PAUSED = "paused"
    MIGRATING = "migrating"
    UNKNOWN = "unknown"
    NOT_RESPONDING = "not_responding"
    WAIT_FOR_LAUNCH = "wait_for_launch"
    REBOOT_IN_PROGRESS = "reboot_in_progress"
    SAVING_STATE = "saving_state"
    RESTORING_STATE = "restoring_state"
    SUSPENDED = "suspended"
    IMAGE_LOCKED = "image_locked"
    POWERING_DOWN = "powering_down"


class HostStatus(StrEnum):
    """`host.status`."""

    DOWN = "down"
    ERROR = "error"
    INITIALIZING = "initializing"
    INSTALLING = "installing"
    INSTALL_FAILED = "install_failed"
    MAINTENANCE = "maintenance"
    NON_OPERATIONAL = "non_operational"
    NON_RESPONSIVE = "non_responsive"
    PENDING_APPROVAL = "pending_approval"
    PREPARING_FOR_MAINTENANCE = "preparing_for_maintenance"
    CONNECTING = "connecting"
    REBOOT = "reboot"
    UNASSIGNED = "unassigned"
    UP = "up"
    INSTALLING_OS = "installing_os"
    KDUMPING = "kdumping"


class Affinity(StrEnum):
    """`vm.placement_policy.affinity`: who may move the VM."""

    #: Every user and the engine's load balancing.
    MIGRATABLE = "migratable"
    #: Users who force it, and host maintenance that a user requested.
    USER_MIGRATABLE = "user_migratable"
    #: No one.
    PINNED = "pinned"


class NetworkRole(StrEnum):
    """`network.usages` as seen under a cluster."""

    VM = "vm"
    DISPLAY = "display"
    MIGRATION = "migration"
    MANAGEMENT = "management"
    DEFAULT_ROUTE = "default_route"
    GLUSTER = "gluster"


class FilterName(StrEnum):
    """The scheduler's filters as the engine spells them in its refusals."""

    CPU = "CPU"
    CPU_LEVEL = "CPU-Level"
    CPU_OVERLOADED = "CPUOverloaded"
    CPU_TOPOLOGY = "CPUTopology"
    CPU_PINNING = "CpuPinning"
    COMPATIBILITY_VERSION = "Compatibility-Version"
    EMULATED_MACHINE = "Emulated-Machine"
    HA = "HA"
    HOST_DEVICE = "HostDevice"
    HOST_HOOKS = "Host-hooks"
    HOSTED_ENGINE_SPARES = "HostedEngineSpares"
    HUGE_PAGES = "HugePages"
    IN_CLUSTER_UPGRADE = "InClusterUpgrade"
    MDEVICE = "MDevice"
    MEMORY = "Memory"
    MIGRATION = "Migration"
    MIGRATION_TSC_FREQUENCY = "Migration-Tsc-Frequency"
    NETWORK = "Network"
    NUMA = "NUMA"
    PIN_TO_HOST = "PinToHost"
    SWAP = "Swap"
    VM_LEASES_READY = "VM leases ready"
    VM_AFFINITY_GROUPS = "VmAffinityGroups"
    VM_TO_HOSTS_AFFINITY_GROUPS = "VmToHostsAffinityGroups"
    CLUSTER_IN_MAINTENANCE = "ClusterInMaintenance"
