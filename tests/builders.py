"""Test data named by the difference: `a_vm(affinity="pinned")` is a VM like any other, but pinned.

Everything fits together by default: one data center `dc`, one cluster `cl` with the hosts `h1` and `h2`,
each with a management NIC `eth0`, a migration network on `eth1.100` and a storage network on `eth2.101`,
and VMs with one disk and one NIC that run on `h1`. A test names only what it changes. Ids equal names.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from rhevmig.inventory import (
    AffinityGroup,
    AffinityRule,
    Cluster,
    ClusterLevel,
    ClusterNetwork,
    CpuType,
    DataCenter,
    Disk,
    DiskAttachment,
    Engine,
    Event,
    Host,
    HostNic,
    Instant,
    Inventory,
    IpAssignment,
    Network,
    NetworkAttachment,
    StorageDomain,
    StorageDomainAttachment,
    Vm,
    VmNic,
    VnicProfile,
)
from rhevmig.units import GIB, GIGABIT

NOW = datetime(2026, 11, 23, 1, 23, tzinfo=UTC)
HASWELL, SECURE_HASWELL = "Intel Haswell Family", "Secure Intel Haswell Family"
BROADWELL, SECURE_BROADWELL = "Intel Broadwell Family", "Secure Intel Broadwell Family"
SECURE_IVYBRIDGE = "Secure Intel IvyBridge Family"
SKYLAKE_SERVER, SECURE_SKYLAKE_SERVER = "Intel Skylake Server Family", "Secure Intel Skylake Server Family"
EPYC, EPYC_ROME, OPTERON_G5 = "AMD EPYC", "AMD EPYC-Rome", "AMD Opteron G5"

#: A part of the list of level 4.8 from a real engine (`options/ServerCPUList`, engine 4.5.8).
CPU_LIST = """
8:Secure Intel IvyBridge Family:vmx,spec_ctrl,ssbd,md_clear,model_IvyBridge:IvyBridge,+spec-ctrl,+ssbd
9:Intel Haswell Family:vmx,nx,model_Haswell-noTSX:Haswell-noTSX
10:Secure Intel Haswell Family:vmx,spec_ctrl,ssbd,md_clear,model_Haswell-noTSX:Haswell-noTSX,+ssbd
11:Intel Broadwell Family:vmx,nx,model_Broadwell-noTSX:Broadwell-noTSX
12:Secure Intel Broadwell Family:vmx,spec_ctrl,ssbd,md_clear,model_Broadwell-noTSX:Broadwell-noTSX,+ssbd
15:Intel Skylake Server Family:vmx,nx,model_Skylake-Server:Skylake-Server,-hle,-rtm,-mpx
16:Secure Intel Skylake Server Family:vmx,ssbd,md_clear,model_Skylake-Server-noTSX-IBRS:IBRS
19:Intel Icelake Server Family:vmx,model_Icelake-Server-noTSX:Icelake-Server-noTSX,-mpx
2:AMD Opteron G5:svm,nx,model_Opteron_G5:Opteron_G5
3:AMD EPYC:svm,nx,model_EPYC:EPYC
5:AMD EPYC-Rome:svm,model_EPYC-Rome:EPYC-Rome
""".strip()


def a_level(version: str = "4.8", *, with_flags: bool = True) -> ClusterLevel:
    """A compatibility level; without flags as seen by an account that may not read options."""
    types = []
    for line in CPU_LIST.splitlines():
        level, name, flags, model = line.split(":")
        seen = tuple(flags.split(",")) if with_flags else None
        types.append(
            CpuType(name=name, level=int(level), architecture="x86_64", flags=seen, qemu_model=model)
        )
    return ClusterLevel(id=version, cpu_types=tuple(types))


def a_data_center(name: str = "dc", /, **difference: Any) -> DataCenter:
    return _made(DataCenter(id=name, name=name, status="up", local=False, version="4.8"), difference)


def a_cluster(name: str = "cl", /, **difference: Any) -> Cluster:
    usual = Cluster(
        id=name,
        name=name,
        data_center_id="dc",
        version="4.8",
        cpu_type=HASWELL,
        architecture="x86_64",
        threads_as_cores=False,
        memory_overcommit_percent=100,
    )
    return _made(usual, difference)


def a_nic(name: str, /, **difference: Any) -> HostNic:
    usual = HostNic(
        id=name,
        name=name,
        status="up",
        speed_bits_per_second=10 * GIGABIT,
        mtu=1500,
        boot_protocol="none",
        ipv6_boot_protocol="none",
    )
    return _made(usual, difference)


def usual_nics(number: int = 1) -> tuple[HostNic, ...]:
    """Management on eth0, guests on eth0.102, migration on eth1.100, storage on eth2.101."""
    masked: dict[str, Any] = {"ip_netmask": "255.255.255.0", "boot_protocol": "static"}
    return (
        a_nic("eth0", network_id="ovirtmgmt", ip_address=f"203.0.113.{number}", **masked),
        a_nic("eth1"),
        a_nic("eth2"),
        a_nic("eth0.102", network_id="guests", base_interface="eth0", vlan_id=102),
        a_nic(
            "eth1.100",
            network_id="migration",
            base_interface="eth1",
            vlan_id=100,
            mtu=9000,
            ip_address=f"10.100.0.{number}",
            **masked,
        ),
        a_nic(
            "eth2.101",
            network_id="storage",
            base_interface="eth2",
            vlan_id=101,
            mtu=9000,
            ip_address=f"10.100.1.{number}",
            **masked,
        ),
    )


def with_nic(nics: Iterable[HostNic], name: str, **difference: Any) -> tuple[HostNic, ...]:
    """The same NICs with one of them changed."""
    return tuple(_made(nic, difference) if nic.name == name else nic for nic in nics)


def without_network(host: Host, network_id: str) -> Host:
    """The host without one of its networks."""
    return msgspec.structs.replace(
        host,
        nics=tuple(nic for nic in host.nics or () if nic.network_id != network_id),
        network_attachments=tuple(
            attached for attached in host.network_attachments or () if attached.network_id != network_id
        ),
    )


def a_host(name: str = "h1", /, **difference: Any) -> Host:
    number = int("".join(c for c in name if c.isdigit()) or "1") % 250
    nics = difference.pop("nics", usual_nics(number))
    usual = Host(
        id=name,
        name=name,
        cluster_id="cl",
        status="up",
        cpu_name="Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz",
        cpu_type=SECURE_HASWELL,
        cpu_speed_mhz=2500.0,
        cpu_sockets=2,
        cpu_cores=8,
        cpu_threads=2,
        memory_bytes=64 * GIB,
        max_scheduling_memory_bytes=63 * GIB,
        device_passthrough=False,
        vdsm_version="vdsm-4.50.5.1-1.el9",
        libvirt_version="libvirt-10.10.0-7.el9",
        os_version="9",
        nics=nics,
        network_attachments=None
        if nics is None
        else tuple(_attachment(nic) for nic in nics if nic.network_id),
        unmanaged_networks=(),
    )
    return _made(usual, difference)


def _attachment(nic: HostNic) -> NetworkAttachment:
    return NetworkAttachment(
        id=f"a-{nic.name}",
        network_id=nic.network_id,
        host_nic_id=nic.base_interface or nic.id,
        in_sync=True,
        ip_assignments=(IpAssignment(method=nic.boot_protocol, address=nic.ip_address, version="v4"),),
    )


def a_vm(name: str = "web01", /, **difference: Any) -> Vm:
    usual = Vm(
        id=name,
        name=name,
        cluster_id="cl",
        status="up",
        host_id="h1",
        memory_bytes=1 * GIB,
        memory_guaranteed_bytes=1 * GIB,
        memory_max_bytes=4 * GIB,
        cpu_sockets=1,
        cpu_cores=1,
        cpu_threads=1,
        io_threads=1,
        architecture="x86_64",
        type="server",
        affinity="migratable",
        origin="ovirt",
        display_type="vnc",
        nics=(VmNic(id=f"nic-{name}", name="nic1", vnic_profile_id="guests", plugged=True, linked=True),),
        disk_attachments=(DiskAttachment(disk_id="disk", active=True, uses_scsi_reservation=False),),
        host_devices=(),
    )
    return _made(usual, difference)


def a_disk(name: str = "disk", /, **difference: Any) -> Disk:
    usual = Disk(id=name, name=name, status="ok", storage_type="image", storage_domain_ids=("nfs",))
    return _made(usual, difference)


def a_group(
    name: str,
    *,
    vms: Iterable[str],
    hosts: Iterable[str] = (),
    vms_rule: str | None = None,
    hosts_rule: str | None = None,
    hard: bool = True,
) -> AffinityGroup:
    """An affinity group; a rule is `together` or `apart`, or None for disabled."""

    def rule(word: str | None) -> AffinityRule:
        return AffinityRule(enabled=word is not None, enforcing=hard, positive=word == "together")

    return AffinityGroup(
        id=name,
        name=name,
        cluster_id="cl",
        vms_rule=rule(vms_rule),
        hosts_rule=rule(hosts_rule),
        vm_ids=tuple(vms),
        host_ids=tuple(hosts),
    )


def a_drift_event(host: str = "h1", *, at: datetime = NOW, index: int = 9, seconds: int = 411) -> Event:
    text = f"Host {host} has time-drift of {seconds} seconds while maximum configured value is 300 seconds."
    return Event(id=index, code=604, time=at, severity="warning", description=text, host_id=host)


NETWORKS = (
    Network(id="ovirtmgmt", name="ovirtmgmt", data_center_id="dc", mtu=0, is_vm_network=True),
    Network(id="guests", name="guests", data_center_id="dc", mtu=0, vlan_id=102, is_vm_network=True),
    Network(
        id="migration", name="migration", data_center_id="dc", mtu=9000, vlan_id=100, is_vm_network=False
    ),
    Network(id="storage", name="storage", data_center_id="dc", mtu=9000, vlan_id=101, is_vm_network=False),
)
ROLES = {
    "ovirtmgmt": ("vm", "display", "management", "default_route"),
    "guests": ("vm",),
    "migration": ("migration",),
    "storage": (),
}


def cluster_networks(cluster_id: str = "cl", **usages: tuple[str, ...]) -> tuple[ClusterNetwork, ...]:
    """The four networks in a cluster with their roles; `migration=()` takes the role away."""
    return tuple(
        ClusterNetwork(cluster_id=cluster_id, network_id=name, status="operational", usages=words)
        for name, words in {**ROLES, **usages}.items()
    )


def an_inventory(**difference: Any) -> Inventory:
    """One data center, one cluster, two hosts, one VM on `h1`; any field may be given instead."""
    usual = Inventory(
        engine=Engine(url="https://engine.lab.example/ovirt-engine/api", version="4.5.8", name="oVirt"),
        instant=Instant(started_at=NOW, ended_at=NOW, engine_time=NOW, clock_offset_s=0.2, round_trip_s=0.01),
        data_centers=(a_data_center(),),
        clusters=(a_cluster(),),
        cluster_levels=(a_level(),),
        hosts=(a_host("h1"), a_host("h2")),
        networks=NETWORKS,
        cluster_networks=cluster_networks(),
        vnic_profiles=(
            VnicProfile(id="guests", name="guests", network_id="guests", pass_through="disabled"),
        ),
        storage_domains=(
            StorageDomain(
                id="nfs",
                name="nfs",
                type="data",
                storage_type="nfs",
                address="nas.dc.example",
                data_center_ids=("dc",),
                connection_ids=(),
            ),
        ),
        storage_attachments=(
            StorageDomainAttachment(data_center_id="dc", storage_domain_id="nfs", status="active"),
        ),
        disks=(a_disk(),),
        vms=(a_vm(),),
        events=(
            Event(id=1, code=13, time=NOW, description="Status of host h1 was set to Up.", host_id="h1"),
        ),
        default_mtu=1500,
    )
    return _made(usual, difference)


def _made(usual: Any, difference: dict[str, Any]) -> Any:
    return msgspec.structs.replace(usual, **difference) if difference else usual
