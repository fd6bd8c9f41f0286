"""Shapes that no recorded engine had, written as the API's model has them, through the SDK's readers."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import Any

import pytest

from rhevmig.engine.mapping import MAPPINGS
from rhevmig.engine.mapping.affinity import AFFINITY_GROUP
from rhevmig.engine.mapping.cluster import CLUSTER
from rhevmig.engine.mapping.data_center import DATA_CENTER, SCHEDULING_POLICY
from rhevmig.engine.mapping.fields import FieldTable, same, value
from rhevmig.engine.mapping.host import HOST
from rhevmig.engine.mapping.network import NETWORK, VNIC_PROFILE
from rhevmig.engine.mapping.storage import DISK, STORAGE_CONNECTION, STORAGE_DOMAIN
from rhevmig.engine.mapping.vm import VM
from rhevmig.engine.request import EngineRequest
from rhevmig.engine.sdk_connection import elements
from rhevmig.inventory import AffinityRule, DataCenter, IscsiBond, PowerManagement, UnmanagedNetwork

HOST_XML = '<host id="h1"><name>kvm1</name><status>up</status><cluster id="c1"/>{}</host>'
VM_XML = '<vm id="v1"><name>web</name><status>up</status><cluster id="c1"/>{}</vm>'


def sdk(tag: str, xml: str) -> Any:
    """One object of the SDK."""
    (item,) = elements(xml.encode(), EngineRequest(), tag=tag)
    return item


def listed(tag: str, xml: str) -> Any:
    """The one object of a list."""
    return sdk(tag, f"<{tag}>{xml}</{tag}>")


def test_a_bond() -> None:
    """Slaves, options, active slave and LACP partner of a bond; what is no bond has None."""
    nics = """<nics>
      <host_nic id="b"><name>bond0</name><ad_aggregator_id>3</ad_aggregator_id><bonding>
        <ad_partner_mac><address>00:00:00:00:00:00</address></ad_partner_mac><active_slave id="n1"/>
        <options><option><name>mode</name><type>Dynamic link aggregation (802.3ad)</type>
        <value>4</value></option>
          <option><name>miimon</name><value>100</value></option></options>
        <slaves><host_nic id="n1"/><host_nic id="n2"/></slaves></bonding></host_nic>
      <host_nic id="n1"><name>eth0</name><network><name>foreign</name></network>
        <ipv6><address>fd00::1</address><gateway>fd00::</gateway><netmask>64</netmask></ipv6></host_nic>
    </nics>"""
    host = HOST(listed("hosts", HOST_XML.format(nics)), frozenset({"nics"}))
    assert host.nics is not None
    bond, plain = host.nics
    assert bond.is_bond
    assert not plain.is_bond
    assert bond.bond_slave_ids == ("n1", "n2")
    assert bond.bond_options == {"mode": "4", "miimon": "100"}
    assert (bond.bond_active_slave_id, bond.ad_partner_mac, bond.ad_aggregator_id) == (
        "n1",
        "00:00:00:00:00:00",
        3,
    )
    assert (plain.network_id, plain.network_name) == (None, "foreign")
    assert (plain.ipv6_address, plain.ipv6_prefix, plain.ipv6_gateway) == ("fd00::1", "64", "fd00::")


def test_what_a_host_seldom_has() -> None:
    """Fencing proxies, hosted engine, unmanaged networks, statistics, the reason of maintenance."""
    more = """<status_detail>firmware</status_detail>
      <hosted_engine><configured>true</configured><score>3400</score></hosted_engine>
      <power_management><enabled>true</enabled><kdump_detection>false</kdump_detection>
        <pm_proxies><pm_proxy><type>cluster</type></pm_proxy><pm_proxy><type>dc</type></pm_proxy></pm_proxies>
      </power_management>
      <unmanaged_networks><unmanaged_network id="x"><name>old</name><host_nic id="n1"/></unmanaged_network>
      </unmanaged_networks>
      <statistics><statistic><name>memory.free</name><values><value><datum>5</datum></value></values>
        </statistic>
        <statistic><name>empty</name><values/></statistic></statistics>"""
    host = HOST(listed("hosts", HOST_XML.format(more)), frozenset({"unmanagednetworks", "statistics"}))
    assert (host.hosted_engine_configured, host.hosted_engine_score) == (True, 3400)
    assert host.power_management == PowerManagement(
        enabled=True, kdump_detection=False, proxies=("cluster", "dc")
    )
    assert host.unmanaged_networks == (UnmanagedNetwork(name="old", host_nic_id="n1"),)
    assert host.statistics == {"memory.free": 5.0}
    assert host.status_detail == "firmware"
    assert host.nics is None


def test_a_host_that_was_never_contacted() -> None:
    """A host of which the engine knows only its name has everything else unobserved, nothing zero."""
    host = HOST(listed("hosts", HOST_XML.format("")), frozenset({"nics"}))
    assert (host.cpu_name, host.memory_bytes, host.vms_active, host.power_management) == (
        None,
        None,
        None,
        None,
    )
    assert host.logical_cpus is None
    assert host.nics == ()


def test_what_a_vm_seldom_has() -> None:
    """Pins, custom CPU, custom properties, host devices, lease, tunnel, its own level, why it is paused."""
    more = """<status_detail>eio</status_detail>
      <cpu><mode>host_passthrough</mode><cpu_tune><vcpu_pins><vcpu_pin><cpu_set>0-3</cpu_set>
        <vcpu>0</vcpu></vcpu_pin>
        <vcpu_pin><cpu_set>4</cpu_set><vcpu>1</vcpu></vcpu_pin></vcpu_pins></cpu_tune></cpu>
      <custom_compatibility_version><major>4</major><minor>6</minor></custom_compatibility_version>
      <custom_properties><custom_property><name>hugepages</name><value>2048</value></custom_property>
        </custom_properties>
      <has_illegal_images>true</has_illegal_images><tunnel_migration>false</tunnel_migration>
      <numa_tune_mode>strict</numa_tune_mode><tpm_enabled>true</tpm_enabled><stop_reason>patch</stop_reason>
      <migration><custom_parallel_migrations>4</custom_parallel_migrations></migration>
      <start_time>2026-03-01T12:00:00.000+02:00</start_time>
      <host_devices><host_device id="d"><name>pci_0000_3b_00_0</name><capability>pci</capability>
        <host id="h1"/>
      </host_device></host_devices>
      <disk_attachments><disk_attachment id="k"><logical_name>/dev/sda</logical_name><disk id="k"/>
        </disk_attachment>
      </disk_attachments><nics><nic id="n"><name>empty</name></nic></nics>"""
    vm = VM(listed("vms", VM_XML.format(more)), frozenset({"hostdevices", "diskattachments", "nics"}))
    assert vm.cpu_pins == {"0": "0-3", "1": "4"}
    assert vm.custom_compatibility_version == "4.6"
    assert vm.custom_properties == {"hugepages": "2048"}
    assert (vm.has_illegal_images, vm.tunnel_migration, vm.tpm_enabled) == (True, False, True)
    assert (vm.numa_tune_mode, vm.status_detail, vm.stop_reason) == ("strict", "eio", "patch")
    assert vm.migration is not None
    assert vm.migration.parallel_connections == 4
    assert vm.started_at == datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    assert vm.host_devices is not None
    assert (vm.host_devices[0].capability, vm.host_devices[0].host_id) == ("pci", "h1")
    assert vm.disk_attachments is not None
    assert vm.disk_attachments[0].logical_name == "/dev/sda"
    assert vm.nics is not None
    assert vm.nics[0].vnic_profile_id is None
    assert (vm.affinity, vm.host_id, vm.tags) == (None, None, None)


def test_block_storage() -> None:
    """LUNs and portals of an iSCSI domain, its connection without the password, a direct LUN disk."""
    domain = STORAGE_DOMAIN(
        listed(
            "storage_domains",
            """<storage_domain id="s"><name>iscsi1</name><status>unattached</status><type>data</type>
            <storage><type>iscsi</type><volume_group id="g"><logical_units>
              <logical_unit id="3600a"><address>10.0.0.1</address></logical_unit>
              <logical_unit id="3600b"><address>10.0.0.1</address></logical_unit></logical_units>
        </volume_group>
            </storage></storage_domain>""",
        ),
        frozenset(),
    )
    assert (domain.lun_ids, domain.lun_addresses) == (("3600a", "3600b"), ("10.0.0.1",))
    assert (domain.status, domain.connection_ids) == ("unattached", None)
    connection = STORAGE_CONNECTION(
        listed(
            "storage_connections",
            """<storage_connection id="k"><address>10.0.0.1</address><port>3260</port><target>iqn.x</target>
            <type>iscsi</type><username>u</username><password>s3cret</password></storage_connection>""",
        )
    )
    assert (connection.port, connection.target) == (3260, "iqn.x")
    assert "s3cret" not in repr(connection)
    disk = DISK(
        listed(
            "disks",
            """<disk id="d"><alias>raw</alias><storage_type>lun</storage_type><lun_storage><logical_units>
            <logical_unit id="3600c"/></logical_units></lun_storage></disk>""",
        )
    )
    assert (disk.name, disk.lun_id, disk.status, disk.storage_domain_ids) == ("raw", "3600c", None, ())


def test_iscsi_bonds_of_a_data_center() -> None:
    """Networks and connections of an iSCSI bond; None where they were not followed."""
    xml = """<data_center id="d"><name>one</name><status>up</status><iscsi_bonds><iscsi_bond id="i">
        <name>b</name>
      <networks><network id="n"/></networks><storage_connections><storage_connection id="k"/>
        </storage_connections>
      </iscsi_bond></iscsi_bonds></data_center>"""
    item = listed("data_centers", xml)
    bond = IscsiBond(id="i", name="b", network_ids=("n",), storage_connection_ids=("k",))
    assert DATA_CENTER(item, frozenset({"iscsibonds"})).iscsi_bonds == (bond,)
    assert DATA_CENTER(item, frozenset()).iscsi_bonds is None


def test_a_cluster_without_cpu_type() -> None:
    """An empty element is no CPU type; what is not there is not observed."""
    cluster = CLUSTER(
        listed("clusters", '<cluster id="c"><name>one</name><cpu><type></type></cpu></cluster>')
    )
    assert (cluster.cpu_type, cluster.migration, cluster.fencing, cluster.version) == (None, None, None, None)


def test_affinity_through_labels() -> None:
    """Labels of an affinity group are kept by id; a missing rule is a disabled one."""
    xml = """<cluster id="c"><name>one</name><affinity_groups><affinity_group id="g"><name>apart</name>
      <vms_rule><enabled>true</enabled><enforcing>true</enforcing><positive>false</positive></vms_rule>
      <vm_labels><affinity_label id="l1"/></vm_labels><host_labels><affinity_label id="l2"/></host_labels>
      </affinity_group></affinity_groups></cluster>"""
    (group,) = (AFFINITY_GROUP(one, cluster_id="c") for one in listed("clusters", xml).affinity_groups)
    assert (group.vm_label_ids, group.host_label_ids) == (("l1",), ("l2",))
    assert group.vms_rule == AffinityRule(enabled=True, enforcing=True, positive=False)
    assert group.hosts_rule == AffinityRule()


def test_networks_and_profiles_of_other_kinds() -> None:
    """External networks, QoS, pass-through profiles with failover."""
    network = NETWORK(
        listed(
            "networks",
            '<network id="n"><name>ovn</name><external_provider id="p"/><qos id="q"/><usages/></network>',
        )
    )
    assert (network.external_provider_id, network.qos_id, network.is_vm_network) == ("p", "q", False)
    profile = VNIC_PROFILE(
        listed(
            "vnic_profiles",
            """<vnic_profile id="v"><name>sriov</name><migratable>true</migratable><failover id="f"/>
            <pass_through><mode>enabled</mode></pass_through></vnic_profile>""",
        )
    )
    assert (profile.pass_through, profile.migratable, profile.failover_id) == ("enabled", True, "f")


def test_filters_are_named_by_their_unit() -> None:
    """Filters are ids of units, which the snapshot replaces by names; None where not followed."""
    xml = """<scheduling_policy id="p"><name>mine</name><filters><filter id="x1">
        <scheduling_policy_unit id="u1"/>
      </filter><filter id="u2"/></filters></scheduling_policy>"""
    item = listed("scheduling_policies", xml)
    assert SCHEDULING_POLICY(item, frozenset({"filters"})).filters == ("u1", "u2")
    assert SCHEDULING_POLICY(item).filters is None


#: Fields that are joined from elsewhere or given by the caller, by model.
JOINED = {
    "AffinityGroup": {"cluster_id"},
    "ClusterNetwork": {"cluster_id"},
    "StorageDomainAttachment": {"data_center_id"},
    "CpuType": {"flags", "qemu_model"},
}


def tables() -> dict[type, FieldTable[Any]]:
    """All field tables by model, those of structs inside included."""
    found: dict[type, FieldTable[Any]] = dict(MAPPINGS)
    for name in ("affinity", "cluster", "data_center", "host", "storage", "vm"):
        module = importlib.import_module(f"rhevmig.engine.mapping.{name}")
        found.update({one.model: one for one in vars(module).values() if isinstance(one, FieldTable)})
    return found


def test_every_field_of_the_model_is_mapped() -> None:
    """Each model that is read has one line per field, but for those that are joined."""
    found = tables()
    assert len(found) > 25
    for model, table in found.items():
        joined = JOINED.get(model.__name__, set())
        assert set(table.fields) | joined == set(model.__struct_fields__), model.__name__
        assert not set(table.fields) & joined


def test_attributes_exist_in_the_sdk() -> None:
    """A misspelt attribute fails, whether or not an object of the engine has it."""
    empty = {
        "host": sdk("host", HOST_XML.format("")),
        "vm": sdk("vm", VM_XML.format("")),
        "cluster": sdk("cluster", '<cluster id="c"><name>one</name></cluster>'),
    }
    assert HOST(empty["host"], frozenset(field.link or "" for field in HOST.fields.values())).nics == ()
    assert VM(empty["vm"], frozenset(field.link or "" for field in VM.fields.values())).nics == ()
    assert CLUSTER(empty["cluster"]).name == "one"


def test_a_table_with_a_wrong_field() -> None:
    """A field that the model does not have is an error at import, not a silent loss."""
    with pytest.raises(TypeError, match="DataCenter has no field nmae"):
        FieldTable(DataCenter, "data center", same("id"), nmae=value("name"))
