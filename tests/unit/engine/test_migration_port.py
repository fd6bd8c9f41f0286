"""The migration port: acts told for what is known of them, readings by the cheap requests."""

from __future__ import annotations

from typing import Any

import pytest
from unit.engine.scripted import URL, Scripted, a_list, a_vm, an_event

from rhevmig.engine.curl_errors import error_of_curl
from rhevmig.engine.migration_port import MOST_IDS, EnginePort
from rhevmig.engine.request import EngineRequest
from rhevmig.errors import (
    AuthenticationFailed,
    EngineConflict,
    EngineError,
    EngineNotFound,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    NotAnEngine,
    PermissionDenied,
)
from rhevmig.inventory import Engine
from rhevmig.migration.port import Accepted, AnswerLost, NotSent, Refused

DONE = b'<action><job id="j1" href="/x"/><status>complete</status></action>'


class Acting(Scripted):
    """A transport whose acts end as told."""

    def __init__(self, ending: bytes | Exception) -> None:
        super().__init__(lambda path, query: b"")
        self.sent: list[tuple[EngineRequest, dict[str, str], str, bool]] = []
        self._ending = ending

    def exchange(
        self, asked: EngineRequest, query: dict[str, str], *, body: str, timeout_s: float, fresh: bool
    ) -> bytes:
        self.sent.append((asked, query, "".join(body.split()), fresh))
        if isinstance(self._ending, Exception):
            raise self._ending
        return self._ending


def port_of(transport: Any) -> EnginePort:
    return EnginePort(transport, Engine(url=URL))


def curl(number: int) -> Exception:
    return error_of_curl(number, "it said so", EngineRequest(method="POST", url=URL, path="vms/v1/migrate"))


@pytest.mark.parametrize(
    ("ending", "answer"),
    [
        (DONE, Accepted(job_id="j1")),
        (b"<action><status>complete</status></action>", Accepted(job_id=None)),
        (
            EngineConflict(status_code=409, detail="[no]", reason="Operation Failed"),
            Refused(status_code=409, detail="[no]", reason="Operation Failed"),
        ),
        (EngineRejected(status_code=500, detail="[no]"), Refused(status_code=500, detail="[no]")),
        (EngineNotFound(status_code=404), Refused(status_code=404)),
        (PermissionDenied(status_code=403, detail="[no]"), Refused(status_code=403, detail="[no]")),
    ],
)  # fmt: skip
def test_what_the_engine_answered(ending: bytes | Exception, answer: object) -> None:
    """An action with its job is accepted; a fault is refused with its own words."""
    assert port_of(Acting(ending)).migrate("v1", correlation_id="c") == answer


@pytest.mark.parametrize("number", [5, 6, 7, 35, 60, 77])
def test_what_was_certainly_not_sent(number: int) -> None:
    """Without a connection, a name or TLS the engine got nothing."""
    assert isinstance(port_of(Acting(curl(number))).migrate("v1", correlation_id="c"), NotSent)


@pytest.mark.parametrize(
    "ending",
    [
        *(curl(number) for number in (16, 18, 28, 52, 55, 56, 61, 92)),
        EngineUnavailable(status_code=503, detail="a page"),
        NotAnEngine(status_code=200, detail="a page"),
        EngineTimeout(),
        EngineError(detail="anything else"),
        b"<action><status>compl",
        b"<html></html>",
        b"",
    ],
)
def test_what_nobody_knows(ending: bytes | Exception) -> None:
    """Cut, timed out, a page or half an answer: the outcome is unknown, never taken for a failure."""
    assert isinstance(port_of(Acting(ending)).migrate("v1", correlation_id="c"), AnswerLost)


def test_a_session_that_is_over() -> None:
    """A refused session raises: nothing was done. A new login that cannot be reached was no act either."""
    with pytest.raises(AuthenticationFailed):
        port_of(Acting(AuthenticationFailed())).migrate("v1", correlation_id="c")
    lost = EngineTimeout(path="https://engine.example/ovirt-engine/sso/oauth/token")
    assert isinstance(port_of(Acting(lost)).migrate("v1", correlation_id="c"), NotSent)


def test_what_acts_look_like() -> None:
    """Each act is one POST over a connection of its own, with the correlation id and only what was asked."""
    transport = Acting(DONE)
    port = port_of(transport)
    port.migrate("v1", correlation_id="c1")
    port.migrate(
        "v1", correlation_id="c2", destination_host_id="h1", cluster_id="k", force=True, affinity_closure=True
    )
    port.cancel_migration("v1", correlation_id="c3")
    port.deactivate_host("h1", correlation_id="c4", reason="kernel & more")
    port.activate_host("h1", correlation_id="c5")
    assert [(asked.method, asked.path, query["correlation_id"]) for asked, query, _, _ in transport.sent] == [
        ("POST", "vms/v1/migrate", "c1"),
        ("POST", "vms/v1/migrate", "c2"),
        ("POST", "vms/v1/cancelmigration", "c3"),
        ("POST", "hosts/h1/deactivate", "c4"),
        ("POST", "hosts/h1/activate", "c5"),
    ]
    assert all(fresh for *_, fresh in transport.sent)
    bodies = [body for _, _, body, _ in transport.sent]
    assert bodies[0] in ("<action></action>", "<action/>")
    assert '<hostid="h1"/>' in bodies[1]
    assert '<clusterid="k"/>' in bodies[1]
    assert "<force>true</force>" in bodies[1]
    assert "<migrate_vms_in_affinity_closure>true</migrate_vms_in_affinity_closure>" in bodies[1]
    assert "kernel&amp;more" in bodies[3]


