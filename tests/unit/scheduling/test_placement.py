"""Who goes where when a host is emptied."""

from __future__ import annotations

from typing import Any

from rhevmig.inventory import AffinityGroup, Inventory
from rhevmig.scheduling import Limits, Placement, place, required_bytes
from rhevmig.units import GIB
from tests.builders import a_group, a_host, a_vm, an_inventory


def a_site(
    vms: dict[str, int], free: dict[str, int], *groups: AffinityGroup, **differences: dict[str, Any]
) -> Inventory:
    """VMs of so many GiB on h1, and hosts with so many GiB left; a VM takes a little more than its size."""
    return an_inventory(
        vms=tuple(
            a_vm(name, memory_bytes=size * GIB, **differences.get(name, {})) for name, size in vms.items()
        ),
        hosts=(
            a_host("h1"),
            *(a_host(name, max_scheduling_memory_bytes=left * GIB) for name, left in free.items()),
        ),
        affinity_groups=groups,
    )


def empty(inventory: Inventory, **options: Any) -> dict[str, str | None]:
    """VM → destination."""
    return {p.vm_id: p.destination_host_id for p in placements(inventory, **options)}


def placements(inventory: Inventory, **options: Any) -> tuple[Placement, ...]:
    return place(inventory, inventory.vms_on(inventory.host("h1")), exclude_host_ids={"h1"}, **options)


def test_free_memory_stays_spread() -> None:
    """Equal VMs go to the two hosts by turns instead of filling one."""
    found = empty(a_site({f"v{n}": 4 for n in range(6)}, {"h2": 30, "h3": 30}))
    assert sorted(found.values(), key=str) == ["h2"] * 3 + ["h3"] * 3


def test_the_balance_of_memory_runs_along() -> None:
    """No host is promised more than it has left, and what does not fit says why."""
    inventory = a_site({f"v{n}": 4 for n in range(5)}, {"h2": 9, "h3": 9})
    found = placements(inventory)
    for host in ("h2", "h3"):
        taken = sum(
            required_bytes(inventory.vm(p.vm_id)) or 0 for p in found if p.destination_host_id == host
        )
        assert taken <= 9 * GIB
    (homeless,) = [p for p in found if p.destination_host_id is None]
    assert len(homeless.reasons) == 2
    assert all("Memory" in reason for reason in homeless.reasons)


def test_best_fit_saves_the_gap_for_the_large_one() -> None:
    """Where spreading would leave no room for the last VM, small ones are pushed aside or packed tightly."""
    sizes = {"small1": 3, "small2": 3, "small3": 3, "large": 10}
    found = empty(a_site(sizes, {"h2": 11, "h3": 10}))
    assert found["large"] == "h2"
    assert {found[name] for name in ("small1", "small2", "small3")} == {"h3"}


def test_a_placed_vm_makes_room_for_one_that_fits_nowhere_else() -> None:
    """A VM that may use only one host gets it, although another stands there already."""
    only = a_group("only", vms=("picky1", "picky2"), hosts=("h2",), hosts_rule="together")
    sizes = {"picky1": 4, "picky2": 4, "free": 6}
    found = empty(a_site(sizes, {"h2": 9, "h3": 7}, only))
    assert found == {"picky1": "h2", "picky2": "h2", "free": "h3"}


def test_hard_together_moves_as_one() -> None:
    """VMs tied by a hard rule get one host and name each other; one that fits alone does not go alone."""
    pair = a_group("pair", vms=("a", "b"), vms_rule="together")
    found = placements(a_site({"a": 4, "b": 4}, {"h2": 9, "h3": 5}, pair))
    assert {p.destination_host_id for p in found} == {"h2"}
    assert [p.together_with for p in found] == [("b",), ("a",)]
    assert set(empty(a_site({"a": 4, "b": 4}, {"h2": 5, "h3": 5}, pair)).values()) == {None}


