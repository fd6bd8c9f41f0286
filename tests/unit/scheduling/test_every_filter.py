"""Every filter of the engine is judged, or the VM that has what it looks at is unknown."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rhevmig.inventory import Inventory, SchedulingPolicy, Vm, VmNic, VnicProfile, load
from rhevmig.scheduling import Allowed, HostVerdict, explain
from rhevmig.scheduling.cpu_pins import cpu_set
from rhevmig.scheduling.filters import CLASS_FILTERS, NEVER_REFUSES, PAIR_FILTERS
from rhevmig.terms import FilterName
from rhevmig.units import GIB
from tests.builders import a_cluster, a_host, a_vm, an_inventory, usual_nics
from tests.recorded import CASSETTES

FOUR_CPUS = {"cpu_sockets": 1, "cpu_cores": 4, "cpu_threads": 1}


def verdict(vm: dict[str, Any], *, others: tuple[Vm, ...] = (), cluster: dict[str, Any] | None = None,
            policy: SchedulingPolicy | None = None, source: dict[str, Any] | None = None,
            **host: Any) -> HostVerdict:  # fmt: skip
    """The verdict about host h2 for a VM on h1, both with these differences."""
    changed = dict(cluster or {})
    if policy is not None:
        changed["scheduling_policy_id"] = policy.id
    inventory = an_inventory(
        vms=(a_vm(**vm), *others),
        hosts=(a_host("h1", **(source or {})), a_host("h2", **host)),
        clusters=(a_cluster(**changed),),
        scheduling_policies=(policy,) if policy else (),
    )
    return explain(inventory, "web01", "h2").verdicts[0]


def answer(*args: Any, **kwargs: Any) -> tuple[str, set[str]]:
    """The answer and the filters that gave a reason."""
    found = verdict(*args, **kwargs)
    return found.allowed.value, {reason.filter for reason in found.reasons}


def a_policy(*filters: str, **properties: str) -> SchedulingPolicy:
    return SchedulingPolicy(id="sp", name="sp", filters=filters, properties=properties)


def test_no_filter_of_the_engine_is_forgotten() -> None:
    """Each name is judged per class, per pair, or never refuses the migration of a running VM."""
    judged = {name for name, _ in CLASS_FILTERS} - {"Host status"}
    assert judged | PAIR_FILTERS | NEVER_REFUSES == set(FilterName)


def test_every_unknown_reason_says_what_is_missing_and_what_would_help() -> None:
    """Whatever makes a filter unknown, it names the attribute and the least that would help."""
    odd: list[dict[str, Any]] = [
        {"cpu_mode": "host_passthrough"},
        {"type": "high_performance"},
        {"custom_emulated_machine": "pc"},
        {"custom_compatibility_version": "4.6"},
        {"custom_properties": {"hugepages": "2048"}},
        {"custom_properties": {"mdev_type": "nvidia-11"}},
        {"custom_properties": {"sap_agent": "true"}},
        {"numa_tune_mode": "strict"},
        {"cpu_pinning_policy": "resize_and_pin_numa"},
        {"lease_storage_domain_id": "gone"},
        {"origin": "managed_hosted_engine"},
        {"nics": None, "host_devices": None, "memory_bytes": None, "cpu_sockets": None},
    ]
    for vm in odd:
        found = verdict(vm, cpu_name="another", libvirt_version="other", cpu_sockets=4)
        unknown = [reason for reason in found.reasons if reason.allowed == Allowed.UNKNOWN]
        assert unknown, vm
        for reason in unknown:
            assert reason.missing, (vm, reason)
            assert reason.remedy, (vm, reason)


@pytest.mark.parametrize(
    ("policy", "host", "expected"),
    [
        ("dedicated", {}, "yes"),
        ("dedicated", FOUR_CPUS, "no"),
        ("isolate_threads", {}, "yes"),
        ("isolate_threads", {"cpu_sockets": 2, "cpu_cores": 3}, "no"),
        ("isolate_threads", {"cpu_sockets": 2, "cpu_cores": 4}, "yes"),
    ],
)
def test_exclusive_pinning_needs_free_cpus(policy: str, host: dict[str, Any], expected: str) -> None:
    """Eight vCPUs in two sockets: as many threads, or as many whole cores per socket."""
    vm = {"cpu_sockets": 2, "cpu_cores": 4, "cpu_pinning_policy": policy}
    assert answer(vm, **host)[0] == expected


def test_exclusively_pinned_vms_take_cpus_from_all_others() -> None:
    """A VM with two dedicated CPUs on a host with two leaves none to share, to large and small VMs alike."""
    dedicated = a_vm("excl", host_id="h2", cpu_sockets=2, cpu_pinning_policy="dedicated")
    small = {"cpu_sockets": 1, "cpu_cores": 2, "cpu_threads": 1}
    assert answer({}, others=(dedicated,), **small) == ("no", {"CPU"})
    assert answer({}, others=(dedicated,), **FOUR_CPUS) == ("yes", set())
    wide = a_vm("wide", host_id="h2", cpu_sockets=3)
    assert answer({}, others=(dedicated, wide), **FOUR_CPUS) == ("no", {"CPU"})


def test_half_taken_cores_leave_the_answer_open() -> None:
    """With two threads per core it is not reported whether two CPUs are one core or halves of two."""
    dedicated = a_vm("excl", host_id="h2", cpu_sockets=2, cpu_pinning_policy="dedicated")
    host = {"cpu_sockets": 1, "cpu_cores": 2, "cpu_threads": 2}
    assert answer({"cpu_sockets": 2}, others=(dedicated,), **host) == ("unknown", {"CPU"})
    assert answer({"cpu_sockets": 1}, others=(dedicated,), **host) == ("yes", set())
    by_threads = {"threads_as_cores": True}
    assert answer({"cpu_sockets": 2}, others=(dedicated,), cluster=by_threads, **host) == ("yes", set())
    assert answer({"cpu_sockets": 3}, others=(dedicated,), cluster=by_threads, **host) == ("no", {"CPU"})


def test_dedicated_cpus_need_the_threads_of_the_vm() -> None:
    """A VM with two threads per core does not fit a host without hyper-threading."""
    vm = {"cpu_threads": 2, "cpu_pinning_policy": "dedicated"}
    found = answer(vm, cpu_threads=1)
    assert found[0] == "no"
    assert "CPUTopology" in found[1]
    assert answer(vm)[0] == "yes"


@pytest.mark.parametrize(
    ("pins", "host", "expected"),
    [
        ({"0": "14", "1": "15"}, {}, ("yes", set())),
        ({"0": "14", "1": "15"}, FOUR_CPUS, ("no", {"CpuPinning"})),
        ({"0": "0-3"}, FOUR_CPUS, ("yes", set())),
        ({"0": "0-4,^4"}, FOUR_CPUS, ("yes", set())),
        ({"0": "14"}, {"cpu_threads": None}, ("unknown", {"CpuPinning"})),
    ],
)
def test_manual_pins_need_their_cpus(
    pins: dict[str, str], host: dict[str, Any], expected: tuple[str, set[str]]
) -> None:
    """A pin to a CPU that the host does not have is refused, whatever the pinning policy is called."""
    for policy in ("manual", None, "none"):
        assert answer({"cpu_pins": pins, "cpu_pinning_policy": policy}, **host) == expected


def test_manual_pins_next_to_exclusive_ones_are_open() -> None:
    """The API does not report on which CPUs an exclusively pinned VM runs."""
    dedicated = a_vm("excl", host_id="h2", cpu_pinning_policy="dedicated")
    assert answer({"cpu_pins": {"0": "3"}}, others=(dedicated,)) == ("unknown", {"CpuPinning"})


def test_resize_and_pin_needs_cores_and_numa() -> None:
    """More than one core per socket, NUMA, no exclusive pins; the node memory is never known."""
    vm = {"cpu_pinning_policy": "resize_and_pin_numa"}
    assert answer(vm, cpu_cores=1)[0] == "no"
    assert answer(vm, numa_supported=False)[0] == "no"
    assert answer(vm, numa_supported=True) == ("unknown", {"NUMA"})
    dedicated = a_vm("excl", host_id="h2", cpu_pinning_policy="dedicated")
    assert answer(vm, others=(dedicated,), numa_supported=True)[0] == "no"


def test_cpu_sets() -> None:
    """libvirt's notation, and nothing of what is no notation."""
    assert cpu_set("0,2-4,^3") == {0, 2, 4}
    assert cpu_set("x, 5 ,-") == {5}


