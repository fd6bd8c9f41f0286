"""What other programs create, edit and remove: answers, events and consequences."""

from __future__ import annotations

import pytest

from tests.unit.lab.worlds import detail, driven


@pytest.fixture
def lab():
    return driven()


def test_a_site_is_built_from_nothing(lab):
    """Data center, cluster, network with VLAN and its part there, storage attached: the center is Up."""
    center = lab.ask("POST", "datacenters", "<data_center><name>new</name><local>false</local></data_center>")
    assert center.status == 201
    assert center.header("location").endswith("/datacenters/" + lab.id_of("datacenters", "new"))
    named = "<data_center><name>new</name></data_center>"
    cluster = lab.ask(
        "POST",
        "clusters",
        f"<cluster><name>c</name><cpu><type>Intel Haswell Family</type></cpu>{named}</cluster>",
    )
    assert cluster.status == 201
    network = lab.ask("POST", "networks", f"<network><name>n</name><vlan id='7'/>{named}</network>")
    assert network.status == 201
    network_id, cluster_id = lab.id_of("networks", "n"), lab.id_of("clusters", "c")
    part = lab.ask("POST", f"clusters/{cluster_id}/networks", f"<network id='{network_id}'/>")
    assert part.status == 201
    assert lab.get(f"clusters/{cluster_id}/networks/{network_id}").find("vlan").get("id") == "7"
    domain = lab.ask(
        "POST",
        "storagedomains",
        "<storage_domain><name>s</name><type>data</type><host><name>host01</name></host>"
        "<storage><type>nfs</type><address>nas</address><path>/x</path></storage></storage_domain>",
    )
    assert domain.status == 201
    center_id, domain_id = lab.id_of("datacenters", "new"), lab.id_of("storagedomains", "s")
    lab.ask("POST", f"datacenters/{center_id}/storagedomains", f"<storage_domain id='{domain_id}'/>")
    assert lab.get(f"datacenters/{center_id}").findtext("status") == "up"
    attached = lab.get(f"datacenters/{center_id}/storagedomains/{domain_id}")
    assert (attached.findtext("name"), attached.findtext("status")) == ("s", "active")


def test_a_vm_with_nic_and_disk_is_added_started_and_removed(lab):
    """The whole life of a VM; its job and events are there, its parts go with it."""
    answer = lab.ask(
        "POST",
        "vms",
        "<vm><name>new01</name><memory>1073741824</memory><cluster><name>intel</name></cluster>"
        "<template><name>Blank</name></template></vm>",
    )
    assert answer.status == 201
    vm_id, profile_id = lab.id_of("vms", "new01"), lab.id_of("vnicprofiles", "guests")
    nic = f"<nic><name>nic1</name><vnic_profile id='{profile_id}'/></nic>"
    assert lab.ask("POST", f"vms/{vm_id}/nics", nic).status == 201
    disk = (
        "<disk_attachment><bootable>true</bootable><interface>virtio</interface><disk><format>cow</format>"
        "<provisioned_size>1073741824</provisioned_size><storage_domains><storage_domain><name>nfs1</name>"
        "</storage_domain></storage_domains></disk></disk_attachment>"
    )
    assert lab.ask("POST", f"vms/{vm_id}/diskattachments", disk).status == 201
    disk_id = lab.get(f"vms/{vm_id}/diskattachments")[0].get("id")
    assert lab.ask("POST", f"vms/{vm_id}/start", "<action/>").status == 200
    assert lab.get(f"vms/{vm_id}").findtext("status") == "wait_for_launch"
    assert lab.ask("DELETE", f"vms/{vm_id}").status == 409
    lab.lab.advance(10)
    assert lab.get(f"vms/{vm_id}").findtext("status") == "up"
    lab.ask("POST", f"vms/{vm_id}/shutdown", "<action/>")
    lab.lab.advance(20)
    assert lab.ask("DELETE", f"vms/{vm_id}").status == 200
    assert lab.ask("GET", f"disks/{disk_id}").status == 404
    assert {event.findtext("code") for event in lab.get("events")} >= {
        "34",
        "35",
        "153",
        "32",
        "73",
        "113",
    } - {"35"}


