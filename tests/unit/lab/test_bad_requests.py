"""Bad input gets the engine's own fault; never a traceback, never a changed world."""

from __future__ import annotations

import pytest

from tests.unit.lab.worlds import detail, driven

BOMB = '<?xml version="1.0"?><!DOCTYPE vm [<!ENTITY a "aaaa">]><vm><name>&a;</name></vm>'


@pytest.fixture
def lab():
    return driven()


@pytest.mark.parametrize(
    "body",
    ["<vm><name>x</name>", "not xml", "", "<vm><memory>abc</memory></vm>", "<vm><nonsense/></vm>", BOMB,
     "<vm><cpu><topology><cores>1.5</cores></topology></cpu></vm>", "<nonsense/>", "\x00", "<vm>" * 3000],
)  # fmt: skip
def test_bodies_that_cannot_be_read(lab, body):
    """400 with a pointer to the documentation, or what is missing; no VM more, no mistake of our own."""
    before = len(list(lab.world.all("vms")))
    answer = lab.ask("POST", "vms", body)
    assert answer.status == 400
    assert "apidoc#services/vms/methods/add" in detail(answer) or "required for add" in detail(answer)
    assert len(list(lab.world.all("vms"))) == before
    assert lab.lab.engine.mistakes == []


def test_an_external_entity_is_not_fetched(lab):
    """A body that points at a file of the machine is refused unread."""
    body = '<!DOCTYPE tag [<!ENTITY f SYSTEM "file:///etc/hostname">]><tag><name>&f;</name></tag>'
    assert lab.ask("POST", "tags", body).status == 400
    assert [tag.name for tag in lab.world.all("tags")] == ["root"]


def test_a_body_of_another_kind_is_a_page(lab):
    """A host where a VM is expected: the engine's 500, as text/html."""
    answer = lab.ask("POST", "vms", "<host/>")
    assert (answer.status, answer.text) == (500, "argument type mismatch")


def test_unknown_words_of_a_list_are_refused_with_what_is_possible(lab):
    """A value that no enumeration has."""
    vm_id = lab.id_of("vms", "web01")
    answer = lab.ask(
        "PUT", f"vms/{vm_id}", "<vm><placement_policy><affinity>maybe</affinity></placement_policy></vm>"
    )
    assert (answer.status, "'maybe' isn't a valid value for the 'VmAffinity'" in detail(answer)) == (
        400,
        True,
    )


def test_content_types(lab):
    """Plain text is 415 without a body; JSON is read."""
    vm_path = f"vms/{lab.id_of('vms', 'web01')}"
    assert lab.ask("POST", f"{vm_path}/migrate", "<action/>", **{"content-type": "text/plain"}).status == 415
    answer = lab.ask("PUT", vm_path, '{"comment": "by JSON"}', **{"content-type": "application/json"})
    assert (answer.status, lab.get(vm_path).findtext("comment")) == (200, "by JSON")


def test_an_oversized_body_is_refused_unread(lab):
    """More than eight mebibytes are not parsed."""
    body = "<tag><name>" + "x" * (8 * 1024 * 1024) + "</name></tag>"
    assert lab.ask("POST", "tags", body).status == 400


@pytest.mark.parametrize(
    "path", ["vms/%00", "vms/../hosts", "vms;from=x", "vms?max=many", "hosts/%ff/nics", "vms?search=%"]
)
def test_odd_paths_and_parameters(lab, path):
    """Whatever the path says, the answer is the engine's and the lab makes no mistake."""
    answer = lab.ask("GET", path)
    assert answer.status in (200, 400, 404)
    assert lab.lab.engine.mistakes == []


def test_an_immutable_member_is_refused(lab):
    """Another id in the body than in the URL: 409 with its own reason."""
    answer = lab.ask(
        "PUT", f"vms/{lab.id_of('vms', 'web01')}", "<vm id='11111111-2222-3333-4444-555555555555'/>"
    )
    assert (answer.status, detail(answer)) == (409, "Attempt to set immutable field: id")


@pytest.mark.parametrize(
    ("accept", "status"),
    [("text/plain", 406), ("image/png, text/plain", 406), ("text/html, */*;q=0.1", 200), ("", 200)],
)
def test_a_representation_that_the_api_does_not_have(lab, accept, status):
    """Accept without XML and JSON is 406 without a body."""
    answer = lab.ask("GET", "vms", accept=accept)
    assert (answer.status, bool(answer.body)) == (status, status == 200)
