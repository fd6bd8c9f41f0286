"""Kinds whose members are only kept; templates, tickets and consoles."""

from __future__ import annotations

import pytest

from rhevmig.lab.resources.kinds import SIMPLE_KINDS
from tests.unit.lab.worlds import detail, driven


@pytest.fixture
def lab():
    return driven()


@pytest.mark.parametrize(
    ("path", "body", "tag"),
    [
        ("bookmarks", "<bookmark><name>busy</name><value>Vms: cpu_usage > 80</value></bookmark>", "bookmark"),
        ("clusters/{cluster}/cpuprofiles", "<cpu_profile><name>slow</name></cpu_profile>", "cpu_profile"),
        ("datacenters/{center}/qoss", "<qos><name>gold</name><type>storage</type></qos>", "qos"),
        ("datacenters/{center}/quotas", "<quota><name>small</name></quota>", "quota"),
        (
            "macpools",
            "<mac_pool><name>two</name><ranges><range><from>02:00:00:00:00:00</from>"
            "<to>02:00:00:00:00:ff</to></range></ranges></mac_pool>",
            "mac_pool",
        ),
        ("networks/{network}/networklabels", '<network_label id="blue"/>', "network_label"),
        (
            "storageconnections",
            "<storage_connection><type>nfs</type><address>nas</address><path>/x</path></storage_connection>",
            "storage_connection",
        ),
        (
            "storagedomains/{domain}/diskprofiles",
            "<disk_profile><name>fast</name></disk_profile>",
            "disk_profile",
        ),
        (
            "vms/{vm}/watchdogs",
            "<watchdog><action>reset</action><model>i6300esb</model></watchdog>",
            "watchdog",
        ),
    ],
)
def test_they_are_made_listed_changed_and_removed(lab, path, body, tag):
    """POST, GET, PUT where there is a name, DELETE."""
    below = path.format(
        cluster=lab.id_of("clusters", "intel"),
        center=lab.id_of("datacenters", "main"),
        network=lab.id_of("networks", "guests"),
        domain=lab.id_of("storagedomains", "nfs1"),
        vm=lab.id_of("vms", "old01"),
    )
    before = len(lab.get(below))
    made = lab.ask("POST", below, body)
    assert made.status == 201, made.text
    own_id = made.header("Location").rpartition("/")[2]
    item = lab.get(f"{below}/{own_id}")
    assert (item.tag, item.get("id"), len(lab.get(below))) == (tag, own_id, before + 1)
    if item.find("name") is not None:
        assert lab.ask("PUT", f"{below}/{own_id}", f"<{tag}><name>other</name></{tag}>").status == 200
        assert lab.get(f"{below}/{own_id}").findtext("name") == "other"
    assert lab.ask("DELETE", f"{below}/{own_id}").status == 200
    assert len(lab.get(below)) == before


def test_what_they_need_is_asked_for(lab):
    """An empty body names what is missing."""
    answer = lab.ask("POST", "bookmarks", "<bookmark/>")
    assert (answer.status, detail(answer)) == (400, "Bookmark [name, value] required for add")


def test_every_kind_is_a_place_of_the_api(lab):
    """The table names nothing that the schema does not know."""
    from rhevmig.lab.api import schema
    from rhevmig.lab.api.routes import below

    for path in SIMPLE_KINDS:
        first, *rest = path.split("/")
        place = schema.place(first)
        for name in rest:
            place = below(place, name)
            assert place is not None, path


def test_a_template_comes_from_a_vm_and_a_vm_from_a_template(lab):
    """Disks and interfaces are copied; a template in use stays."""
    old = lab.id_of("vms", "old01")
    made = lab.ask("POST", "templates", f'<template><name>golden</name><vm id="{old}"/></template>')
    assert made.status == 201, made.text
    template_id = lab.id_of("templates", "golden")
    disks = len(lab.get(f"vms/{old}/diskattachments"))
    assert disks == len(lab.get(f"templates/{template_id}/diskattachments")) > 0
    body = (
        "<vm><name>copy</name><cluster><name>intel</name></cluster>"
        "<template><name>golden</name></template></vm>"
    )
    assert lab.ask("POST", "vms", body).status == 201
    copy = lab.id_of("vms", "copy")
    vm = lab.get(f"vms/{copy}")
    assert (vm.find("template").get("id"), vm.findtext("memory")) == (
        template_id,
        lab.get(f"vms/{old}").findtext("memory"),
    )
    assert len(lab.get(f"vms/{copy}/diskattachments?follow=disk")) == disks
    assert len(lab.get(f"vms/{copy}/nics")) == len(lab.get(f"vms/{old}/nics"))
    assert lab.ask("DELETE", f"templates/{template_id}").status == 409
    lab.ask("DELETE", f"vms/{copy}")
    assert lab.ask("DELETE", f"templates/{template_id}").status == 200
    assert lab.ask("DELETE", f"templates/{'00000000-0000-0000-0000-000000000000'}").status == 409


def test_a_ticket_is_for_running_vms(lab):
    """The value that was asked for, else one that is made up."""
    running, down = lab.id_of("vms", "web01"), lab.id_of("vms", "old01")
    body = "<action><ticket><value>open</value></ticket></action>"
    assert "<value>open</value>" in lab.ask("POST", f"vms/{running}/ticket", body).text
    assert lab.ask("POST", f"vms/{down}/ticket", "<action/>").status == 409


def test_a_vm_without_a_console(lab):
    """The console goes and comes back."""
    path = f"vms/{lab.id_of('vms', 'old01')}/graphicsconsoles"
    (console,) = lab.get(path)
    assert lab.ask("DELETE", f"{path}/{console.get('id')}").status == 200
    assert len(lab.get(path)) == 0
    body = "<graphics_console><protocol>spice</protocol></graphics_console>"
    assert lab.ask("POST", path, body).status == 201
    assert [item.findtext("protocol") for item in lab.get(path)] == ["spice"]


def test_labels_of_an_affinity_group(lab):
    """A label's VMs join the group by a reference to the label."""
    lab.ask("POST", "affinitylabels", "<affinity_label><name>gold</name></affinity_label>")
    groups = f"clusters/{lab.id_of('clusters', 'intel')}/affinitygroups"
    lab.ask("POST", groups, "<affinity_group><name>g</name></affinity_group>")
    (group,) = lab.get(groups)
    label_id = lab.id_of("affinitylabels", "gold")
    path = f"{groups}/{group.get('id')}/vmlabels"
    assert lab.ask("POST", path, f'<affinity_label id="{label_id}"/>').status in (200, 201)
    assert [item.get("id") for item in lab.get(path)] == [label_id]
    assert lab.ask("DELETE", f"{path}/{label_id}").status == 200
    assert len(lab.get(path)) == 0