def test_a_vm_without_disks_does_not_start(lab):
    """It is refused as long as it boots from disk and has none; a disk that is not bootable is enough."""
    cluster, template = "<cluster><name>intel</name></cluster>", "<template><name>Blank</name></template>"
    assert lab.ask("POST", "vms", f"<vm><name>bare</name>{cluster}{template}</vm>").status == 201
    path = f"vms/{lab.id_of('vms', 'bare')}"
    refused = lab.ask("POST", f"{path}/start", "<action/>")
    assert (refused.status, "at least one bootable disk" in detail(refused)) == (409, True)
    disk = (
        "<disk_attachment><bootable>false</bootable><interface>virtio</interface><disk><format>cow</format>"
        "<provisioned_size>1024</provisioned_size><storage_domains><storage_domain><name>nfs1</name>"
        "</storage_domain></storage_domains></disk></disk_attachment>"
    )
    assert lab.ask("POST", f"{path}/diskattachments", disk).status == 201
    assert lab.ask("POST", f"{path}/start", "<action/>").status == 200


def test_a_running_vm_takes_some_changes_only_at_its_next_start(lab):
    """A CPU model waits and is flagged; memory is plugged at once (event 2039)."""
    vm_id = lab.id_of("vms", "web01")
    body = "<vm><custom_cpu_model>Skylake-Server</custom_cpu_model><memory>3221225472</memory></vm>"
    answer = lab.ask("PUT", f"vms/{vm_id}", body)
    assert answer.status == 200
    vm = lab.get(f"vms/{vm_id}")
    assert (vm.findtext("memory"), vm.findtext("custom_cpu_model")) == ("3221225472", None)
    assert vm.findtext("next_run_configuration_exists") == "true"
    assert lab.get("events?search=type%3D2039")[0].findtext("description").endswith("from 2048 to 3072")
    lab.ask("POST", f"vms/{vm_id}/stop", "<action/>")
    lab.ask("POST", f"vms/{vm_id}/start", "<action/>")
    assert lab.get(f"vms/{vm_id}").findtext("custom_cpu_model") == "Skylake-Server"


def test_affinity_groups_know_when_they_are_broken(lab):
    """Four VMs on one host: kept together is whole, kept apart is broken."""
    cluster_id = lab.id_of("clusters", "intel")
    vms = "".join(f"<vm id='{lab.id_of('vms', name)}'/>" for name in ("web01", "web02"))
    body = (
        "<affinity_group><name>{}</name><vms_rule><enabled>true</enabled><enforcing>true</enforcing>"
        "<positive>{}</positive></vms_rule><vms>{}</vms></affinity_group>"
    )
    for name, positive, broken in (("near", "true", "false"), ("apart", "false", "true")):
        path = f"clusters/{cluster_id}/affinitygroups"
        assert lab.ask("POST", path, body.format(name, positive, vms)).status == 201
        group = next(group for group in lab.get(path) if group.findtext("name") == name)
        assert group.findtext("broken") == broken
        assert len(lab.get(f"{path}/{group.get('id')}/vms")) == 2
        assert lab.ask("DELETE", f"{path}/{group.get('id')}/vms/{lab.id_of('vms', 'web02')}").status == 200
        assert len(lab.get(f"{path}/{group.get('id')}/vms")) == 1


def test_labels_and_tags_are_put_on_and_taken_off(lab):
    """A label in use stays; a tag shows with the VM that carries it."""
    lab.ask("POST", "affinitylabels", "<affinity_label><name>gpu</name></affinity_label>")
    label_id, vm_id = lab.id_of("affinitylabels", "gpu"), lab.id_of("vms", "web01")
    assert lab.ask("POST", f"affinitylabels/{label_id}/vms", f"<vm id='{vm_id}'/>").status == 200
    assert lab.names(f"vms/{vm_id}/affinitylabels") == ["gpu"]
    assert lab.ask("DELETE", f"affinitylabels/{label_id}").status == 409
    lab.ask("DELETE", f"affinitylabels/{label_id}/vms/{vm_id}")
    assert lab.ask("DELETE", f"affinitylabels/{label_id}").status == 200
    lab.ask("POST", "tags", "<tag><name>night</name></tag>")
    assert lab.ask("POST", f"vms/{vm_id}/tags", "<tag><name>night</name></tag>").status == 201
    assert lab.names("vms?search=tag%3Dnight") == ["web01"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        ("POST", "vms", "<vm/>", 400, "Vm [cluster.id|name] required for add"),
        (
            "POST",
            "clusters",
            "<cluster><name>intel</name><data_center><name>main</name></data_center></cluster>",
            409,
            "[Cannot create Cluster. Cluster name is already in use.]",
        ),
        (
            "POST",
            "clusters",
            "<cluster><name>x</name><cpu><type>Nonsense</type></cpu><data_center><name>main</name></data_center></cluster>",
            400,
            "[Cannot create Cluster. The chosen CPU is not supported.]",
        ),
        (
            "POST",
            "networks",
            "<network><name>x</name><data_center><name>none</name></data_center></network>",
            404,
            "Entity not found: none",
        ),
        (
            "POST",
            "networks",
            "<network><name>x</name><data_center id='not-a-uuid'/></network>",
            400,
            "Invalid UUID string: not-a-uuid",
        ),
    ],
)
def test_refusals_of_bodies(lab, method, path, body, status, text):
    """What lacks, doubles or names the unknown is refused in the engine's words; nothing changes."""
    before = len(list(lab.world.all(path)))
    answer = lab.ask(method, path, body)
    assert (answer.status, detail(answer)) == (status, text)
    assert len(list(lab.world.all(path))) == before