def test_numa_modes() -> None:
    """A preferred node accepts any NUMA host; older engines report a mode for every VM."""
    assert answer({"numa_tune_mode": "preferred"}, numa_supported=True) == ("yes", set())
    assert answer({"numa_tune_mode": "preferred"}, numa_supported=False) == ("unknown", {"NUMA"})
    assert answer({"numa_tune_mode": "strict"}, numa_supported=True) == ("unknown", {"NUMA"})
    old = an_inventory(vms=(a_vm(numa_tune_mode="interleave"),))
    old = msgspec.structs.replace(old, engine=msgspec.structs.replace(old.engine, version="4.3.10"))
    assert explain(old, "web01", "h2").verdicts[0].allowed == "yes"


@pytest.mark.parametrize(("free", "expected"), [(511, "no"), (512, "yes"), (None, "unknown")])
def test_huge_pages_are_counted_where_statistics_were_read(free: int | None, expected: str) -> None:
    """1 GiB in pages of 2 MiB needs 512 free ones."""
    statistics = None if free is None else {"hugepages.2048.free": float(free)}
    vm = {"custom_properties": {"hugepages": "2048"}, "memory_bytes": GIB}
    assert answer(vm, statistics=statistics)[0] == expected


def test_filters_of_the_scheduling_policy() -> None:
    """A filter that the policy does not contain is not applied, unless it is mandatory."""
    without = a_policy()
    no_memory = {"max_scheduling_memory_bytes": 0}
    assert answer({}, **no_memory) == ("no", {"Memory"})
    assert answer({}, policy=without, **no_memory) == ("yes", set())
    assert answer({}, policy=a_policy("Memory"), **no_memory) == ("no", {"Memory"})
    pins = {"cpu_pins": {"0": "14"}}
    assert answer(pins, policy=without, **FOUR_CPUS) == ("no", {"CpuPinning"})


