"""Contracts of acts that the engine takes on: watched to their end, told by jobs and events."""

from __future__ import annotations

from rhevmig.events import EventCode
from rhevmig.migration import Accepted, Refused
from tests.contract.adapter.site import Site, contract


def codes(site: Site, correlation_id: str) -> list[int]:
    """Codes of the events of an id, oldest first."""
    return [event.code for event in site.port.events_of(correlation_id)]


@contract(changes=True)
def migration_to_its_end(site: Site) -> object:
    """Accepted, seen moving, arrived elsewhere; its job has finished and its event tells how long it took."""
    port, vm, source = site.port, site.vm("movable"), site.host("source")
    index = port.event_index()
    answer = port.migrate(vm, correlation_id=site.mark("contract-move"))
    assert isinstance(answer, Accepted)
    assert answer.job_id
    seen = site.until_still(vm)
    assert seen[0] == ("migrating", source)
    assert seen[-1][0] == "up"
    assert seen[-1][1] not in (None, source)
    jobs, events = port.jobs_of(site.mark("contract-move")), port.events_of(site.mark("contract-move"))
    assert [job.status for job in jobs] == ["finished"]
    done = next(event for event in events if event.code == EventCode.MIGRATION_DONE)
    assert done.vm_id == vm
    assert done.total_s is not None
    assert done in port.events_since(index)
    return answer, seen, jobs, events


@contract(changes=True)
def migration_to_a_named_host(site: Site) -> object:
    """Sent to a host by its id, and it is there."""
    vm, other = site.vm("movable"), site.host("other")
    answer = site.port.migrate(vm, correlation_id=site.mark("contract-named"), destination_host_id=other)
    assert isinstance(answer, Accepted)
    seen = site.until_still(vm)
    assert seen[-1] == ("up", other)
    return answer, seen, site.port.events_of(site.mark("contract-named"))


@contract(changes=True)
def asked_for_twice(site: Site) -> object:
    """While it moves a second request is refused and changes nothing."""
    vm = site.vm("large")
    first = site.port.migrate(vm, correlation_id=site.mark("contract-twice-1"))
    second = site.port.migrate(vm, correlation_id=site.mark("contract-twice-2"))
    assert isinstance(first, Accepted)
    assert isinstance(second, Refused)
    assert second.status_code == 409
    seen = site.until_still(vm)
    assert EventCode.MIGRATION_DONE in codes(site, site.mark("contract-twice-1"))
    assert EventCode.MIGRATION_DONE not in codes(site, site.mark("contract-twice-2"))
    return first, second, seen


@contract(changes=True)
def cancelled_under_way(site: Site) -> object:
    """Cancelled while it copies: it stays where it was, and the events of both ids say so."""
    vm = site.vm("large")
    source = site.port.watch([vm])[vm].host_id
    assert isinstance(site.port.migrate(vm, correlation_id=site.mark("contract-cancel-1")), Accepted)
    site.wait(1.0)
    progress = site.port.progress([vm])
    answer = site.port.cancel_migration(vm, correlation_id=site.mark("contract-cancel-2"))
    if site.live and not isinstance(answer, Accepted):
        site.until_still(vm)
        return "it arrived before it could be cancelled"
    assert isinstance(answer, Accepted)
    seen = site.until_still(vm)
    assert seen[-1] == ("up", source)
    assert EventCode.MIGRATION_DONE not in codes(site, site.mark("contract-cancel-1"))
    both = (
        site.port.events_of(site.mark("contract-cancel-1")),
        site.port.events_of(site.mark("contract-cancel-2")),
    )
    assert any(both)
    return progress, answer, seen, both


@contract(changes=True, rehearsed=True)
def host_to_maintenance_and_back(site: Site) -> object:
    """A host without VMs goes to maintenance and back; asked twice, the second is refused."""
    port, host = site.port, site.host("other")
    answers = [port.deactivate_host(host, correlation_id=site.mark("contract-away"), reason="contract")]
    site.wait(120.0)
    states = [port.host_states([host])[host]]
    answers.append(port.deactivate_host(host, correlation_id=site.mark("contract-away-2")))
    answers.append(port.activate_host(host, correlation_id=site.mark("contract-back")))
    site.wait(120.0)
    states.append(port.host_states([host])[host])
    assert [type(answer) for answer in answers] == [Accepted, Refused, Accepted]
    assert [state.status for state in states] == ["maintenance", "up"]
    return (
        answers,
        states,
        port.events_of(site.mark("contract-away")),
        port.events_of(site.mark("contract-back")),
    )
