"""Jobs, steps and events of other programs."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.resources.changes import merged, require
from rhevmig.lab.resources.kinds import check_new
from rhevmig.lab.state.attribute_values import Tree, ref_id, text_at
from rhevmig.lab.state.store import Entity

_EXTERNAL_CODES = {"normal": "9801", "warning": "9802", "error": "9803", "alert": "9804"}


@create("jobs")
def add_job(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A job of another program; it has only the steps that are added to it."""
    require("Job", sent, "description")
    job = context.jobs.start(
        text_at(sent, "description"),
        owner=context.caller.user,
        correlation_id=context.correlation_id,
        auto_cleared=text_at(sent, "auto_cleared", "false") == "true",
    )
    context.world.set(job, "external", True)
    context.log(11000, description=job.text("description"))
    return job


@create("jobs/steps")
def add_step(context: RequestContext, job: Entity, sent: Tree) -> Entity:
    """A step of such a job, or below one of its steps."""
    require("Step", sent, "type", "description")
    _require_external(context, job, "STEP_NOT_EXTERNAL")
    above = context.world.find("jobs/steps", ref_id(sent.get("parent_step")), job)
    step = context.jobs.step(job, text_at(sent, "description"), text_at(sent, "type"), parent=above)
    context.world.set(step, "external", True)
    return step


def _require_external(context: RequestContext, entity: Entity, key: str = "JOB_NOT_EXTERNAL") -> None:
    if not entity.flag("external"):
        raise context.refusal(key)


def _status(action: Tree) -> str:
    return "failed" if text_at(action, "succeeded", "true") == "false" else "finished"


@act("jobs", "end")
def end_job(context: RequestContext, job: Entity, action: Tree) -> Acted:
    """End a job, with success unless the action says otherwise."""
    _require_external(context, job)
    context.jobs.end(job, _status(action))
    return Acted(shown=job)


@act("jobs", "clear")
def clear_job(context: RequestContext, job: Entity, action: Tree) -> Acted:
    """Remove a job from the list."""
    _require_external(context, job)
    context.world.remove(job)
    return Acted(only=True)


@act("jobs/steps", "end")
def end_step(context: RequestContext, step: Entity, action: Tree) -> Acted:
    """End a step, with success unless the action says otherwise."""
    _require_external(context, step)
    context.jobs.end_step(step, _status(action))
    return Acted(shown=step)


@create("events")
def add_event(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """An event of another program."""
    check_new(context, "events", sent)
    custom_id = text_at(sent, "custom_id")
    if any(event.text("custom_id") == custom_id for event in context.world.all("events")):
        raise context.refusal("EVENT_CUSTOM_ID_IN_USE")
    code = _EXTERNAL_CODES.get(text_at(sent, "severity"), "9801")
    return context.events.add(merged(context, "events", {"code": code}, sent))
