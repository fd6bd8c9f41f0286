"""CPU-002, CPU-003, CPU-005: vendors, features, and who holds the level down."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rhevmig.inventory import Event, Inventory
from tests.builders import (
    EPYC,
    EPYC_ROME,
    HASWELL,
    SECURE_BROADWELL,
    SECURE_HASWELL,
    SECURE_IVYBRIDGE,
    SKYLAKE_SERVER,
    a_cluster,
    a_host,
    a_level,
    a_vm,
    an_inventory,
)
from tests.unit.checks.judged import findings, statuses, the_unknown

AMD = {"cpu_name": "AMD EPYC 7302 16-Core Processor", "cpu_type": EPYC_ROME}


def a_mix(*types: str | None, wanted: str | None = HASWELL, **inventory: Any) -> Inventory:
    """A cluster of this CPU type with a host of each type."""
    hosts = tuple(a_host(f"h{n}", cpu_type=kind) for n, kind in enumerate(types, 1))
    return an_inventory(clusters=(a_cluster(cpu_type=wanted),), hosts=hosts, **inventory)


def test_cpu_002_silent_with_one_vendor() -> None:
    """Hosts of the cluster's vendor pass."""
    assert set(statuses("CPU-002", an_inventory()).values()) == {"pass"}


def test_cpu_002_fires_on_another_vendor() -> None:
    """An AMD host in an Intel cluster fails; without a cluster type the majority decides."""
    hosts = (a_host("h1"), a_host("h2", **AMD))
    assert statuses("CPU-002", an_inventory(hosts=hosts)) == {"h1": "pass", "h2": "fail"}
    three = (*hosts, a_host("h3"))
    untyped = an_inventory(hosts=three, clusters=(a_cluster(cpu_type=None),))
    assert statuses("CPU-002", untyped) == {"h1": "pass", "h2": "fail", "h3": "pass"}


def test_cpu_002_unknown_for_a_host_that_never_reported() -> None:
    """No CPU name and no type on a host that is not up: unknown, and activating it would help."""
    hosts = (a_host("h1"), a_host("h2", cpu_name=None, cpu_type=None, status="maintenance"))
    found = the_unknown("CPU-002", an_inventory(hosts=hosts))
    assert found.scope.name == "h2"
    assert "Activate" in found.remedy


def test_cpu_002_an_up_host_has_the_vendor_of_its_clusters_type() -> None:
    """A host that names no vendor passed the engine's comparison with the cluster's CPU type."""
    hosts = (a_host("h1"), a_host("h2", cpu_name="Common KVM processor", cpu_type=None))
    found = findings("CPU-002", an_inventory(hosts=hosts))["h2"]
    assert found.status == "pass"
    assert "is up in a cluster of CPU type" in found.message


def test_no_remedy_tells_to_activate_an_up_host() -> None:
    """Nothing known about any CPU: unknown, but an up host needs no activation."""
    hosts = (a_host("h1", cpu_name=None, cpu_type=None),)
    bare = an_inventory(hosts=hosts, clusters=(a_cluster(cpu_type=None),))
    for check_id in ("CPU-002", "CPU-003"):
        assert "Activate" not in the_unknown(check_id, bare).remedy


def test_cpu_003_silent_where_flags_are_included() -> None:
    """The same type, or one whose flags include the cluster's, passes."""
    inventory = a_mix(HASWELL, SECURE_HASWELL, SECURE_BROADWELL, SKYLAKE_SERVER)
    assert set(statuses("CPU-003", inventory).values()) == {"pass"}


@pytest.mark.parametrize(
    ("host", "wanted"),
    [(HASWELL, SECURE_BROADWELL), (HASWELL, SECURE_IVYBRIDGE), (EPYC, HASWELL)],
)
def test_cpu_003_fires_on_missing_features(host: str, wanted: str) -> None:
    """A lower type fails; so does a higher *level* without the mitigations; so does another vendor."""
    assert statuses("CPU-003", a_mix(host, wanted=wanted)) == {"h1": "fail"}


def test_cpu_003_fires_where_the_engine_says_so() -> None:
    """A host that the engine took out for its CPU fails, with the engine's own event as evidence."""
    event = Event(id=7, code=515, description="Missing CPU features : model_Haswell", host_id="h1")
    down = a_host(
        "h1",
        status="non_operational",
        status_detail="cpu_type_incompatible_with_cluster",
        cpu_type=SECURE_BROADWELL,
    )
    found = findings("CPU-003", an_inventory(hosts=(down,), events=(event,)))["h1"]
    assert found.status == "fail"
    assert event.description in [row.observed for row in found.evidence]


