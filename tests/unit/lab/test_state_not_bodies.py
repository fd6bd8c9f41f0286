"""Everything an answer says is state: a change shows wherever it is mentioned."""

from __future__ import annotations

from pathlib import Path

from rhevmig.lab import open_lab
from tests.unit.lab.worlds import Driven, driven


def test_a_renamed_host_has_its_new_name_in_every_answer():
    """PUT of a name shows in the item, the list, the search, and what is followed to it."""
    lab = driven()
    host_id = lab.id_of("hosts", "host01")
    lab.ask("PUT", f"hosts/{host_id}", "<host><name>renamed</name></host>")
    assert lab.get(f"hosts/{host_id}").findtext("name") == "renamed"
    assert "renamed" in lab.names("hosts")
    assert lab.names("hosts?search=name%3Drenamed") == ["renamed"]
    vm = lab.get("vms?search=name%3Dweb01&follow=host")[0]
    assert vm.findtext("host/name") == "renamed"


def test_a_changed_address_shows_in_the_display_of_every_vm_on_the_host():
    """A VM's display follows from its host: what was kept of the VM's text is thrown away."""
    lab = driven()
    before = {vm.findtext("display/address") for vm in lab.get("vms?search=name%3Dweb*")}
    lab.world.set(lab.world.named("hosts", "host01"), "address", "192.0.2.99")
    after = {vm.findtext("display/address") for vm in lab.get("vms?search=name%3Dweb*")}
    assert (before, after) == ({"host01.lab.example"}, {"192.0.2.99"})


def test_a_host_counts_the_vms_on_it_and_what_memory_they_leave():
    """Summary and schedulable memory follow from the VMs; a stopped one counts until the next statistics."""
    lab = driven()
    host_id, vm_id = lab.id_of("hosts", "host01"), lab.id_of("vms", "web01")
    before = lab.get(f"hosts/{host_id}")
    assert before.findtext("summary/active") == before.findtext("summary/total") == "4"
    lab.ask("POST", f"vms/{vm_id}/stop", "<action/>")
    assert lab.get(f"hosts/{host_id}").findtext("summary/total") == "4"
    lab.lab.advance(31)
    after = lab.get("hosts")
    shown = next(host for host in after if host.get("id") == host_id)
    assert shown.findtext("summary/total") == "3"
    freed = int(shown.findtext("max_scheduling_memory")) - int(before.findtext("max_scheduling_memory"))
    assert freed > 2 * 2**30


def test_a_changed_network_puts_its_attachments_out_of_step():
    """The wanted MTU and VLAN of an attachment follow the network; the host keeps what it has."""
    lab = driven()
    host_id, network_id = lab.id_of("hosts", "host01"), lab.id_of("networks", "migration")
    path = f"hosts/{host_id}/networkattachments"
    of_network = f"network_attachment/network[@id='{network_id}']/.."
    assert lab.get(path).find(of_network).findtext("in_sync") == "true"
    lab.ask("PUT", f"networks/{network_id}", "<network><mtu>1500</mtu><vlan id='200'/></network>")
    attachment = lab.get(path).find(of_network)
    assert attachment.findtext("in_sync") == "false"
    rows = {row.findtext("name"): row for row in attachment.iter("reported_configuration")}
    assert (rows["mtu"].findtext("expected_value"), rows["mtu"].findtext("actual_value")) == ("1500", "9000")
    assert (rows["vlan"].findtext("expected_value"), rows["vlan"].findtext("actual_value")) == ("200", "100")
    lab.ask("POST", f"hosts/{host_id}/syncallnetworks", "<action/>")
    assert lab.get(path).find(of_network).findtext("in_sync") == "true"


def test_the_same_seed_gives_the_same_ids():
    """Ids are made from the seed, the kind and the name, in every run."""
    one, two = driven(), driven()
    assert one.id_of("vms", "web03") == two.id_of("vms", "web03")
    other = driven().world.new_id("vms", "web03")
    assert other == one.id_of("vms", "web03")


def test_a_list_is_indented_as_the_engine_does_it():
    """Four blanks a level, starting again at the eighth; href then id; empty text as a pair of tags."""
    lab = driven()
    text = lab.ask("GET", "vms?search=name%3Dweb01&follow=nics.vnic_profile.network.data_center").text
    lines = text.splitlines()
    assert lines[0] == '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    assert lines[2].startswith('    <vm href="/ovirt-engine/api/vms/')
    assert any(line == "        <description></description>" for line in lines)
    assert any(line == "<version>" for line in lines), "the eighth level begins at the margin"


def test_what_was_reported_follows_what_changes():
    """A lab from a crawl: figures go on from what was recorded; memory follows a VM's edit and its stop."""
    crawl = Path(__file__).parents[3] / "cassettes" / "recorded-engine" / "10-crawl.json.xz"
    lab = Driven(open_lab(crawl))
    vm = lab.world.named("vms", "web01")

    def figure(path, name):
        found = {item.findtext("name"): item for item in lab.get(f"{path}/statistics")}
        return found[name].findtext("values/value/datum")

    def used():
        return int(figure(f"hosts/{host_id}", "memory.used"))

    host_id, before_s = vm.ref("host"), int(figure(vm.path, "elapsed.time"))
    before_bytes, memory_bytes = used(), vm.number("memory")
    lab.lab.advance(60)
    assert int(figure(vm.path, "elapsed.time")) == before_s + 60
    assert lab.ask("POST", f"{vm.path}/stop", "<action/>").status == 200
    assert used() == before_bytes - memory_bytes
    assert (figure(vm.path, "elapsed.time"), len(lab.get(f"{vm.path}/reporteddevices"))) == ("0", 0)
    assert lab.ask("PUT", vm.path, f"<vm><memory>{2 * memory_bytes}</memory></vm>").status == 200
    assert figure(vm.path, "memory.installed") == str(2 * memory_bytes)