def test_hard_apart_moves_to_different_hosts() -> None:
    """VMs that must be apart do not meet on a destination, also not with one that stays."""
    apart = a_group("apart", vms=("a", "b"), vms_rule="apart")
    found = empty(a_site({"a": 1, "b": 1}, {"h2": 60, "h3": 20}, apart))
    assert sorted(found.values(), key=str) == ["h2", "h3"]
    stays = a_group("apart", vms=("a", "there"), vms_rule="apart")
    inventory = a_site({"a": 1, "there": 1}, {"h2": 60, "h3": 20}, stays, there={"host_id": "h2"})
    assert empty(inventory) == {"a": "h3"}


def test_a_partner_that_stays_behind_holds_its_vm() -> None:
    """A VM tied to one that does not move finds no host, and the rule is named."""
    pair = a_group("pair", vms=("a", "b"), vms_rule="together")
    inventory = a_site({"a": 1, "b": 1}, {"h2": 60}, pair)
    (found,) = place(inventory, (inventory.vm("a"),), exclude_host_ids={"h1"})
    assert found.destination_host_id is None
    assert "pair" in found.reasons[0]


def test_a_doubtful_host_is_no_destination() -> None:
    """What cannot be judged is not planned with."""
    inventory = an_inventory(
        hosts=(a_host("h1"), a_host("h2", nics=None, network_attachments=None), a_host("h3", status="down"))
    )
    (found,) = placements(inventory)
    assert found.destination_host_id is None
    assert [reason.split(":")[0] for reason in found.reasons] == ["h2", "h3"]


def test_limits_are_kept() -> None:
    """Memory to be kept free, and the most VMs that a host takes."""
    inventory = a_site({"a": 4, "b": 4}, {"h2": 10, "h3": 5})
    assert empty(inventory, limits=Limits(keep_free_bytes=1 * GIB)) == {"a": "h2", "b": "h2"}
    kept = empty(inventory, limits=Limits(keep_free_bytes=5 * GIB))
    assert sorted(kept.values(), key=str) == [None, "h2"]
    one = empty(inventory, limits=Limits(max_vms_per_host=1))
    assert sorted(one.values(), key=str) == ["h2", "h3"]


def test_avoided_hosts_take_only_what_fits_nowhere_else() -> None:
    """A host to avoid is used last, but it is used."""
    inventory = a_site({"a": 4, "b": 4}, {"h2": 5, "h3": 60})
    found = empty(inventory, avoid_host_ids={"h3"})
    assert sorted(found.values(), key=str) == ["h2", "h3"]


def test_no_vm_stays_where_it_is() -> None:
    """A VM's own host is no destination even when nothing is excluded."""
    inventory = a_site({"a": 1}, {"h2": 60})
    (found,) = place(inventory, inventory.vms)
    assert found.destination_host_id == "h2"


def test_equal_inventories_give_equal_placements_in_the_order_asked() -> None:
    """The same question has the same answer, whatever the order of hosts in the inventory."""
    sizes = {f"v{n}": 1 + n % 4 for n in range(30)}
    left = {f"h{n}": 20 for n in range(2, 8)}
    forward, backward = a_site(sizes, left), a_site(sizes, dict(reversed(left.items())))
    assert empty(forward) == empty(backward)
    assert [p.vm_id for p in placements(forward)] == [vm.id for vm in forward.vms]


def test_a_placement_says_what_is_left() -> None:
    """Need and remaining memory are told for the plan."""
    (found,) = placements(a_site({"a": 4}, {"h2": 10}))
    assert found.needed_bytes is not None
    assert found.free_after_bytes == 10 * GIB - found.needed_bytes
    assert "only possible host" in found.reasons[0]


def test_unknown_memory_finds_no_host() -> None:
    """A VM whose memory was not seen is not promised a place."""
    (found,) = placements(a_site({"a": 1}, {"h2": 60}, a={"cpu_sockets": None}))
    assert found.destination_host_id is None


def test_many_vms_are_packed_whole() -> None:
    """Four hundred VMs of mixed sizes find places on forty hosts that are nearly filled by them."""
    sizes = {f"v{n:03}": (1, 2, 4, 8)[n % 4] for n in range(400)}
    found = empty(a_site(sizes, {f"h{n}": 41 for n in range(2, 42)}))
    assert None not in found.values()
