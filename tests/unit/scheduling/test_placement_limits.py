"""Placement at its edges: exact limits, ties, undone attempts, and the words of its reasons."""

from __future__ import annotations

from rhevmig.scheduling import Limits, place, required_bytes
from rhevmig.units import GIB, MIB
from tests.builders import a_group, a_host, a_vm, an_inventory
from tests.unit.scheduling.test_placement import a_site, empty, placements

NEED = required_bytes(a_vm(memory_bytes=4 * GIB)) or 0


def exactly(*free_bytes: int, vms: int = 1, **more: object):  # type: ignore[no-untyped-def]
    hosts = tuple(
        a_host(f"h{n}", max_scheduling_memory_bytes=free) for n, free in enumerate(free_bytes, start=2)
    )
    return an_inventory(
        hosts=(a_host("h1"), *hosts),
        vms=tuple(a_vm(f"v{n}", memory_bytes=4 * GIB) for n in range(vms)),
        **more,
    )


def test_memory_fits_to_the_byte() -> None:
    """A host with exactly the memory is a destination, with one byte less it is none."""
    assert empty(exactly(NEED)) == {"v0": "h2"}
    assert empty(exactly(NEED - 1)) == {"v0": None}
    assert empty(exactly(NEED + GIB), limits=Limits(keep_free_bytes=GIB)) == {"v0": "h2"}
    assert empty(exactly(NEED + GIB - 1), limits=Limits(keep_free_bytes=GIB)) == {"v0": None}


def test_the_number_of_vms_is_an_upper_limit() -> None:
    """A host receives as many as allowed and not one more; the reason says so and not 'no memory'."""
    two = placements(exactly(60 * GIB, vms=3), limits=Limits(max_vms_per_host=2))
    assert [p.destination_host_id for p in two] == ["h2", "h2", None]
    assert two[2].reasons == ("h2: it receives at most 2 VMs",)
    assert empty(exactly(60 * GIB, vms=2), limits=Limits(max_vms_per_host=2)) == {"v0": "h2", "v1": "h2"}


def test_a_unit_counts_with_all_its_vms() -> None:
    """Two VMs that stay together need two of the places of a host, and its memory twice."""
    pair = a_group("pair", vms=("v0", "v1"), vms_rule="together")
    inventory = exactly(60 * GIB, vms=2, affinity_groups=(pair,))
    assert empty(inventory, limits=Limits(max_vms_per_host=1)) == {"v0": None, "v1": None}
    assert empty(inventory, limits=Limits(max_vms_per_host=2)) == {"v0": "h2", "v1": "h2"}
    assert empty(exactly(2 * NEED - 1, vms=2, affinity_groups=(pair,))) == {"v0": None, "v1": None}
    found = placements(exactly(2 * NEED, vms=2, affinity_groups=(pair,)))
    assert [p.free_after_bytes for p in found] == [0, 0]
    assert "enforcing affinity keeps 2 VMs together" in found[0].reasons[0]


def test_a_single_vm_is_not_called_a_group() -> None:
    """The phrase about affinity appears only where affinity ties VMs."""
    for found in placements(exactly(60 * GIB, 60 * GIB, vms=2)):
        assert "together" not in found.reasons[0]
        assert found.together_with == ()


def test_equal_hosts_are_taken_by_name() -> None:
    """A tie is decided by the name, not by the order of the engine's list."""
    forward = exactly(30 * GIB, 30 * GIB)
    backward = an_inventory(hosts=tuple(reversed(forward.hosts)), vms=forward.vms)
    assert empty(forward) == empty(backward) == {"v0": "h2"}


def test_the_share_of_free_memory_decides_not_the_amount() -> None:
    """A large host with more free bytes but a smaller free share is the second choice."""
    hosts = (
        a_host("h1"),
        a_host("h2", memory_bytes=512 * GIB, max_scheduling_memory_bytes=50 * GIB),
        a_host("h3", memory_bytes=64 * GIB, max_scheduling_memory_bytes=40 * GIB),
    )
    found = placements(an_inventory(hosts=hosts, vms=(a_vm("v0", memory_bytes=4 * GIB),)))
    assert found[0].destination_host_id == "h3"
    assert "most memory stays free, 2 hosts possible" in found[0].reasons[0]


