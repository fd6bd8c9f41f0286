"""The hosts of a scenario with their devices, bonds and attached networks."""

from __future__ import annotations

import ipaddress

from rhevmig.lab.resources.host_networks import attach
from rhevmig.lab.scenario.build_context import Builder, with_attributes
from rhevmig.lab.scenario.model import AttachmentEntry, HostEntry, NicEntry
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref
from rhevmig.lab.state.store import Entity, World

_GIB = 2**30
_MODES = {
    "0": "Round-robin (balance-rr)",
    "1": "Active-Backup",
    "2": "Load balance (balance-xor)",
    "3": "Broadcast",
    "4": "Dynamic link aggregation (802.3ad)",
    "5": "Adaptive transmit load balancing (balance-tlb)",
    "6": "Adaptive load balancing (balance-alb)",
}


def add_hosts(builder: Builder, entry: HostEntry) -> None:
    """The hosts of an entry."""
    cluster = builder.get("clusters", entry.cluster, asked_by=f"host {entry.name}")
    numbers = range(entry.first, entry.first + (entry.count or 1))
    if entry.count is not None and "{n" not in entry.name and entry.count > 1:
        raise builder.invalid(f"host {entry.name}: count needs a name with {{n}}")
    for number in numbers:
        _add_host(builder, entry, cluster, number)


def _add_host(builder: Builder, entry: HostEntry, cluster: Entity, number: int) -> None:
    name = entry.name.format(n=number)
    address = (entry.address or f"{name}.lab.example").format(n=number)
    reached = entry.status not in ("install_failed", "installing", "pending_approval")
    attrs: Tree = {
        **defaults.default_attrs("hosts"),
        "name": name,
        "comment": "",
        "address": address,
        "certificate": {"organization": "lab.example", "subject": f"O=lab.example,CN={address}"},
        "cpu": {
            "name": entry.cpu_model,
            "speed": "2400",
            "topology": {
                "cores": str(entry.cores),
                "sockets": str(entry.sockets),
                "threads": str(entry.threads),
            },
            **(
                {"type": entry.cpu or cluster.text("cpu.type")}
                if entry.cpu or cluster.text("cpu.type")
                else {}
            ),
        },
        "hardware_information": _hardware(builder.world, name),
        "iscsi": {"initiator": f"iqn.1994-05.com.redhat:{name}"},
        "memory": str(entry.memory_gib * _GIB),
        "spm": {"priority": "5", "status": "spm" if entry.spm else "none"},
        "status": entry.status,
        "cluster": ref(cluster.id),
    }
    if not reached:
        for gone in ("cpu", "hardware_information", "memory"):
            attrs.pop(gone)
    host = builder.add("hosts", name, with_attributes(attrs, entry), given=entry.id)
    host.lab["clock_drift_s"] = entry.clock_drift_s
    if entry.status == "up":
        builder.offer_memory(
            cluster.id,
            host,
            entry.memory_gib * cluster.number("memory_policy.over_commit.percent", 100) / 100,
        )
    _nics(builder, host, entry, cluster, number)


def _hardware(world: World, name: str) -> Tree:
    return {
        "family": "Lab",
        "manufacturer": "Lab Computers",
        "product_name": "LabServer 1U",
        "serial_number": f"LAB-{name}",
        "supported_rng_sources": {"supported_rng_source": ["hwrng", "random"]},
        "uuid": world.new_id("hardware", name).upper(),
        "version": "1.0",
    }


def _nics(builder: Builder, host: Entity, entry: HostEntry, cluster: Entity, number: int) -> None:
    world = builder.world
    nics = entry.nics or [NicEntry(name="eth0")]
    made: dict[str, Entity] = {}
    for position, nic in enumerate(nics):
        made[nic.name] = _device(builder, host, nic, position)
    for nic in nics:
        for slave in nic.slaves:
            if slave not in made:
                raise builder.invalid(f"host {host.name}: bond {nic.name} has no device {slave!r}")
            made[slave].lab["master"] = made[nic.name].id
        if nic.slaves:
            slaves = {"host_nic": [ref(made[slave].id) for slave in nic.slaves]}
            world.set(made[nic.name], "bonding.slaves", slaves)
    attachments = entry.attachments
    management = builder.management.get(cluster.ref("data_center") or "", "ovirtmgmt")
    if not any(item.network == management for item in attachments):
        first = next(
            (nic.name for nic in nics if not any(nic.name in bond.slaves for bond in nics)), nics[0].name
        )
        address = f"10.0.{host.seq >> 8 & 0xFF}.{host.seq & 0xFF or 1}/16"
        attachments = [AttachmentEntry(network=management, nic=first, address=address), *attachments]
    center_id = cluster.ref("data_center")
    for item in attachments:
        asked_by = f"host {host.name}"
        network = builder.get("networks", item.network, asked_by=asked_by, scope=f"{center_id}/")
        if item.nic not in made:
            raise builder.invalid(f"{asked_by}: network {item.network} is on the unknown device {item.nic!r}")
        own_address = _numbered(builder, item.address, number, asked_by) if item.address else None
        attach(
            world,
            host,
            made[item.nic],
            network,
            address=own_address,
            boot=item.boot_protocol,
            mtu=item.mtu,
            given=item.id,
        )


def _numbered(builder: Builder, pattern: str, number: int, asked_by: str) -> str:
    """The address of the host with that number; counting continues through the network beyond 255."""
    try:
        first = ipaddress.ip_interface(pattern.replace(".{n}/", ".0/").replace("{n}", str(number)))
    except ValueError as error:
        raise builder.invalid(f"{asked_by}: {error}") from error
    own = first.ip + number if ".{n}/" in pattern else first.ip
    if own not in first.network:
        raise builder.invalid(f"{asked_by}: address {pattern!r} has no room for number {number}")
    return f"{own}/{first.network.prefixlen}"


def _device(builder: Builder, host: Entity, nic: NicEntry, position: int) -> Entity:
    world = builder.world
    mac = f"52:54:{host.seq >> 16 & 0xFF:02x}:{host.seq >> 8 & 0xFF:02x}:{host.seq & 0xFF:02x}:{position:02x}"
    mode = str(nic.bond_mode if nic.bond_mode is not None else 4)
    bonding = {
        "options": {
            "option": [
                {"name": "miimon", "value": "100"},
                {"name": "mode", "type": _MODES.get(mode, ""), "value": mode},
            ]
        }
    }
    attrs: Tree = {
        "name": nic.name,
        **({"bonding": bonding} if nic.slaves else {}),
        "boot_protocol": "none",
        "bridged": "false",
        "ipv6_boot_protocol": "none",
        "mac": {"address": mac},
        "mtu": str(nic.mtu),
        **({"speed": str(nic.speed_mbps * 1_000_000)} if nic.speed_mbps else {}),
        "status": "up" if nic.up else "down",
        "host": ref(host.id),
    }
    nic_id = nic.id or world.new_id("nic", f"{host.id}/{nic.name}")
    return world.add("hosts/nics", nic_id, attrs, parent=host)


def choose_spm(world: World) -> None:
    """Make the first up host of each data center its SPM, unless the scenario names one."""
    for center in world.all("datacenters"):
        clusters = world.referring("clusters", "data_center", center.id)
        hosts = [host for cluster in clusters for host in world.referring("hosts", "cluster", cluster.id)]
        if center.text("status") == "up" and not any(host.text("spm.status") == "spm" for host in hosts):
            first = next((host for host in hosts if host.text("status") == "up"), None)
            if first is not None:
                world.set(first, "spm.status", "spm")
