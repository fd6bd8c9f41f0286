"""Jobs and their steps, and when they are removed from the list."""

from __future__ import annotations

from rhevmig.lab.state.attribute_values import Tree, ref
from rhevmig.lab.state.store import Entity, World

#: Seconds after which finished and failed jobs are removed, and between two sweeps.
FINISHED_KEPT_S = 600.0
FAILED_KEPT_S = 3600.0
SWEEP_S = 600.0


class JobList:
    """Writes jobs into the world; `GET /jobs` reads them from there."""

    def __init__(self, world: World) -> None:
        self.world = world

    def start(
        self, description: str, *, owner: Entity | None, correlation_id: str, auto_cleared: bool = True
    ) -> Entity:
        """A job that has started, without steps."""
        now = self.world.clock.stamp()
        attrs: Tree = {
            "description": description,
            "auto_cleared": "true" if auto_cleared else "false",
            "external": "false",
            "last_updated": now,
            "start_time": now,
            "status": "started",
            **({"owner": ref(owner.id)} if owner else {}),
        }
        job = self.world.add("jobs", self.world.new_id("job"), attrs)
        job.lab["correlation_id"] = correlation_id
        return job

    def step(
        self,
        job: Entity,
        description: str,
        kind: str,
        *,
        status: str = "started",
        parent: Entity | None = None,
    ) -> Entity:
        """A step of a job; kind is validating, executing, finalizing or unknown."""
        now = self.world.clock.stamp()
        siblings = [step.ref("parent_step") for step in self.world.children(job, "steps")]
        number = siblings.count(parent.id if parent else None)
        attrs: Tree = {
            "description": description,
            "external": "false",
            "number": str(number),
            "start_time": now,
            "status": status,
            "type": kind,
            "job": ref(job.id),
            **({"end_time": now} if status != "started" else {}),
            **({"parent_step": ref(parent.id)} if parent else {}),
        }
        return self.world.add("jobs/steps", self.world.new_id("step"), attrs, parent=job)

    def end_step(self, step: Entity, status: str = "finished") -> None:
        """A step has ended: finished, failed, aborted or unknown."""
        self.world.update(step, {"status": status, "end_time": self.world.clock.stamp()})

    def end(self, job: Entity, status: str = "finished") -> None:
        """A job has ended, and with it its open steps."""
        if job.text("status") != "started":
            return
        for step in self.world.children(job, "steps"):
            if step.text("status") == "started":
                self.end_step(step, status)
        now = self.world.clock.stamp()
        self.world.update(job, {"status": status, "end_time": now, "last_updated": now})
        job.lab["ended_s"] = self.world.clock.now_s

    def sweep(self) -> None:
        """Remove jobs that ended long enough ago."""
        now_s = self.world.clock.now_s
        for job in self.world.all("jobs"):
            ended_s = job.lab.get("ended_s")
            kept_s = FINISHED_KEPT_S if job.text("status") == "finished" else FAILED_KEPT_S
            if isinstance(ended_s, float) and now_s - ended_s >= kept_s:
                self.world.remove(job)
