"""Jobs and steps of other programs: opened, ended and cleared by whoever opened them."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.resources.changes import need, say
from rhevmig.lab.state.attribute_values import Tree, ref_id, text_at
from rhevmig.lab.state.store import Entity


@create("jobs")
def add_job(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A job of another program; it has no steps but those that are added to it."""
    need("Job", sent, "description")
    job = context.jobs.start(
        text_at(sent, "description"),
        owner=context.caller.user,
        correlation_id=context.correlation_id,
        auto_cleared=text_at(sent, "auto_cleared", "false") == "true",
    )
    context.world.set(job, "external", True)
    say(context, 11000, description=job.text("description"))
    return job


@create("jobs/steps")
def add_step(context: RequestContext, job: Entity | None, sent: Tree) -> Entity:
    """A step of such a job, or below one of its steps."""
    if job is None:
        raise EngineFault(404, in_action=False)
    need("Step", sent, "type", "description")
    if not job.flag("external"):
        raise refuse("STEP_NOT_EXTERNAL", language=context.language)
    above = context.world.find("jobs/steps", ref_id(sent.get("parent_step")), job)
    step = context.jobs.step(job, text_at(sent, "description"), text_at(sent, "type"), parent=above)
    context.world.set(step, "external", True)
    return step


def _outcome(action: Tree) -> str:
    return "failed" if text_at(action, "succeeded", "true") == "false" else "finished"


@act("jobs", "end")
def end_job(context: RequestContext, job: Entity, action: Tree) -> Acted:
    """End a job, with success unless told otherwise."""
    _own(context, job)
    context.jobs.end(job, _outcome(action))
    return Acted(shown=job)


@act("jobs", "clear")
def clear_job(context: RequestContext, job: Entity, action: Tree) -> Acted:
    """Take a job from the list."""
    _own(context, job)
    context.world.remove(job)
    return Acted(only=True)


def _own(context: RequestContext, job: Entity) -> None:
    if not job.flag("external"):
        raise refuse("JOB_NOT_EXTERNAL", language=context.language)


@act("jobs/steps", "end")
def end_step(context: RequestContext, step: Entity, action: Tree) -> Acted:
    """End a step, with success unless told otherwise."""
    if not step.flag("external"):
        raise refuse("JOB_NOT_EXTERNAL", language=context.language)
    context.jobs.end_step(step, _outcome(action))
    return Acted(shown=step)
