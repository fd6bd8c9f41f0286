"""Filters at their edges: exact limits, the side that is unknown, and lists with more than one entry."""

from __future__ import annotations

import pytest

from rhevmig.inventory import DiskAttachment, VmNic
from rhevmig.scheduling import (
    Allowed,
    CpuTypes,
    Explanation,
    HostVerdict,
    Limits,
    Reason,
    Scheduler,
    compare,
    explain,
    place,
    required_bytes,
)
from rhevmig.scheduling.levels import has_implicit_affinity_groups, has_parallel_migrations
from rhevmig.units import GIB, MIB
from tests.builders import (
    BROADWELL,
    HASWELL,
    SECURE_HASWELL,
    SKYLAKE_SERVER,
    a_cluster,
    a_group,
    a_host,
    a_level,
    a_vm,
    an_inventory,
    without_network,
)
from tests.unit.scheduling.test_every_filter import answer, verdict
from tests.unit.scheduling.test_placement import empty, placements


def sentences(found: HostVerdict) -> dict[str, str]:
    return {reason.filter: reason.sentence for reason in found.reasons}


# ── CPU ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("vcpus", "cores", "allowed"), [(4, 4, "yes"), (5, 4, "no"), (1, 1, "yes"), (2, 1, "no")]
)
def test_as_many_vcpus_as_cores_are_enough(vcpus: int, cores: int, allowed: str) -> None:
    """The count of cores is a lower limit, exact to one."""
    host = {"cpu_sockets": 1, "cpu_cores": cores, "cpu_threads": 1}
    found = verdict({"cpu_sockets": vcpus, "cpu_cores": 1}, **host)
    assert found.allowed == allowed
    if allowed == "no":
        assert sentences(found)["CPU"] == f"the VM has {vcpus} vCPUs, the host only {cores} cores"


def test_the_side_with_unknown_cpus_is_named() -> None:
    """The VM's vCPUs and the host's cores are different gaps, with different attributes."""
    of_vm = verdict({"cpu_sockets": None})
    assert sentences(of_vm)["CPU"] == "the vCPUs of the VM are not known"
    assert {r.filter: r.missing for r in of_vm.reasons}["CPU"] == "vm.cpu.topology"
    of_host = verdict({}, cpu_cores=None)
    assert sentences(of_host)["CPU"] == "the cores of the host are not known"
    assert {r.filter: r.missing for r in of_host.reasons}["CPU"] == "host.cpu.topology"


@pytest.mark.parametrize(
    ("policy", "topology", "host", "allowed"),
    [
        # Eight virtual cores fit four cores with two threads as threads, not as whole cores.
        ("dedicated", (1, 8, 1), (1, 4, 2), "yes"),
        ("isolate_threads", (1, 8, 1), (1, 4, 2), "no"),
        ("isolate_threads", (1, 4, 1), (1, 4, 2), "yes"),
        # A virtual socket does not span two physical ones.
        ("dedicated", (1, 8, 1), (2, 4, 1), "no"),
        ("dedicated", (2, 4, 1), (2, 4, 1), "yes"),
        ("dedicated", (2, 4, 1), (1, 8, 1), "yes"),
        ("dedicated", (3, 4, 1), (1, 8, 2), "yes"),
        ("dedicated", (5, 4, 1), (1, 8, 2), "no"),
        ("isolate_threads", (2, 2, 2), (1, 8, 1), "yes"),
        ("isolate_threads", (2, 2, 2), (1, 7, 1), "no"),
    ],
)
def test_whole_virtual_sockets_fit_physical_sockets(
    policy: str, topology: tuple[int, int, int], host: tuple[int, int, int], allowed: str
) -> None:
    """Sockets, cores and threads of both sides decide, as whole cores or as threads by the policy."""
    names = ("cpu_sockets", "cpu_cores", "cpu_threads")
    vm = {**dict(zip(names, topology, strict=True)), "cpu_pinning_policy": policy}
    inventory = {"cluster": {"threads_as_cores": True}, **dict(zip(names, host, strict=True))}
    found = verdict(vm, **inventory)
    refused = [r.filter for r in found.reasons if r.allowed == Allowed.NO and "Pinning" in r.filter]
    assert bool(refused) == (allowed == "no"), found.reasons


def test_manual_pins_of_others_only_concern_exclusive_pins() -> None:
    """A pinned VM on the host leaves exclusive pinning open and an ordinary VM alone."""
    manual = a_vm("manual", host_id="h2", cpu_pins={"0": "1"})
    assert answer({}, others=(manual,)) == ("yes", set())
    dedicated = {"cpu_pinning_policy": "dedicated"}
    assert answer(dedicated, others=(manual,))[0] == "unknown"
    assert answer(dedicated)[0] == "yes"


