"""A lab's world as a YAML file: counts and name patterns for bulk, single entries for what matters.

A misspelt key, a wrong type or an unknown name is refused with file, line and what was expected. Every
entry may have an `id` (by default it is derived from the seed) and `attributes`: dotted API paths with
values, for attributes that have no key here.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from rhevmig.errors import ScenarioInvalid
from rhevmig.files import check_bounds, read_text
from rhevmig.lab.migration.guest_load import Workload
from rhevmig.lab.scenario.yaml_lines import LOADER, line_naming, line_of

#: Bounds of a scenario file, its base included.
MAX_BYTES = 64 << 20
MAX_VALUES = 5_000_000
#: Bounds of counts, of parts of a CPU, of sizes in GiB.
_Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
_Part = Annotated[int, msgspec.Meta(ge=1, le=1024)]
_Gib = Annotated[int, msgspec.Meta(ge=0, le=1_048_576)]
_Memory = Annotated[float, msgspec.Meta(gt=0, le=1_048_576)]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    #: `{n}` or `{n:02}` counts from `first` where `count` is given.
    name: str
    #: Derived from seed and name if absent.
    id: str | None = None
    #: Further API members by dotted path: `{"os.description": "…"}`.
    attributes: dict[str, Any] = {}


class UserEntry(_Entry, frozen=True, kw_only=True):
    """A user who may log in: `name@profile`."""

    #: The password that is checked; without one there is no login.
    password: str | None = None
    #: admin, reader, none, or the name of an engine role, granted `where`.
    role: str = "admin"
    #: Objects of the role, kind to name: `{cluster: intel}`; everything if absent.
    where: dict[str, str] = {}


class ProfileEntry(_Entry, frozen=True, kw_only=True):
    """A vNIC profile, where more than its name is given."""


class NetworkEntry(_Entry, frozen=True, kw_only=True):
    """A logical network of a data center."""

    vlan: int | None = None
    #: 0 is the engine's default.
    mtu: int = 0
    vm: bool = True
    #: Names of its vNIC profiles; one named as the network if absent.
    profiles: list[str | ProfileEntry] | None = None


class StorageEntry(_Entry, frozen=True, kw_only=True):
    """A storage domain, attached to its data center."""

    #: nfs, iscsi, fcp, posixfs, glusterfs or localfs.
    type: str = "nfs"
    #: data, iso or export.
    function: str = "data"
    address: str | None = None
    path: str | None = None
    size_gib: _Gib = 1024
    used_gib: _Gib = 100
    #: active, inactive, maintenance, …; None is unattached.
    status: str | None = "active"
    #: Whether it is the data center's master; the first data domain is, if absent.
    master: bool | None = None


class DataCenterEntry(_Entry, frozen=True, kw_only=True):
    """A data center with its networks and storage."""

    #: Compatibility version.
    version: str = "4.7"
    local: bool = False
    #: up, maintenance, …; up when a master domain is active, else uninitialized.
    status: str | None = None
    #: The network that every data center has; one of this name below gives its settings.
    management: str = "ovirtmgmt"
    #: Networks in addition to the management network.
    networks: list[NetworkEntry] = []
    storage: list[StorageEntry] = []


class ClusterNetworkEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network's part in a cluster."""

    name: str
    #: vm, display, migration, management, default_route, gluster.
    roles: list[str] = []
    required: bool = False


class ClusterEntry(_Entry, frozen=True, kw_only=True):
    """A cluster."""

    data_center: str
    #: From the engine's list of CPU types; without one the cluster has none.
    cpu: str | None = None
    architecture: str = "x86_64"
    #: Compatibility version; the data center's if absent.
    version: str | None = None
    #: If absent: all networks of the data center, ovirtmgmt with every role.
    networks: list[ClusterNetworkEntry] | None = None
    #: Id or name of the migration policy.
    migration_policy: str | None = "80554327-0569-496b-bdeb-fcbbf52b827b"
    overcommit_percent: int = 100
    scheduling_policy: str = "none"
    #: Custom migration bandwidth per host, Mbps; if absent the engine decides.
    migration_bandwidth_mbps: int | None = None


class NicEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network interface of a host."""

    name: str
    #: Link speed, Mbps; None if the host reports none.
    speed_mbps: int | None = 10_000
    up: bool = True
    #: MTU of the device.
    mtu: int = 1500
    #: Names of the slaves: a bond.
    slaves: list[str] = []
    bond_mode: int | None = None
    #: Derived from host and name if absent.
    id: str | None = None


class AttachmentEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network on a host."""

    network: str
    nic: str
    #: IPv4 address with prefix; `{n}` is the host's number; without it the network has none.
    address: str | None = None
    #: static, dhcp or none; static with an address, else none, if absent.
    boot_protocol: str | None = None
    #: MTU on the host, if it differs from the network's.
    mtu: int | None = None
    #: Derived from host and network if absent.
    id: str | None = None

    def __post_init__(self) -> None:
        if self.address is not None:
            ipaddress.ip_interface(self.address.replace("{n}", "1"))


