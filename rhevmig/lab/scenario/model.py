"""A lab's world as a YAML file: counts and name patterns for bulk, single entries for what matters.

A misspelt key, a wrong type or a name that nothing has is refused with file, line and what was
expected. Every entry may carry an `id` (else one is made from the seed) and `attributes`: dotted API
paths with values, for whatever has no key of its own.
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
from rhevmig.lab.migration.guest_load import Workload
from rhevmig.lab.scenario.expectations import Expected
from rhevmig.lab.scenario.yaml_lines import LOADER, line_naming, line_of

#: How many of something, a part of something, a size in GiB.
_Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
_Part = Annotated[int, msgspec.Meta(ge=1, le=1024)]
_Gib = Annotated[int, msgspec.Meta(ge=0, le=1_048_576)]
_Memory = Annotated[float, msgspec.Meta(gt=0, le=1_048_576)]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    #: Name; `{n}` or `{n:02}` counts from 1 where `count` is given.
    name: str
    #: Its id; made from seed and name if absent.
    id: str | None = None
    #: Further API members by dotted path: `{"os.description": "…"}`.
    attributes: dict[str, Any] = {}


class UserEntry(_Entry, frozen=True, kw_only=True):
    """Who may log in: `name@profile`."""

    #: The password that is really checked; None lets nobody in.
    password: str | None = None
    #: admin, reader, none, or the name of an engine role that is given `where`.
    role: str = "admin"
    #: Where the role is given, kind to name: `{cluster: intel}`; everywhere if absent.
    where: dict[str, str] = {}


class NetworkEntry(_Entry, frozen=True, kw_only=True):
    """A logical network of a data center."""

    #: VLAN tag.
    vlan: int | None = None
    #: MTU; 0 is the engine's default.
    mtu: int = 0
    #: Whether VMs may use it.
    vm: bool = True
    #: Names of its vNIC profiles; one of its own name if absent.
    profiles: list[str] | None = None


class StorageEntry(_Entry, frozen=True, kw_only=True):
    """A storage domain, attached to its data center."""

    #: nfs, iscsi, fcp, posixfs, glusterfs or localfs.
    type: str = "nfs"
    #: data, iso or export.
    function: str = "data"
    #: Server.
    address: str | None = None
    #: Export, target or directory.
    path: str | None = None
    #: Size, GiB.
    size_gib: _Gib = 1024
    #: Used, GiB.
    used_gib: _Gib = 100
    #: active, inactive, maintenance, …; None is unattached.
    status: str | None = "active"
    #: Whether it is the data center's master; the first data domain is, if absent.
    master: bool | None = None


class DataCenterEntry(_Entry, frozen=True, kw_only=True):
    """A data center with its networks and storage."""

    #: Compatibility version.
    version: str = "4.7"
    #: Local storage only.
    local: bool = False
    #: up, maintenance, …; up when a master domain is active, else uninitialized.
    status: str | None = None
    #: Networks beside ovirtmgmt, which every data center has.
    networks: list[NetworkEntry] = []
    #: Storage domains.
    storage: list[StorageEntry] = []


class ClusterNetworkEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network's part in a cluster."""

    #: Name of a network of the data center.
    name: str
    #: vm, display, migration, management, default_route, gluster.
    roles: list[str] = []
    #: Whether every host must have it.
    required: bool = False


class ClusterEntry(_Entry, frozen=True, kw_only=True):
    """A cluster."""

    #: Name of its data center.
    data_center: str
    #: Name from the engine's list of CPU types; None leaves it open.
    cpu: str | None = None
    #: x86_64, ppc64, s390x.
    architecture: str = "x86_64"
    #: Compatibility version; the data center's if absent.
    version: str | None = None
    #: Its networks; all of the data center, ovirtmgmt with every role, if absent.
    networks: list[ClusterNetworkEntry] | None = None
    #: Id or name of the migration policy.
    migration_policy: str | None = "80554327-0569-496b-bdeb-fcbbf52b827b"
    #: Memory overcommit, percent.
    overcommit_percent: int = 100
    #: Name of the scheduling policy.
    scheduling_policy: str = "none"
    #: Custom migration bandwidth of a host, Mbps; None leaves it to the engine.
    migration_bandwidth_mbps: int | None = None


class NicEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network interface of a host."""

    #: Device name.
    name: str
    #: Link speed, Mbps; None when the host reports none.
    speed_mbps: int | None = 10_000
    #: Whether the link is up.
    up: bool = True
    #: MTU that the device really has.
    mtu: int = 1500
    #: Names of the slaves: a bond.
    slaves: list[str] = []
    #: Bonding mode number.
    bond_mode: int | None = None
    #: Id; made from the host and the name if absent.
    id: str | None = None


class AttachmentEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network on a host."""

    #: Network name.
    network: str
    #: Device name.
    nic: str
    #: IPv4 address with prefix; `{n}` is the host's number; None leaves the network without one.
    address: str | None = None
    #: static, dhcp or none; static with an address, else none, if absent.
    boot_protocol: str | None = None
    #: MTU that the host really has there, when it differs from the network's.
    mtu: int | None = None
    #: Id; made from host and network if absent.
    id: str | None = None

    def __post_init__(self) -> None:
        if self.address is not None:
            ipaddress.ip_interface(self.address.replace("{n}", "1"))


class HostEntry(_Entry, frozen=True, kw_only=True):
    """One host, or `count` of them."""

    #: Name of its cluster.
    cluster: str
    #: How many; names must then hold `{n}`.
    count: _Count | None = None
    #: Number of the first when counting.
    first: int = 1
    #: up, maintenance, non_operational, non_responsive, down, …
    status: str = "up"
    #: Address; the name with `.lab.example` if absent.
    address: str | None = None
    #: What the engine makes of its CPU in the cluster's version; the cluster's type if absent.
    cpu: str | None = None
    #: What /proc/cpuinfo calls it.
    cpu_model: str = "Intel Xeon Processor"
    #: Sockets, cores per socket, threads per core.
    sockets: _Part = 2
    cores: _Part = 8
    threads: _Part = 2
    #: Physical memory, GiB.
    memory_gib: _Gib = 64
    #: Devices; one of 10 Gbit/s named eth0 if absent.
    nics: list[NicEntry] = []
    #: Networks on them; ovirtmgmt on the first if absent.
    attachments: list[AttachmentEntry] = []
    #: Whether it is the storage pool manager; the first Up host of a data center is, if nobody is.
    spm: bool = False
    #: Seconds by which its clock differs from the engine's.
    clock_drift_s: int = 0


class DiskEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A disk of a VM."""

    #: Alias; the VM's name and a number if absent.
    name: str | None = None
    #: Provisioned size, GiB.
    size_gib: _Gib = 20
    #: Name of the storage domain; the data center's master if absent.
    storage: str | None = None
    #: virtio_scsi, virtio, …
    interface: str = "virtio_scsi"
    #: Shared between VMs.
    shareable: bool = False
    #: Id; made from the VM and a number if absent.
    id: str | None = None


class VmNicEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network interface of a VM."""

    #: Name of the vNIC profile; None leaves it empty.
    profile: str | None = "ovirtmgmt"
    #: Device name; nic1, nic2, … if absent.
    name: str | None = None
    #: virtio, e1000e, pci_passthrough, …
    interface: str = "virtio"
    #: Id; made from the VM and a number if absent.
    id: str | None = None
    #: MAC address; the next of the pool if absent.
    mac: str | None = None


class VmEntry(_Entry, frozen=True, kw_only=True):
    """One VM, or `count` of them."""

    #: Name of its cluster.
    cluster: str
    #: How many; names must then hold `{n}`.
    count: _Count | None = None
    #: Number of the first when counting.
    first: int = 1
    #: up, down, paused, …
    status: str = "up"
    #: Name of the host it runs on; Up hosts of the cluster in turn, by free memory, if absent.
    host: str | None = None
    #: Memory, GiB.
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
    #: Interfaces; one on ovirtmgmt if absent.
    nics: list[VmNicEntry] | None = None
    #: Disks; one of 20 GiB if absent.
    disks: list[DiskEntry] | None = None
    #: What it does to its memory.
    workload: Workload = Workload()
    #: Highly available.
    high_availability: bool = False
    #: server, desktop or high_performance.
    type: str = "server"
    #: Names of tags.
    tags: list[str] = []