def test_vms_are_watched_by_one_list() -> None:
    """Few VMs are asked for by their ids, very many by the list of all: one request either way."""
    transport = Scripted(lambda path, query: a_list("vms", a_vm(1), a_vm(2), a_vm(3)))
    states = port_of(transport).watch(["v1", "v3"])
    assert sorted(states) == ["v1", "v3"]
    assert (states["v1"].status, states["v1"].host_id, states["v1"].affinity) == ("up", "h1", "migratable")
    assert transport.asked == [("vms", {"search": "id=v1 or id=v3", "max": "1000"})]
    port_of(transport).watch([f"v{n}" for n in range(MOST_IDS + 1)])
    assert "search" not in transport.asked[-1][1]
    assert port_of(transport).watch([]) == {}


def test_vms_on_a_host_come_from_its_cluster() -> None:
    """Never `host=`, which takes an engine seconds; odd cluster names are quoted."""

    def answer(path: str, query: dict[str, str]) -> bytes:
        if path == "clusters":
            return a_list("clusters", '<cluster id="c1"><name>north one</name></cluster>')
        return a_list("vms", a_vm(1, host="h1"), a_vm(2, host="h2", status="migrating"))

    transport = Scripted(answer)
    port = port_of(transport)
    assert [vm.vm_id for vm in port.vms_on("h2", cluster_id="c1")] == ["v2"]
    assert [vm.vm_id for vm in port.vms_on("h1", cluster_id="c1")] == ["v1"]
    assert [path for path, _ in transport.asked] == ["clusters", "vms", "vms"]
    assert transport.asked[1][1]["search"] == 'cluster="north one"'
    with pytest.raises(EngineNotFound):
        port.vms_on("h1", cluster_id="c9")


def test_a_status_that_the_sdk_does_not_know() -> None:
    """A word of a newer engine is no status of ours, so that no rule takes it for one."""
    transport = Scripted(lambda path, query: a_list("vms", a_vm(1, status="dreaming")))
    assert port_of(transport).watch(["v1"])["v1"].status == "unrecognised"


def test_hosts_one_and_several() -> None:
    """One host is read by itself, several from the list with `max`; one that is gone is left out."""
    host = '<host id="h1"><name>kvm1</name><status>up</status><summary><active>2</active></summary></host>'

    def answer(path: str, query: dict[str, str]) -> bytes | Exception:
        if path == "hosts/gone":
            return EngineNotFound(status_code=404)
        return a_list("hosts", host) if path == "hosts" else host.encode()

    transport = Scripted(answer)
    port = port_of(transport)
    assert port.host_states(["h1"])["h1"].vms_active == 2
    assert list(port.host_states(["h1", "h2"])) == ["h1"]
    assert port.host_states(["gone"]) == {}
    assert port.host_states([]) == {}
    assert transport.asked[1] == ("hosts", {"max": "1000"})


def test_events_since_an_index() -> None:
    """Oldest first, only of migrations and hosts, and none missing: a full answer is asked for again."""

    def answer(path: str, query: dict[str, str]) -> bytes:
        newest = range(5000, 5000 - min(3000, int(query["max"])), -1)
        return a_list("events", *(an_event(n, code=63 if n % 2 else 30) for n in newest))

    transport = Scripted(answer)
    found = port_of(transport).events_since(2000)
    assert [event.index for event in found] == list(range(2001, 5001, 2))
    assert [query["max"] for _, query in transport.asked] == ["1000", "10000"]
    assert {query["from"] for _, query in transport.asked} == {"2000"}


def test_events_and_jobs_by_correlation_id() -> None:
    """Both are searched by the id and come oldest first."""
    jobs = [
        f'<job id="j{n}"><status>{status}</status><start_time>2026-01-01T00:00:0{n}.000Z</start_time></job>'
        for n, status in ((2, "started"), (1, "finished"))
    ]
    transport = Scripted(
        lambda path, query: (
            a_list("jobs", *jobs) if path == "jobs" else a_list("events", an_event(9), an_event(8))
        )
    )
    port = port_of(transport)
    assert [(job.job_id, job.status) for job in port.jobs_of("abc")] == [
        ("j1", "finished"),
        ("j2", "started"),
    ]
    assert [event.index for event in port.events_of("abc")] == [8, 9]
    assert {query["search"] for _, query in transport.asked} == {"correlation_id=abc"}
    assert port.event_index() == 9


def test_progress_of_those_that_are_there() -> None:
    """Progress is told of VMs that have one; one that is gone is left out."""
    values = "<values><value><datum>42</datum></value></values>"
    figure = f"<statistic><name>migration.progress</name>{values}</statistic>"

    def answer(path: str, query: dict[str, str]) -> bytes | Exception:
        if "v2" in path:
            return EngineNotFound(status_code=404)
        return a_list("statistics", figure if "v1" in path else "")

    assert port_of(Scripted(answer)).progress(["v1", "v2", "v3"]) == {"v1": 42.0}


def test_an_event_without_index_is_a_passing_fault() -> None:
    """One garbled answer ends no campaign: it can be read again."""
    port = port_of(Scripted(lambda path, query: a_list("events", "<event><code>1</code></event>")))
    with pytest.raises(EngineUnavailable, match="has no id"):
        port.events_since(5)
