"""What an account may not see becomes unobserved, with the reason and the smallest role that helps."""

from __future__ import annotations

from typing import Any

import pytest
from contract.engine.conftest import connected
from unit.engine.scripted import URL, Scripted, a_list, a_vm

from rhevmig.engine.error_mapping import error_of_answer
from rhevmig.engine.list_reader import Reader
from rhevmig.engine.mapping.vm import VM
from rhevmig.engine.request import EngineAnswer, EngineRequest
from rhevmig.engine.snapshot_reader import read_inventory, read_root
from rhevmig.errors import PermissionDenied
from rhevmig.inventory.collections import COLLECTIONS
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.testing import serve
from tests.recorded import CASSETTES, recorded_lab, served_lab

ROLES = CASSETTES / "roles"
#: The role ReadOnlyAdmin; every engine has it under this id.
READ_ONLY_ADMIN = "def0000c-0000-0000-0000-def00000000c"
VMS = a_list("vms", a_vm(1))


def test_a_reader_sees_everything() -> None:
    """ReadOnlyAdmin, the smallest role that the remedies name, leaves nothing unobserved."""
    lab = recorded_lab()
    user = next(user for user in lab.world.all("users") if user.text("user_name").startswith("reader@"))
    lab.world.add("permissions", "reader", {"role": {"@id": READ_ONLY_ADMIN}, "user": {"@id": user.id}})
    account = {"username": "reader@internal"}
    with served_lab(lab, **account) as engine, connected(engine, **account) as client:
        assert client.inventory().unobserved == ()


def test_an_account_without_any_role() -> None:
    """A token is given, then every call is refused: one error, with what to do."""
    with serve(ROLES / "nobody.json.xz") as engine, pytest.raises(PermissionDenied) as caught:
        connected(engine)
    assert "not authorized to perform login" in caught.value.message
    assert "role" in caught.value.remedy


class RestrictedEngine(Scripted):
    """A recorded engine as an account with UserVmManager on one cluster sees it.

    A request that follows a link which the account may not see gets the recorded page of that link, whatever
    else it follows, as the engine answers.
    """

    def __init__(self) -> None:
        super().__init__(self._recorded)
        recorded = read_cassette(ROLES / "user-vm-manager-snapshot.yaml.xz")
        self._exchanges = [one for one in recorded if "/api" in one.target and one.method == "GET"]

    def _recorded(self, path: str, query: dict[str, str]) -> bytes | Exception:
        wanted = [link for link in query.get("follow", "").split(",") if link]
        found = [one for one in self._exchanges if one.path == path.strip("/")]
        if "search" in query:
            found = [one for one in found if one.param("search") == query["search"]]
        singles = {one.param("follow"): one for one in found if "," not in one.param("follow")}
        refused = [singles[link] for link in wanted if link in singles and singles[link].status >= 400]
        exchange = refused[0] if refused else singles.get(wanted[0] if wanted else "", found[0])
        answer = EngineAnswer(
            status_code=exchange.status,
            content_type=(exchange.header("content-type") or "").partition(";")[0] or None,
            body=exchange.body,
        )
        error = error_of_answer(answer, EngineRequest(url=URL, path=path))
        return error if error is not None else exchange.body


def test_few_rights_are_read_in_few_requests() -> None:
    """Each hidden link costs one request and is named with reason and remedy; no stack trace is shown."""
    engine = RestrictedEngine()
    transport: Any = engine
    root = read_root(transport)
    reader = Reader(transport, first_max=root.first_max, follows=root.follows)
    inventory = read_inventory(transport, reader, root)
    assert len(engine.asked) <= 36
    missing = {(one.kind, one.what) for one in inventory.unobserved}
    assert missing >= {
        ("vm", "hostdevices"),
        ("vm", "host"),
        ("vm", "tags"),
        ("host", "nics"),
        ("host", "networkattachments"),
        ("host", "unmanagednetworks"),
        ("host", "tags"),
        ("cluster", "affinitygroups"),
        ("data_center", "iscsibonds"),
        ("storage_domain", "storageconnections"),
        ("scheduling_policy", "all"),
        ("affinity_label", "all"),
        ("option", "ServerCPUList"),
    }
    assert len(missing) == len(inventory.unobserved)
    for one in inventory.unobserved:
        assert "ReadOnlyAdmin" in one.remedy
        assert "java" not in one.reason
        assert len(one.reason) < 150
    assert inventory.vms
    assert all(vm.nics is not None and vm.host_devices is None for vm in inventory.vms)
    assert all(vm.host_id is None and vm.affinity is None for vm in inventory.vms)
    assert all(host.nics is None for host in inventory.hosts)
    assert all(level.cpu_types == () for level in inventory.cluster_levels)
    assert inventory.affinity_groups == ()
    assert inventory.cluster_networks
    assert inventory.storage_attachments


def test_an_administrator_is_not_told_to_become_one() -> None:
    """A link that fails although the account sees everything is a fault of the engine, not of the account."""
    page = next(one for one in RestrictedEngine()._exchanges if one.status == 500).body
    failed = error_of_answer(
        EngineAnswer(status_code=500, content_type="text/html", body=page), EngineRequest(url=URL, path="vms")
    )
    assert failed is not None
    reader = Reader(Scripted(lambda path, query: failed if "hostdevices" in query.get("follow", "") else VMS))
    reader.is_administrator = True
    reader.read(COLLECTIONS["vms"], VM)
    (missing,) = reader.unobserved
    assert missing.what == "hostdevices"
    assert "ReadOnlyAdmin" not in missing.remedy
    assert "server.log" in missing.remedy