# ── levels, operating systems ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("version", "parallel", "implicit"),
    [
        ("4.3", False, True),
        ("4.4", False, False),
        ("4.6", False, False),
        ("4.7", True, False),
        ("4.10", True, False),
        ("5.0", True, False),
        (None, None, None),
        ("", None, None),
        ("latest", None, None),
    ],
)
def test_rules_by_level(version: str | None, parallel: bool | None, implicit: bool | None) -> None:
    """Levels compare as numbers, and an unknown level leaves the rule unknown."""
    assert has_parallel_migrations(version) is parallel
    assert has_implicit_affinity_groups(version) is implicit


@pytest.mark.parametrize(("source", "host"), [("OL", "RHEL"), ("RHEL", "OL")])
def test_another_operating_system_refuses_in_both_directions(source: str, host: str) -> None:
    """The order of the names does not matter."""
    from tests.unit.scheduling.test_every_filter import a_policy

    policy = a_policy("InClusterUpgrade")
    versions = {"os_version": "8.6"}
    found = verdict({}, policy=policy, source={"os_type": source, **versions}, os_type=host, **versions)
    assert sentences(found) == {
        "InClusterUpgrade": "the host has another operating system than the current host"
    }


# ── networks and disks ───────────────────────────────────────────────────────────────────────────


def test_every_nic_counts_not_only_the_first() -> None:
    """NICs without a profile or unplugged are skipped; those after them still need their network."""
    nics = (
        VmNic(id="a", name="nic1", vnic_profile_id=None, plugged=True),
        VmNic(id="b", name="nic2", vnic_profile_id="guests", plugged=False),
        VmNic(id="c", name="nic3", vnic_profile_id="guests", plugged=True),
    )
    inventory = an_inventory(
        vms=(a_vm(nics=nics),), hosts=(a_host("h1"), without_network(a_host("h2"), "guests"))
    )
    found = explain(inventory, "web01", "h2").verdicts[0]
    assert sentences(found) == {"Network": "the host lacks the VM's network guests"}
    only_off = an_inventory(vms=(a_vm(nics=nics[:2]),), hosts=inventory.hosts)
    assert explain(only_off, "web01", "h2").verdicts[0].allowed == Allowed.YES


def test_networks_are_known_from_attachments_or_from_nics() -> None:
    """A host of which only one of the two lists was read still has its networks."""
    inventory = an_inventory(hosts=(a_host("h1"), a_host("h2", network_attachments=None)))
    assert explain(inventory, "web01", "h2").verdicts[0].allowed == Allowed.YES
    attachments = a_host("h2").network_attachments or ()
    lacking = tuple(a for a in attachments if a.network_id != "guests")
    partly = an_inventory(hosts=(a_host("h1"), a_host("h2", nics=None, network_attachments=lacking)))
    assert sentences(explain(partly, "web01", "h2").verdicts[0]) == {
        "Network": "the host lacks the VM's network guests"
    }


@pytest.mark.parametrize(("active", "is_obstacle"), [(True, True), (None, True), (False, False)])
def test_a_reservation_of_an_unplugged_disk_does_not_count(active: bool | None, is_obstacle: bool) -> None:
    """Only a disk that is known to be unplugged is left out."""
    disk = DiskAttachment(disk_id="disk", active=active, uses_scsi_reservation=True)
    explanation = explain(an_inventory(vms=(a_vm(disk_attachments=(disk,)),)), "web01")
    assert ("scsi_reservation" in {o.code for o in explanation.obstacles}) == is_obstacle


# ── placement ────────────────────────────────────────────────────────────────────────────────────


def test_a_group_goes_only_where_all_its_members_may() -> None:
    """A host that refuses the second VM is no destination for the first either."""
    pair = a_group("pair", vms=("a", "b"), vms_rule="together")
    nic = VmNic(id="n", name="nic1", vnic_profile_id="guests", plugged=True)
    hosts = (a_host("h1"), without_network(a_host("h2"), "guests"), a_host("h3"))
    inventory = an_inventory(
        hosts=hosts, vms=(a_vm("a", nics=()), a_vm("b", nics=(nic,))), affinity_groups=(pair,)
    )
    assert empty(inventory) == {"a": "h3", "b": "h3"}
    without = an_inventory(hosts=hosts[:2], vms=inventory.vms, affinity_groups=(pair,))
    found = placements(without)
    assert [p.destination_host_id for p in found] == [None, None]
    assert "Network" in found[0].reasons[0]