def test_a_role_network_without_a_boot_protocol_is_refused(lab):
    """The engine does not attach the migration network without an address."""
    host_id = lab.id_of("hosts", "other01")
    cluster_id = lab.id_of("clusters", "spare")
    network_id = lab.id_of("networks", "migration")
    lab.ask(
        "PUT",
        f"clusters/{cluster_id}/networks/{network_id}",
        "<network><usages><usage>migration</usage></usages></network>",
    )
    body = (
        "<action><modified_network_attachments><network_attachment><host_nic><name>eth0</name></host_nic>"
        "<network><name>migration</name></network></network_attachment></modified_network_attachments></action>"
    )
    answer = lab.ask("POST", f"hosts/{host_id}/setupnetworks", body)
    assert (answer.status, "has no boot protocol assigned" in detail(answer)) == (400, True)


def test_cluster_upgrade_keeps_to_its_correlation_id(lab):
    """update_progress and finish must carry the id of start."""
    path = f"clusters/{lab.id_of('clusters', 'intel')}"
    step = "<action><upgrade_action>{}</upgrade_action></action>"
    assert lab.ask("POST", f"{path}/upgrade?correlation_id=mine", step.format("start")).status == 200
    assert lab.get(path).findtext("upgrade_in_progress") == "true"
    assert lab.ask("POST", f"{path}/upgrade", step.format("start")).status == 400
    assert (
        lab.ask("POST", f"{path}/upgrade?correlation_id=other", step.format("update_progress")).status == 400
    )
    assert (
        lab.ask("POST", f"{path}/upgrade?correlation_id=mine", step.format("update_progress")).status == 200
    )
    assert lab.ask("POST", f"{path}/upgrade?correlation_id=mine", step.format("finish")).status == 200


def test_cluster_upgrade_takes_the_correlation_id_of_the_action(lab):
    """The element of the action counts before the request's id, which here is another one each time."""
    path = f"clusters/{lab.id_of('clusters', 'intel')}"
    step = "<action><upgrade_action>{}</upgrade_action><correlation_id>night-1</correlation_id>{}</action>"
    percent = "<upgrade_percent_complete>20</upgrade_percent_complete>"
    assert lab.ask("POST", f"{path}/upgrade", step.format("start", "")).status == 200
    assert lab.ask("POST", f"{path}/upgrade", step.format("update_progress", percent)).status == 200
    cluster = lab.get(path)
    assert cluster.findtext("upgrade_percent_complete") == "20"
    assert cluster.findtext("upgrade_correlation_id") == "night-1"
    assert lab.ask("POST", f"{path}/upgrade", step.format("finish", "")).status == 200


def test_what_the_lab_does_not_model_it_refuses(lab):
    """An action or creation without a model is 501 with a fault, never an empty success."""
    vm_id = lab.id_of("vms", "web01")
    for method, path in (
        ("POST", f"vms/{vm_id}/export"),
        ("DELETE", f"hosts/{lab.id_of('hosts', 'host01')}/nics/x"),
    ):
        answer = lab.ask(method, path, "<action/>")
        assert answer.status in (501, 404), path
    role = "<role><name>r</name><permits><permit id='1'/></permits></role>"
    assert lab.ask("POST", "roles", role).status == 501