def test_an_avoided_host_is_the_second_choice_even_with_more_memory() -> None:
    """Avoiding is stronger than free memory, and weaker than finding no host."""
    inventory = exactly(10 * GIB, 60 * GIB)
    assert empty(inventory, avoid_host_ids={"h3"}) == {"v0": "h2"}
    assert empty(exactly(NEED - 1, 60 * GIB), avoid_host_ids={"h3"}) == {"v0": "h3"}


def test_what_was_pushed_aside_in_vain_returns() -> None:
    """A VM that fits nowhere leaves the places and the memory of the others as they were."""
    inventory = a_site({"a": 2, "b": 2, "huge": 40}, {"h2": 5, "h3": 5})
    found = {p.vm_id: p for p in placements(inventory)}
    assert found["huge"].destination_host_id is None
    assert sorted(str(found[name].destination_host_id) for name in ("a", "b")) == ["h2", "h3"]
    for name in ("a", "b"):
        assert found[name].free_after_bytes == 5 * GIB - (found[name].needed_bytes or 0)
        assert "makes room" not in found[name].reasons[0]


def test_who_makes_room_says_for_whom() -> None:
    """A VM that was moved off a host names the VM that needed it."""
    only = a_group("only", vms=("picky",), hosts=("h2",), hosts_rule="together")
    inventory = a_site({"picky": 4, "free": 8}, {"h2": 9, "h3": 9}, only)
    found = {p.vm_id: p for p in placements(inventory)}
    assert found["picky"].destination_host_id == "h2"
    assert found["free"].destination_host_id == "h3"
    assert found["picky"].reasons[0].startswith("the only possible host")


def test_a_vm_without_a_host_has_a_phrase_per_host() -> None:
    """Excluded hosts and its own are not among them; memory is named with both figures."""
    inventory = exactly(GIB, 2 * GIB)
    (found,) = place(inventory, inventory.vms, exclude_host_ids={"h3"})
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith("h2: Memory: ")
    assert f"{NEED // MIB} MiB" in found.reasons[0]
    alone = an_inventory(hosts=(a_host("h1"),))
    (nowhere,) = place(alone, alone.vms)
    assert nowhere.reasons == ("no other host in the cluster",)
    assert nowhere.free_after_bytes is None


def test_memory_that_others_took_is_counted() -> None:
    """The second VM learns what the first left, not what was read."""
    found = placements(exactly(NEED + GIB, vms=2))
    assert [p.destination_host_id for p in found] == ["h2", None]
    assert "1024 MiB left" in found[1].reasons[0] or "1 GiB left" in found[1].reasons[0]


def test_a_vm_that_gives_way_says_for_whom_and_spreading_is_kept() -> None:
    """A small VM leaves the only host that is large enough; no tighter packing is tried for that."""
    two = a_group("two", vms=("small",), hosts=("h2", "h3"), hosts_rule="together")
    inventory = a_site({"small": 5, "big": 16}, {"h2": 20, "h3": 6, "h4": 3}, two)
    found = {p.vm_id: p for p in placements(inventory)}
    assert {name: p.destination_host_id for name, p in found.items()} == {"small": "h3", "big": "h2"}
    assert found["small"].reasons[0].startswith("makes room for big on another host")
    assert "tightest fit" not in found["big"].reasons[0]


def test_the_largest_is_placed_first_so_that_none_has_to_give_way() -> None:
    """The order of need spares a move that would only make room."""
    found = placements(a_site({"little": 2, "large": 8}, {"h2": 9, "h3": 3}))
    assert {p.vm_id: p.destination_host_id for p in found} == {"little": "h3", "large": "h2"}
    assert not [p for p in found if "makes room" in p.reasons[0]]


def test_vms_after_a_group_are_placed_too() -> None:
    """A group in the middle of the list does not end it."""
    pair = a_group("pair", vms=("v0", "v1"), vms_rule="together")
    found = empty(exactly(60 * GIB, 60 * GIB, vms=4, affinity_groups=(pair,)))
    assert found["v0"] == found["v1"]
    assert None not in found.values()


def test_hosts_of_unknown_size_are_taken_by_name() -> None:
    """Without their memory no share can be compared."""
    hosts = tuple(
        a_host(f"h{n}", memory_bytes=None, max_scheduling_memory_bytes=free * GIB)
        for n, free in ((2, 10), (3, 40))
    )
    inventory = an_inventory(hosts=(a_host("h1"), *hosts), vms=(a_vm("v0"),))
    assert empty(inventory) == {"v0": "h2"}