class HostEntry(_Entry, frozen=True, kw_only=True):
    """One host, or `count` of them."""

    cluster: str
    #: How many; names must then hold `{n}`.
    count: _Count | None = None
    #: Number of the first when counting.
    first: int = 1
    #: up, maintenance, non_operational, non_responsive, down, …
    status: str = "up"
    #: Address; the name with `.lab.example` if absent.
    address: str | None = None
    #: CPU type that the engine derives for it; the cluster's type if absent.
    cpu: str | None = None
    #: Model name in /proc/cpuinfo.
    cpu_model: str = "Intel Xeon Processor"
    #: Sockets, cores per socket, threads per core.
    sockets: _Part = 2
    cores: _Part = 8
    threads: _Part = 2
    memory_gib: _Gib = 64
    #: Devices; one of 10 Gbit/s named eth0 if absent.
    nics: list[NicEntry] = []
    #: Networks on them; ovirtmgmt on the first if absent.
    attachments: list[AttachmentEntry] = []
    #: Whether it is the storage pool manager; by default the first up host of a data center.
    spm: bool = False
    #: Seconds by which its clock differs from the engine's.
    clock_drift_s: int = 0


class DiskEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A disk of a VM."""

    #: Alias; by default the VM's name and a number.
    name: str | None = None
    size_gib: _Gib = 20
    #: Name of the storage domain; the data center's master if absent.
    storage: str | None = None
    #: virtio_scsi, virtio, …
    interface: str = "virtio_scsi"
    shareable: bool = False
    #: Whether it is plugged in.
    active: bool = True
    read_only: bool = False
    uses_scsi_reservation: bool = False
    #: Derived from the VM and a number if absent.
    id: str | None = None


class VmNicEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network interface of a VM."""

    #: Name of the vNIC profile, or NETWORK/NAME; None for an empty profile.
    profile: str | None = "ovirtmgmt"
    #: Device name; nic1, nic2, … if absent.
    name: str | None = None
    #: virtio, e1000e, pci_passthrough, …
    interface: str = "virtio"
    plugged: bool = True
    linked: bool = True
    #: Derived from the VM and a number if absent.
    id: str | None = None
    #: MAC address; the next of the pool if absent.
    mac: str | None = None


class VmEntry(_Entry, frozen=True, kw_only=True):
    """One VM, or `count` of them."""

    cluster: str
    #: How many; names must then hold `{n}`.
    count: _Count | None = None
    #: Number of the first when counting.
    first: int = 1
    #: up, down, paused, …
    status: str = "up"
    #: Host that it runs on; by default the up host of the cluster with the most free memory.
    host: str | None = None
    memory_gib: _Memory = 4
    #: Guaranteed memory, GiB; all of it if absent.
    guaranteed_gib: _Memory | None = None
    #: Sockets, cores per socket, threads per core.
    sockets: _Part = 2
    cores: _Part = 1
    threads: _Part = 1
    #: migratable, user_migratable or pinned.
    affinity: Literal["migratable", "user_migratable", "pinned"] = "migratable"
    #: Names of the hosts it is pinned to.
    pinned_to: list[str] = []
    #: One on ovirtmgmt if absent.
    nics: list[VmNicEntry] | None = None
    #: One of 20 GiB if absent.
    disks: list[DiskEntry] | None = None
    workload: Workload = Workload()
    high_availability: bool = False
    type: str = "server"
    tags: list[str] = []


class AffinityGroupEntry(_Entry, frozen=True, kw_only=True):
    """An affinity group of a cluster."""

    cluster: str
    vms: list[str] = []
    hosts: list[str] = []
    #: positive, negative or disabled: VMs among themselves.
    vms_rule: Literal["positive", "negative", "disabled"] = "disabled"
    vms_enforcing: bool = False
    #: positive, negative or disabled: VMs to hosts.
    hosts_rule: Literal["positive", "negative", "disabled"] = "disabled"
    hosts_enforcing: bool = False


class LabelEntry(_Entry, frozen=True, kw_only=True):
    """An affinity label."""

    vms: list[str] = []
    hosts: list[str] = []


class EventEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event in the log when the lab starts."""

    #: The engine's number.
    code: int
    #: By default the known text of the code, filled from `values`.
    text: str | None = None
    #: normal, warning, error or alert; by default that of the code.
    severity: str | None = None
    #: Seconds before the lab's start.
    age_s: Annotated[float, msgspec.Meta(ge=0, le=1e9)] = 60
    host: str | None = None
    vm: str | None = None
    cluster: str | None = None
    storage_domain: str | None = None
    #: Values for the text.
    values: dict[str, Any] = {}


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole world."""

    name: str = "lab"
    #: Purpose, and what a client should conclude.
    description: str = ""
    #: Ids, tokens and random choices are derived from it.
    seed: int = 0
    #: The simulated instant at which the lab starts; the present if absent.
    start: datetime | None = None
    #: The engine's version as its root shows it.
    engine_version: str = "4.5.8-1.el9"
    #: By default admin@internal with the password `secret`.
    users: list[UserEntry] = []
    data_centers: list[DataCenterEntry] = []
    clusters: list[ClusterEntry] = []
    hosts: list[HostEntry] = []
    vms: list[VmEntry] = []
    affinity_groups: list[AffinityGroupEntry] = []
    affinity_labels: list[LabelEntry] = []
    tags: list[_Entry] = []
    events: list[EventEntry] = []
    #: Entities of other kinds: place, id, parent id, attributes.
    entities: list[dict[str, Any]] = []
    #: Faults to inject; read by `fault_injection`.
    faults: list[dict[str, Any]] = []
    #: Other settings, read by the modules that define them.
    settings: dict[str, Any] = {}
    #: For tests of clients: the act on this lab, the answer and the correct conclusion.
    expected: dict[str, Any] | None = None


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file."""
    try:
        text = read_text(path, max_bytes=MAX_BYTES)
    except (OSError, ValueError) as error:
        raise ScenarioInvalid(file=str(path), detail=f"cannot be read: {error}") from error
    return parse_scenario(text, file=str(path))


def _read_yaml(text: str) -> Any:
    """The data of a YAML text, bounded in depth and number of values.

    Raises: yaml.YAMLError, ValueError.
    """
    try:
        document = yaml.load(text, Loader=LOADER)  # noqa: S506 - the safe one
    except yaml.YAMLError:
        document = yaml.safe_load(text)  # fails too, with a better message
    except (LookupError, TypeError, AttributeError) as error:
        # the safe loader's own failures: `!!bool x`, `!!int [1]`
        raise ValueError(f"a value does not fit its tag ({error})") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    check_bounds(document, max_values=MAX_VALUES)
    return document


def parse_scenario(text: str, *, file: str = "<scenario>") -> Scenario:
    """The scenario in a YAML text."""
    try:
        raw = _read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise ScenarioInvalid(file=file, line=line, detail=str(getattr(error, "problem", error))) from error
    except ValueError as error:
        raise ScenarioInvalid(file=file, detail=str(error)) from error
    if isinstance(raw, dict) and "base" in raw:
        raw = _on_base(raw, Path(file).parent, file)
    try:
        return msgspec.convert(raw if raw is not None else {}, type=Scenario)
    except msgspec.ValidationError as error:
        message = str(error)
        path = re.search(r"`(\$[^`]*)`$", message)
        keys = path[1] if path else "$"
        unknown = re.search(r"unknown field `([^`]*)`", message)
        where = f"{keys}.{unknown[1]}" if unknown else keys
        raise ScenarioInvalid(file=file, line=line_of(text, where), detail=message) from error


def _on_base(raw: dict[str, Any], folder: Path, file: str) -> dict[str, Any]:
    """A scenario that extends another one in its folder: lists grow, everything else is replaced."""
    name = str(raw["base"])
    path = folder / f"{name}.yaml"
    path = path if path.exists() else Path(__file__).parents[1] / "scenarios" / f"{name}.yaml"
    try:
        base = _read_yaml(read_text(path, max_bytes=MAX_BYTES))
        if not isinstance(base, dict):
            raise ValueError("it is not a mapping")
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ScenarioInvalid(file=file, detail=f"base {name}: {error}") from error
    merged = dict(base)
    for key, value in raw.items():
        if key == "base":
            continue
        grows = isinstance(value, list) and isinstance(merged.get(key), list)
        merged[key] = [*merged[key], *value] if grows else value
    return merged


def located(error: ScenarioInvalid, path: Path) -> ScenarioInvalid:
    """The same error with its line, if it is about an unknown name."""
    named = re.match(r"(?:[\w ]+ )?(?P<owner>\S+) names '(?P<value>.*)', but", error.detail)
    twice = re.match(r"(?P<owner>\S+): the (?:id (?P<value>\S+)|name) is used twice", error.detail)
    found = named or twice
    if error.line is not None or found is None:
        return error
    text, value = path.read_text(), found["value"] or found["owner"]
    line = line_naming(text, found["owner"], value, last=twice is not None)
    return ScenarioInvalid(file=error.file, line=line, detail=error.detail)
