"""Contracts of what goes wrong on the way: sessions that end, pages for answers, broken connections."""

from __future__ import annotations

from rhevmig.errors import EngineUnavailable, NotAnEngine
from rhevmig.migration import ActAnswer, AnswerLost, EventFact
from tests.contract.adapter.site import Site, contract

MIGRATE = "/migrate"


@contract(rehearsed=True)
def session_renewed(site: Site) -> object:
    """HTTP 401 in mid-session: one new login, and the reading is answered after all."""
    port, vm = site.port, site.vm("movable")
    before = port.watch([vm])
    site.trouble("session_expired", r"vms\?")
    after = port.watch([vm])
    assert before == after
    return after, site.client.requests


@contract(rehearsed=True)
def reading_repeated(site: Site) -> object:
    """A 503 page, a lost or cut answer and a reset connection do not hinder a reading: it is sent again."""
    port, vm = site.port, site.vm("movable")
    found = []
    for kind in ("status", "answer_lost", "reset", "cut_xml"):
        site.trouble(kind, r"vms\?")
        found.append(port.watch([vm]))
    assert all(one == found[0] for one in found)
    return found, site.client.requests


@contract(raises=EngineUnavailable, rehearsed=True)
def engine_that_stays_away(site: Site) -> object:
    """A 503 page for good is an error after a few attempts."""
    port = site.port
    site.trouble("status", r"vms\?", count=None)
    return port.watch([site.vm("movable")])


@contract(raises=NotAnEngine, rehearsed=True)
def page_instead_of_an_engine(site: Site) -> object:
    """A page with HTTP 200 where a login should be is no engine."""
    site.trouble("html", "/sso/oauth/token", count=None)
    return site.client


def lost(
    site: Site, kind: str, **connecting: float
) -> tuple[ActAnswer, list[tuple[str, str | None]], tuple[EventFact, ...]]:
    """An act with trouble on its way, and whether the VM moved."""
    port, vm = site.connect(**connecting).migration_port(), site.vm("movable")
    site.trouble(kind, MIGRATE)
    answer = port.migrate(vm, correlation_id=site.mark("contract-lost"))
    assert isinstance(answer, AnswerLost), answer
    return answer, site.until_still(vm), port.events_of(site.mark("contract-lost"))


@contract(changes=True, rehearsed=True)
def act_done_and_answer_lost(site: Site) -> object:
    """The connection closes before the answer: nobody knows, and looking shows that it moved."""
    result = lost(site, "answer_lost")
    assert result[1][-1][1] == site.host("other")
    return result


@contract(changes=True, rehearsed=True)
def act_done_and_answer_cut(site: Site) -> object:
    """Half an answer is no answer; looking shows that it moved."""
    result = lost(site, "cut_xml")
    assert result[1][-1][1] == site.host("other")
    return result


@contract(changes=True, rehearsed=True)
def act_answered_by_a_page(site: Site) -> object:
    """A 503 page does not tell whether it was done; looking shows that it was not."""
    result = lost(site, "status")
    assert result[1] == [("up", site.host("source"))]
    return result


@contract(changes=True, rehearsed=True)
def act_without_an_answer_in_time(site: Site) -> object:
    """No answer within the time allowed: not known, not sent again."""
    result = lost(site, "silent", timeout_s=1.0)
    assert result[1] == [("up", site.host("source"))]
    return result