def test_memory_that_stays_free_is_not_counted_as_left() -> None:
    """The reason shows what a host has left for VMs, the reserve subtracted."""
    need = required_bytes(a_vm()) or 0
    inventory = an_inventory(hosts=(a_host("h1"), a_host("h2", max_scheduling_memory_bytes=need)))
    (found,) = place(inventory, inventory.vms, limits=Limits(keep_free_bytes=100 * MIB))
    assert found.destination_host_id is None
    assert f"{need // MIB - 100} MiB left" in found.reasons[0]
    full = an_inventory(
        hosts=(a_host("h1"), a_host("h2", max_scheduling_memory_bytes=2 * GIB)), vms=(a_vm("a"), a_vm("b"))
    )
    _, second = place(full, full.vms, limits=Limits(keep_free_bytes=100 * MIB))
    assert second.destination_host_id is None
    assert f"{2048 - need // MIB - 100} MiB left" in second.reasons[0]


# ── explanations ─────────────────────────────────────────────────────────────────────────────────


def an_explanation(*answers: Allowed, current: int | None = None) -> Explanation:
    verdicts = tuple(
        HostVerdict(
            vm_id="v",
            vm_name="v",
            host_id=f"h{n}",
            host_name=f"h{n}",
            allowed=allowed,
            reasons=() if allowed == Allowed.YES else (Reason(filter="CPU", allowed=allowed, sentence="x"),),
            is_current_host=n == current,
        )
        for n, allowed in enumerate(answers)
    )
    return Explanation(vm_id="v", vm_name="v", cluster_id="cl", verdicts=verdicts)


@pytest.mark.parametrize(
    ("answers", "current", "migratability"),
    [
        ((Allowed.YES,), None, "yes"),
        ((Allowed.YES,), 0, "no"),
        ((Allowed.UNKNOWN,), None, "unknown"),
        ((Allowed.UNKNOWN,), 0, "no"),
        ((Allowed.NO, Allowed.UNKNOWN), None, "unknown"),
        ((Allowed.NO, Allowed.YES), 0, "yes"),
        ((Allowed.YES, Allowed.NO), 0, "no"),
        ((Allowed.YES, Allowed.UNKNOWN), 0, "unknown"),
        ((), None, "no"),
    ],
)
def test_the_answer_counts_the_other_hosts_only(
    answers: tuple[Allowed, ...], current: int | None, migratability: str
) -> None:
    """One possible other host is enough, a doubtful one leaves it open, the current host never counts."""
    explanation = an_explanation(*answers, current=current)
    assert explanation.migratability == migratability
    expected = [n for n, a in enumerate(answers) if a == Allowed.YES and n != current]
    assert [v.host_id for v in explanation.destinations] == [f"h{n}" for n in expected]


@pytest.mark.parametrize(
    ("allowed", "engine_allows", "disagrees"),
    [
        (Allowed.YES, True, False),
        (Allowed.YES, False, True),
        (Allowed.NO, True, True),
        (Allowed.NO, False, False),
        (Allowed.UNKNOWN, True, False),
        (Allowed.UNKNOWN, False, False),
        (Allowed.YES, None, False),
        (Allowed.NO, None, False),
    ],
)
def test_only_a_definite_answer_can_disagree(
    allowed: Allowed, engine_allows: bool | None, disagrees: bool
) -> None:
    """Unknown contradicts nothing, and neither does an engine that was not asked."""
    found = HostVerdict(
        vm_id="v",
        vm_name="v",
        host_id="h",
        host_name="h",
        allowed=allowed,
        engine_allows=engine_allows,
    )
    assert found.disagrees is disagrees


def test_a_summary_names_the_hosts_about_which_the_engine_differs() -> None:
    """Only for a VM that the engine was asked about, and only the hosts with a definite other answer."""
    full = a_host("full", max_scheduling_memory_bytes=0)
    inventory = an_inventory(
        hosts=(a_host("h1"), a_host("h2"), full),
        vms=(a_vm(), a_vm("other")),
        migration_targets={"web01": ("full",)},
    )
    scheduler = Scheduler(inventory)
    assert scheduler.summarize(inventory.vm("web01")).disagreeing_ids == ("h1", "h2", "full")
    assert scheduler.summarize(inventory.vm("other")).disagreeing_ids == ()