def test_in_cluster_upgrade_compares_operating_systems() -> None:
    """Only where the policy has the filter: another system or an older major version is refused."""
    policy = a_policy("InClusterUpgrade")
    source = {"os_type": "RHEL", "os_version": "9.4 - 1"}
    same = {"os_type": "RHEL", "os_version": "9.2 - 1"}
    assert answer({}, policy=policy, source=source, **same) == ("yes", set())
    older = {"os_type": "RHEL", "os_version": "8.9 - 1"}
    assert answer({}, policy=policy, source=source, **older) == ("no", {"InClusterUpgrade"})
    assert answer({}, policy=a_policy(), source=source, **older) == ("yes", set())
    other = {"os_type": "Fedora", "os_version": "40"}
    assert answer({}, policy=policy, source=source, **other) == ("no", {"InClusterUpgrade"})
    unread = {"os_type": None, "os_version": None}
    assert answer({}, policy=policy, source=source, **unread) == ("unknown", {"InClusterUpgrade"})


def test_load_and_swap_are_judged_where_statistics_were_read() -> None:
    """A swapping host is refused; a busy one is open, because the engine waits some minutes."""
    busy = {"statistics": {"cpu.current.idle": 3.0}}
    assert answer({}, **busy) == ("unknown", {"CPUOverloaded"})
    assert answer({}, policy=a_policy("CPUOverloaded", HighUtilization="98"), **busy) == ("yes", set())
    swapping = {"memory_bytes": 64 * GIB, "statistics": {"swap.used": 9.0 * GIB, "memory.free": 1.0 * GIB}}
    assert answer({}, **swapping) == ("no", {"Swap"})
    calm = {"memory_bytes": 64 * GIB, "statistics": {"swap.used": 0.0, "memory.free": 1.0 * GIB}}
    assert answer({}, **calm) == ("yes", set())


@pytest.mark.parametrize(
    ("source", "host", "expected"),
    [
        ((True, 3400), (True, 3400), "yes"),
        ((True, 3400), (True, 2600), "no"),
        ((True, 3400), (True, 2601), "yes"),
        ((True, 3400), (True, 0), "no"),
        ((True, 3400), (False, None), "no"),
        ((True, 3400), (None, None), "unknown"),
        ((None, None), (True, 3400), "unknown"),
    ],
)
def test_the_hosted_engine_needs_a_score(
    source: tuple[bool | None, int | None], host: tuple[bool | None, int | None], expected: str
) -> None:
    """Configured, positive, and not 800 below the score of the current host."""
    names = ("hosted_engine_configured", "hosted_engine_score")
    vm = {"origin": "managed_hosted_engine"}
    found = answer(vm, source=dict(zip(names, source, strict=True)), **dict(zip(names, host, strict=True)))
    assert found == (expected, set() if expected == "yes" else {"HA"})


