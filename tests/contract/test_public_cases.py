"""Public cases on the lab: what `why`, plans and checks have to answer (`cassettes/cases/README.md`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import rhevmig
from rhevmig.inventory import Inventory, load
from rhevmig.lab import serve
from rhevmig.planning import plan_evacuation
from rhevmig.scheduling import explain
from tests.recorded import CASSETTES

CASES = CASSETTES / "cases"


@contextmanager
def inventory_of(case: str) -> Iterator[Inventory]:
    """The inventory of a lab that serves the scenario of a case."""
    with (
        serve(CASES / case / "scenario.yaml") as engine,
        rhevmig.connect(engine.url, engine.username, engine.password, ca_file=engine.ca_file) as client,
    ):
        yield client.inventory()


def test_a_vm_that_the_engine_does_not_manage_stays() -> None:
    """Case 04: no for every host, and the plan lists it with what becomes of it."""
    with inventory_of("04-external-vm") as inventory:
        found = explain(inventory, "external-old")
        assert found.is_migratable == "no"
        assert found.obstacles[0].code == "unmanaged"
        plan = plan_evacuation(inventory, "k1")
    assert [remaining.vm_name for remaining in plan.remaining] == ["external-old"]
    assert [move.vm_name for move in plan.moves] == ["plain"]


def test_cpu_pins_refuse_a_small_host() -> None:
    """Case 05: CPUs 14 and 15 do not exist on a host with four."""
    with inventory_of("05-cpu-pins") as inventory:
        verdicts = {v.host_name: v for v in explain(inventory, "pins")}
    assert verdicts["small"].allowed == "no"
    assert {reason.filter for reason in verdicts["small"].reasons} == {"CpuPinning"}
    assert {verdicts[name].allowed for name in ("k2", "k3")} == {"yes"}


def test_a_cluster_of_one_host_says_why() -> None:
    """Case 19: no other host in the cluster, as an obstacle with a sentence."""
    with inventory_of("19-one-host") as inventory:
        found = explain(inventory, "web")
    assert found.is_migratable == "no"
    assert [obstacle.code for obstacle in found.obstacles] == ["no_other_host"]
    assert "no other host" in found.obstacles[0].sentence


@pytest.mark.parametrize("file", ["no-flags.json", "no-vendor.json"])
def test_up_hosts_need_no_activation(file: str) -> None:
    """Case 18: the engine compared up hosts; CPU-002 and CPU-003 pass, and no remedy activates them."""
    findings = rhevmig.check(load(CASES / "18-up-host-without-flags" / file))
    about_cpus = [f for f in findings if f.check_id in ("CPU-002", "CPU-003")]
    assert {f.status for f in about_cpus} == {"pass"}
    assert not any("Activate the host" in f.remedy for f in findings)
