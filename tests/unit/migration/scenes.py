"""Plans and runs for tests of the migration room, each named by what differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rhevmig.clock import ManualClock
from rhevmig.migration import Campaign, Options, Outcome, Progress, run
from rhevmig.planning import Move, Plan, PlanHost
from tests.unit.migration.fake_engine import CLUSTER, ENGINE, FakeEngine


def a_plan(
    engine: FakeEngine, *vm_ids: str, to: str | None = "h2", kind: str = "migrate", **values: Any
) -> Plan:
    """A plan that moves VMs of the fake engine; `alternatives` and `force` go to every move."""
    alternatives, force = values.pop("alternatives", ()), values.pop("force", False)
    limit = values.pop("limit", 2)
    sources = {vm_id: engine.vms[vm_id].host if vm_id in engine.vms else "h1" for vm_id in vm_ids}
    return Plan(
        kind=kind,  # type: ignore[arg-type]
        created_at=engine.clock.now(),
        engine=ENGINE,
        event_index=engine.index,
        host_id=values.pop("host_id", "h1" if kind == "evacuate" else None),
        moves=tuple(
            Move(
                number=number,
                vm_id=vm_id,
                vm_name=vm_id,
                cluster_id=CLUSTER,
                source_host_id=sources[vm_id],
                destination_host_id=to,
                alternatives=alternatives,
                force=force,
                memory_bytes=2**30,
            )
            for number, vm_id in enumerate(vm_ids, 1)
        ),
        hosts=tuple(
            PlanHost(host_id=h, name=f"host-{h}", cluster_id=CLUSTER, max_outgoing=limit, max_incoming=limit)
            for h in engine.hosts
        ),
        force=force,
        **values,
    )


@dataclass
class Scene:
    """One VM `v1` on `h1` of a fake engine, and what came of moving it."""

    clock: ManualClock = field(default_factory=ManualClock)
    told: list[Progress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = FakeEngine(self.clock)
        self.engine.add("v1")

    def run(self, plan: Plan | None = None, **values: Any) -> Campaign:
        values.setdefault("options", Options(retries=0))
        values.setdefault("journal", ":memory:")
        return run(
            plan or a_plan(self.engine, "v1"),
            self.engine,
            clock=self.clock,
            on_progress=self.told.append,
            **values,
        )

    def outcome(self, plan: Plan | None = None, **values: Any) -> Outcome:
        campaign = self.run(plan, **values)
        outcome = campaign.courses[0].outcome
        assert outcome is not None
        return outcome