def test_global_maintenance_accepts_any_positive_score() -> None:
    """The engine does not compare with the current host then."""
    score = {"hosted_engine_configured": True, "hosted_engine_score": 3400}
    source = {**score, "hosted_engine_global_maintenance": True}
    low = {**score, "hosted_engine_score": 1}
    assert answer({"origin": "managed_hosted_engine"}, source=source, **low)[0] == "yes"


def test_reserved_hosts_of_the_hosted_engine_are_open() -> None:
    """Where the policy reserves hosts, a host that could be one of them is not a sure destination."""
    engine_vm = a_vm("he", host_id="h1", origin="managed_hosted_engine")
    ready = {"hosted_engine_configured": True, "hosted_engine_score": 3400}
    policy = a_policy("HostedEngineSpares", HeSparesCount="1")
    assert answer({}, others=(engine_vm,), policy=policy, **ready) == ("unknown", {"HostedEngineSpares"})
    not_one = {**ready, "hosted_engine_configured": False}
    assert answer({}, others=(engine_vm,), policy=policy, **not_one) == ("yes", set())
    assert answer({}, policy=policy, **ready) == ("yes", set())


def test_two_hosts_of_one_address_are_one_machine() -> None:
    """The filter Migration refuses a host with the address of the current one."""
    same = {"address": "h1.example"}
    assert answer({}, source=same, **same) == ("no", {"Migration"})
    assert answer({}, source=same, address="h2.example") == ("yes", set())


# ── pass-through NICs ────────────────────────────────────────────────────────────────────────────────


def with_functions(*, failover: bool = False, **host: Any) -> Inventory:
    """A VM on h1 whose NIC is a virtual function of the network `storage`, which h2 may lack."""
    profiles = (
        VnicProfile(
            id="vf",
            name="vf",
            network_id="storage",
            pass_through="enabled",
            migratable=True,
            failover_id="guests" if failover else None,
        ),
        VnicProfile(id="guests", name="guests", network_id="guests", pass_through="disabled"),
    )
    nic = VmNic(id="n", name="nic1", vnic_profile_id="vf", plugged=True, interface="pci_passthrough")
    return an_inventory(
        vms=(a_vm(nics=(nic,)),), vnic_profiles=profiles, hosts=(a_host("h1"), a_host("h2", **host))
    )


def filters_of(inventory: Inventory, host: str) -> tuple[str, set[str]]:
    found = explain(inventory, "web01", host).verdicts[0]
    return found.allowed.value, {reason.filter for reason in found.reasons}


def test_a_virtual_function_needs_no_network_but_a_free_function() -> None:
    """The network of the NIC may be missing on the host; whether a function is free was not read."""
    without = tuple(nic for nic in usual_nics(2) if nic.network_id != "storage")
    inventory = with_functions(nics=without)
    assert filters_of(inventory, "h1") == ("yes", set())
    assert filters_of(inventory, "h2") == ("unknown", {"Network"})
    reason = explain(inventory, "web01", "h2").verdicts[0].reasons[0]
    assert "virtual_functions" in (reason.missing or "")


def test_a_host_without_virtual_functions_is_refused() -> None:
    """Where the functions of all NICs were read and there are none, there is nothing to pass through."""
    nics = tuple(msgspec.structs.replace(nic, virtual_functions=0) for nic in usual_nics(2))
    assert filters_of(with_functions(nics=nics), "h2") == ("no", {"Network"})


def test_the_failover_network_is_needed() -> None:
    """A profile with failover needs the network of the failover profile on the host."""
    without = tuple(nic for nic in usual_nics(2) if nic.network_id != "guests")
    assert filters_of(with_functions(failover=True, nics=without), "h2")[0] == "no"
    assert filters_of(with_functions(failover=True), "h2")[0] == "unknown"


def test_public_case_of_a_migratable_function() -> None:
    """Case 22: `web` on k1 is allowed there and open on k2, and nothing asks for the network `fast`."""
    inventory = load(CASSETTES / "cases" / "22-sriov-migratable" / "snapshot.json")
    verdicts = {v.host_name: v for v in explain(inventory, "web")}
    assert verdicts["k1"].allowed == "yes"
    assert verdicts["k2"].allowed == "unknown"
    assert not any("fast" in reason.sentence for v in verdicts.values() for reason in v.reasons)
