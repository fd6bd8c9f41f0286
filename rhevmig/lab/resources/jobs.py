"""Jobs and steps of other programs: opened, ended and cleared by whoever opened them."""

from __future__ import annotations

from rhevmig.lab.api.faults import Refused, refuse
from rhevmig.lab.http.request_context import Asked
from rhevmig.lab.resources.action_registry import Acted, act, create
from rhevmig.lab.resources.changes import need, say
from rhevmig.lab.state import attribute_values as trees
from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import Entity


@create("jobs")
def add_job(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A job of another program; it has no steps but those that are added to it."""
    need("Job", sent, "description")
    job = asked.jobs.start(
        trees.text(sent, "description"),
        owner=asked.caller.user,
        correlation_id=asked.correlation_id,
        auto_cleared=trees.text(sent, "auto_cleared", "false") == "true",
    )
    asked.world.set(job, "external", True)
    say(asked, 11000, description=job.text("description"))
    return job


@create("jobs/steps")
def add_step(asked: Asked, job: Entity | None, sent: Tree) -> Entity:
    """A step of such a job, or below one of its steps."""
    if job is None:
        raise Refused(404, in_action=False)
    need("Step", sent, "type", "description")
    if not job.flag("external"):
        raise refuse("STEP_NOT_EXTERNAL", language=asked.language)
    above = asked.world.find("jobs/steps", trees.ref_id(sent.get("parent_step")), job)
    step = asked.jobs.step(job, trees.text(sent, "description"), trees.text(sent, "type"), parent=above)
    asked.world.set(step, "external", True)
    return step


def _outcome(action: Tree) -> str:
    return "failed" if trees.text(action, "succeeded", "true") == "false" else "finished"


@act("jobs", "end")
def end_job(asked: Asked, job: Entity, action: Tree) -> Acted:
    """End a job, with success unless told otherwise."""
    _own(asked, job)
    asked.jobs.end(job, _outcome(action))
    return Acted(shown=job)


@act("jobs", "clear")
def clear_job(asked: Asked, job: Entity, action: Tree) -> Acted:
    """Take a job from the list."""
    _own(asked, job)
    asked.world.remove(job)
    return Acted(only=True)


def _own(asked: Asked, job: Entity) -> None:
    if not job.flag("external"):
        raise refuse("JOB_NOT_EXTERNAL", language=asked.language)


@act("jobs/steps", "end")
def end_step(asked: Asked, step: Entity, action: Tree) -> Acted:
    """End a step, with success unless told otherwise."""
    if not step.flag("external"):
        raise refuse("JOB_NOT_EXTERNAL", language=asked.language)
    asked.jobs.end_step(step, _outcome(action))
    return Acted(shown=step)