class AffinityGroupEntry(_Entry, frozen=True, kw_only=True):
    """An affinity group of a cluster."""

    #: Name of its cluster.
    cluster: str
    #: Names of the VMs.
    vms: list[str] = []
    #: Names of the hosts.
    hosts: list[str] = []
    #: positive, negative or disabled: VMs among themselves.
    vms_rule: Literal["positive", "negative", "disabled"] = "disabled"
    #: Whether the VM rule must hold.
    vms_enforcing: bool = False
    #: positive, negative or disabled: VMs to hosts.
    hosts_rule: Literal["positive", "negative", "disabled"] = "disabled"
    #: Whether the host rule must hold.
    hosts_enforcing: bool = False


class LabelEntry(_Entry, frozen=True, kw_only=True):
    """An affinity label."""

    #: Names of the VMs.
    vms: list[str] = []
    #: Names of the hosts.
    hosts: list[str] = []


class EventEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that lies in the log when the lab starts."""

    #: The engine's number.
    code: int
    #: Text; the known text of the code, filled from `values`, if absent.
    text: str | None = None
    #: normal, warning, error, alert; the code's own if absent.
    severity: str | None = None
    #: Seconds before the lab's start.
    age_s: Annotated[float, msgspec.Meta(ge=0, le=1e9)] = 60
    #: What it is about, by name.
    host: str | None = None
    vm: str | None = None
    cluster: str | None = None
    storage_domain: str | None = None
    #: What the text is filled with.
    values: dict[str, Any] = {}


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole world."""

    #: What it is called.
    name: str = "lab"
    #: What it is for, and what a client should conclude.
    description: str = ""
    #: Ids, tokens and chance come from it.
    seed: int = 0
    #: The simulated instant at which the lab starts; the present if absent.
    start: datetime | None = None
    #: The engine's version as its root shows it.
    engine_version: str = "4.5.8-1.el9"
    #: Who may log in; admin@internal with the password `secret` if nobody is named.
    users: list[UserEntry] = []
    data_centers: list[DataCenterEntry] = []
    clusters: list[ClusterEntry] = []
    hosts: list[HostEntry] = []
    vms: list[VmEntry] = []
    affinity_groups: list[AffinityGroupEntry] = []
    affinity_labels: list[LabelEntry] = []
    tags: list[_Entry] = []
    events: list[EventEntry] = []
    #: Entities of further kinds as they are: place, id, parent id, attributes.
    entities: list[dict[str, Any]] = []
    #: Faults on purpose; read by `mishaps`.
    faults: list[dict[str, Any]] = []
    #: Further settings of behaviour: `{"rng": …}`; read by who knows them.
    settings: dict[str, Any] = {}
    #: What a client that is told to act on this lab should meet and conclude.
    expected: Expected | None = None


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioInvalid(file=str(path), detail=f"cannot be read: {error}") from error
    return parse_scenario(text, file=str(path))


def _read_yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=LOADER)  # noqa: S506 - the safe one
    except yaml.YAMLError:
        return yaml.safe_load(text)  # which fails too, and says better why and where


def parse_scenario(text: str, *, file: str = "<scenario>") -> Scenario:
    """The scenario that a YAML text says."""
    try:
        raw = _read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise ScenarioInvalid(file=file, line=line, detail=str(getattr(error, "problem", error))) from error
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
    """A scenario that adds to another one beside it: lists grow, everything else is replaced."""
    name = str(raw["base"])
    path = folder / f"{name}.yaml"
    path = path if path.exists() else Path(__file__).parents[1] / "scenarios" / f"{name}.yaml"
    try:
        base = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioInvalid(file=file, detail=f"base {name}: {error}") from error
    merged = dict(base)
    for key, value in raw.items():
        if key == "base":
            continue
        grows = isinstance(value, list) and isinstance(merged.get(key), list)
        merged[key] = [*merged[key], *value] if grows else value
    return merged


def located(error: ScenarioInvalid, path: Path) -> ScenarioInvalid:
    """The same refusal with its line, when it is about a name that nothing has."""
    named = re.match(r"(?:[\w ]+ )?(?P<owner>\S+) names '(?P<value>.*)', but", error.detail)
    if error.line is not None or named is None:
        return error
    line = line_naming(path.read_text(), named["owner"], named["value"])
    return ScenarioInvalid(file=error.file, line=line, detail=error.detail)
