"""Lists: read whole, again when they were full, in parts when a part is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from unit.engine.scripted import Scripted, a_list, a_vm

from rhevmig.engine.list_reader import Reader
from rhevmig.engine.mapping.vm import VM
from rhevmig.engine.snapshot_reader import Root, read_root
from rhevmig.errors import EngineNotFound, EngineUnavailable, FieldMissing, PermissionDenied
from rhevmig.inventory import Engine
from rhevmig.inventory.collections import COLLECTIONS, link_name

NO = PermissionDenied(status_code=400, detail="insufficient permissions")


def test_a_full_answer_is_read_again() -> None:
    """An answer as long as its `max` may be cut: it is asked for with a larger one until it is not full."""
    transport = Scripted(
        lambda path, query: a_list("vms", *(a_vm(n) for n in range(min(25, int(query["max"])))))
    )
    found = Reader(transport, first_max=2).read(COLLECTIONS["vms"], VM)
    assert len(found) == 25
    assert [query["max"] for _, query in transport.asked] == ["2", "20", "200"]


def test_a_refused_part_costs_only_itself() -> None:
    """Where one relation is refused, the others are read each alone, and the refused one is told."""

    def answer(path: str, query: dict[str, str]) -> bytes | Exception:
        if "hostdevices" in query.get("follow", ""):
            return NO
        nics = '<nics><nic id="n1"><name>nic1</name></nic></nics>' if query.get("follow") == "nics" else ""
        return a_list("vms", a_vm(1, more=nics))

    reader = Reader(Scripted(answer))
    (vm,) = reader.read(COLLECTIONS["vms"], VM)
    assert vm.nics is not None
    assert [nic.name for nic in vm.nics] == ["nic1"]
    assert vm.disk_attachments == ()
    assert vm.host_devices is None
    (missing,) = reader.unobserved
    assert (missing.kind, missing.what) == ("vm", "hostdevices")
    assert "insufficient permissions" in missing.reason


def test_an_engine_that_cannot_follow_one_name() -> None:
    """HTTP 500 for one followed name (seen: bad names fail the whole request) costs only that name."""

    def answer(path: str, query: dict[str, str]) -> bytes | Exception:
        if "hostdevices" in query.get("follow", ""):
            return EngineUnavailable(status_code=500, detail="IllegalStateException")
        return a_list("vms", a_vm(1))

    reader = Reader(Scripted(answer))
    assert [vm.name for vm in reader.read(COLLECTIONS["vms"], VM)] == ["vm1"]
    assert [one.what for one in reader.unobserved] == ["hostdevices"]


@pytest.mark.parametrize("error", [NO, EngineNotFound(status_code=404)])
def test_a_refused_list_is_unobserved(error: Exception) -> None:
    """A list that is refused as a whole is empty and told, never an exception."""
    reader = Reader(Scripted(lambda path, query: error))
    assert reader.read(COLLECTIONS["vms"], VM) == []
    assert reader.read(COLLECTIONS["disks"], VM) == []
    assert [(one.kind, one.what) for one in reader.unobserved] == [("disk", "all"), ("vm", "all")]


def test_an_engine_that_is_down_is_no_missing_permission() -> None:
    """A server error is raised, not taken for something unobserved."""
    reader = Reader(Scripted(lambda path, query: EngineUnavailable(status_code=503)))
    with pytest.raises(EngineUnavailable):
        reader.read(COLLECTIONS["vms"], VM)


def test_an_engine_before_links_could_be_followed() -> None:
    """Engines before 4.2 ignore `follow` in silence: nothing is followed, and all parts are unobserved."""
    transport = Scripted(lambda path, query: a_list("vms", a_vm(1)))
    reader = Reader(transport, follows=False)
    (vm,) = reader.read(COLLECTIONS["vms"], VM)
    assert vm.nics is None
    assert "follow" not in transport.asked[0][1]
    assert {one.what for one in reader.unobserved} == {link_name(one) for one in COLLECTIONS["vms"].follow}


@pytest.mark.parametrize(
    ("xml", "field"),
    [
        ('<vm id="v1"><status>up</status><cluster id="c1"/></vm>', "name"),
        ('<vm id="v1"><name>a</name><status>dreaming</status><cluster id="c1"/></vm>', "status"),
        ('<vm><name>a</name><status>up</status><cluster id="c1"/></vm>', "id"),
    ],
)
def test_what_the_model_cannot_do_without(xml: str, field: str) -> None:
    """A VM without id, name or a status that the SDK knows is a named error with its id and field."""
    reader = Reader(Scripted(lambda path, query: a_list("vms", xml)))
    with pytest.raises(FieldMissing) as caught:
        reader.read(COLLECTIONS["vms"], VM)
    assert caught.value.field_name == field


@pytest.mark.parametrize(
    ("vms", "most"), [(None, 10_000), (0, 10_000), (9_999, 10_000), (10_000, 100_000), (120_000, 1_000_000)]
)
def test_the_first_max_fits_the_engine(vms: int | None, most: int) -> None:
    """An engine that tells how many VMs it has is not asked for fewer, so that no long list is read twice."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    root = Root(engine=Engine(url="https://engine.example"), asked_at=now, round_trip_s=0.1, vms=vms)
    assert root.first_max == most


def test_the_engines_clock() -> None:
    """The offset is the engine's time less ours in the middle of the round trip."""

    class Slow(Scripted):
        def read(self, *arguments: Any, **keywords: Any) -> list[Any]:
            found = super().read(*arguments, **keywords)
            self.clock.advance(2.0)
            return found

    root = read_root(
        Slow(
            lambda path, query: (
                b"<api><product_info><version><major>4</major><minor>1</minor></version>"
                b"</product_info><time>2026-01-01T00:01:00.000Z</time></api>"
            )
        )
    )
    assert (root.clock_offset_s, root.round_trip_s) == (59.0, 2.0)
    assert root.follows is False
    assert root.vms is None