def off(inventory: Inventory) -> Inventory:
    """The same with every host in maintenance, so that the engine's comparison proves nothing."""
    hosts = tuple(msgspec.structs.replace(host, status="maintenance") for host in inventory.hosts)
    return msgspec.structs.replace(inventory, hosts=hosts)


def test_cpu_003_unknown_without_the_list_of_flags() -> None:
    """Of hosts that are not up, without flags only equal names pass; a higher level alone is no proof."""
    inventory = off(a_mix(HASWELL, SECURE_BROADWELL, cluster_levels=(a_level(with_flags=False),)))
    assert statuses("CPU-003", inventory) == {"h1": "pass", "h2": "unknown"}
    assert the_unknown("CPU-003", inventory).missing == "flags of the CPU types"
    assert statuses("CPU-003", off(a_mix(SECURE_BROADWELL, cluster_levels=()))) == {"h1": "unknown"}


def test_cpu_003_an_up_host_passes_without_any_list() -> None:
    """Levels and flags unread: an up host was compared by the engine, and no level is blamed."""
    found = findings("CPU-003", a_mix(SECURE_BROADWELL, cluster_levels=()))["h1"]
    assert found.status == "pass"
    assert "does not list" not in found.message


def test_cpu_003_an_up_host_was_compared_by_the_engine() -> None:
    """Where flags do not tell, an up host passes on the engine's word; one that is off stays unknown."""
    up = a_mix(SKYLAKE_SERVER, wanted=SECURE_HASWELL)
    assert statuses("CPU-003", up) == {"h1": "pass"}
    off = an_inventory(
        clusters=(a_cluster(cpu_type=SECURE_HASWELL),),
        hosts=(a_host("h1", cpu_type=SKYLAKE_SERVER, status="maintenance"),),
    )
    assert the_unknown("CPU-003", off).missing == "flags of the host"


def test_cpu_003_unknown_without_types() -> None:
    """A cluster or a host without CPU type: unknown."""
    assert the_unknown("CPU-003", a_mix(HASWELL, wanted=None)).missing == "cluster.cpu.type"
    assert the_unknown("CPU-003", off(a_mix(None))).missing == "host.cpu.type"


def test_cpu_005_silent_where_no_kind_limits() -> None:
    """Equal hosts, or hosts of which none gains: passes and shows the level."""
    found = findings("CPU-005", a_mix(HASWELL, HASWELL))["cl"]
    assert (found.status, found.severity) == ("pass", "info")
    assert found.evidence[0].observed == HASWELL


def test_cpu_005_fires_and_names_the_hosts_that_limit() -> None:
    """All hosts of the limiting type are named, also when there are two of them."""
    found = findings("CPU-005", a_mix(HASWELL, HASWELL, SECURE_BROADWELL))["cl"]
    assert found.status == "fail"
    assert "h1, h2" in found.message
    assert SECURE_BROADWELL in [row.observed for row in found.evidence]


def test_cpu_005_unknown_without_flags_or_types() -> None:
    """No list of flags, or a host without type: the common level cannot be told."""
    the_unknown("CPU-005", a_mix(HASWELL, SECURE_BROADWELL, cluster_levels=(a_level(with_flags=False),)))
    the_unknown("CPU-005", a_mix(HASWELL, None))


def custom(model: str, *types: str, **difference: Any) -> Inventory:
    return msgspec.structs.replace(
        a_mix(*types, **difference), vms=(a_vm(custom_cpu_model=model, host_id="h1"),)
    )


def test_cpu_010_silent_for_listed_models_and_hosts_that_include_the_model() -> None:
    """The engine compares the flags of a listed model; Haswell hosts include the plain model IvyBridge."""
    listed = custom("Skylake-Server,-hle,-rtm,-mpx", SECURE_HASWELL)
    assert statuses("CPU-010", listed) == {"web01": "pass"}
    assert statuses("CPU-010", custom("IvyBridge", SECURE_HASWELL, SECURE_BROADWELL)) == {"web01": "pass"}
    assert statuses("CPU-010", a_mix(HASWELL)) == {"web01": "pass"}


def test_cpu_010_fires_where_the_engine_compares_nothing() -> None:
    """A model that is not in the list as a whole: the host that lacks it is named."""
    sure = findings("CPU-010", custom("Skylake-Server", HASWELL, SKYLAKE_SERVER))["web01"]
    assert sure.status == "fail"
    assert "h1" in sure.message
    assert "h2" not in sure.message


def test_cpu_010_unknown_without_flags() -> None:
    """Without the list nothing can be compared."""
    hidden = custom("Skylake-Server", SECURE_HASWELL, cluster_levels=(a_level(with_flags=False),))
    assert the_unknown("CPU-010", hidden).missing == "flags of the CPU types"