def test_tight_packing_finds_places_where_spreading_and_pushing_do_not() -> None:
    """Two VMs of 5 GiB share a host, so that 4 + 3 + 3 GiB fit the other."""
    free = 10600 * MIB
    hosts = (a_host("h1"), *(a_host(f"h{n}", max_scheduling_memory_bytes=free) for n in (2, 3)))
    sizes = {"a5": 5, "b5": 5, "c4": 4, "d3": 3, "e3": 3}
    vms = tuple(a_vm(name, memory_bytes=size * GIB) for name, size in sizes.items())
    found = placements(an_inventory(hosts=hosts, vms=vms))
    places = {p.vm_id: p.destination_host_id for p in found}
    assert places["a5"] == places["b5"]
    assert {places["c4"], places["d3"], places["e3"]} == {"h2", "h3"} - {places["a5"]}
    assert found[0].reasons[0].startswith("tightest fit")


# ── CPU types ────────────────────────────────────────────────────────────────────────────────────


def test_an_unlisted_type_is_named_with_the_level() -> None:
    """The sentence names the level and the type that it does not list, or that no list was read."""
    types = CpuTypes(a_level())
    assert types.satisfies("Odd", HASWELL).because == "level 4.8 does not list Odd"
    assert types.satisfies(HASWELL, "Odd").because == "level 4.8 does not list Odd"
    assert types.satisfies(None, HASWELL).because == "a CPU type is not known"
    unread = CpuTypes(None)
    assert "could not be read" in unread.satisfies(HASWELL, BROADWELL).because


def test_the_flags_of_a_higher_type_that_a_host_may_lack() -> None:
    """Flags of the wanted type less those of the host's type; none are claimed without the lists."""
    answer_ = CpuTypes(a_level()).satisfies(HASWELL, SECURE_HASWELL)
    assert answer_.allowed == Allowed.NO
    assert set(answer_.flags) >= {"spec_ctrl", "ssbd", "md_clear"}
    assert "vmx" not in answer_.flags
    assert CpuTypes(a_level(with_flags=False)).satisfies(HASWELL, SECURE_HASWELL).flags == ()


def test_a_disagreement_shows_the_filters_that_refuse_and_not_the_doubts() -> None:
    """A host that we refuse and the engine lists: only the refusing filter is the evidence."""
    dark = a_host("dark", max_scheduling_memory_bytes=0, nics=None)
    inventory = an_inventory(hosts=(a_host("h1"), dark), migration_targets={"web01": ("dark",)})
    comparison = compare(inventory)
    (found,) = [d for d in comparison.disagreements if d.host_id == "dark"]
    assert [reason.filter for reason in found.reasons] == ["Memory"]


@pytest.mark.parametrize(
    ("with_flags", "missing"), [(True, "CPU flags of the host"), (False, "options/ServerCPUList")]
)
def test_an_open_cpu_level_names_what_is_missing(with_flags: bool, missing: str) -> None:
    """The flags of the host where the types are known, else the list of the types."""
    inventory = an_inventory(
        hosts=(a_host("h1"), a_host("h2", cpu_type=SKYLAKE_SERVER, status="maintenance")),
        clusters=(a_cluster(cpu_type=SECURE_HASWELL),),
        cluster_levels=(a_level(with_flags=with_flags),),
    )
    reasons = {r.filter: r for r in explain(inventory, "web01", "h2").verdicts[0].reasons}
    assert reasons["CPU-Level"].allowed == Allowed.UNKNOWN
    assert reasons["CPU-Level"].missing == missing


def test_every_member_of_a_group_counts_and_is_named() -> None:
    """A member that is down does not hide the ones after it; the reason has the name, not the id."""
    apart = a_group("apart", vms=("a", "m", "web01"), vms_rule="apart")
    vms = (a_vm(), a_vm("a", status="down", host_id=None), a_vm("m", name="mail", host_id="h2"))
    soft = a_group("soft", vms=("m", "web01"), vms_rule="together", hard=False)
    for groups in ((apart,), (soft, apart)):
        inventory = an_inventory(vms=vms, affinity_groups=groups)
        (reason,) = explain(inventory, "web01", "h2").verdicts[0].reasons
        assert "mail" in reason.sentence


def test_isolated_threads_take_whole_cores() -> None:
    """Three vCPUs with isolated threads take three cores of two threads each: six of eight CPUs."""
    vm = {"cpu_sockets": 1, "cpu_cores": 3, "cpu_pinning_policy": "isolate_threads"}
    host = {"cpu_sockets": 1, "cpu_cores": 4, "cpu_threads": 2}
    by_threads = {"threads_as_cores": True}
    for vcpus, expected in ((2, "yes"), (3, "no")):
        other = a_vm("other", host_id="h2", cpu_sockets=vcpus)
        found = verdict(vm, others=(other,), cluster=by_threads, **host)
        assert (found.allowed == Allowed.NO) == (expected == "no"), found.reasons
