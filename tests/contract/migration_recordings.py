"""Recordings of migrations read as a timeline, and the trimming that keeps them small.

`python tests/contract/migration_recordings.py SOURCE… TARGET` trims cassettes of a real engine to what a
migration shows: VMs, hosts, jobs, events, progress, answers to acts.
"""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from rhevmig.migration import (
    Accepted,
    ActAnswer,
    AnswerLost,
    EventFact,
    HostState,
    JobState,
    Refused,
    VmState,
)

_KEPT = {
    "vm": ("name", "memory", "placement_policy", "status", "status_detail", "cluster", "host"),
    "host": ("name", "status", "summary", "cluster"),
    "job": ("description", "status", "start_time"),
    "event": ("description", "code", "correlation_id", "index", "time", "vm", "host", "user", "cluster"),
    "statistic": ("name", "values"),
    "action": ("host", "job", "status", "fault", "force", "migrate_vms_in_affinity_closure"),
}
_PATH = re.compile(r"/ovirt-engine/api/(?P<kind>\w+)(?:/(?P<id>[0-9a-f-]{36}))?(?:/(?P<rest>\w+))?$")


@dataclass
class Post:
    """An act that was recorded."""

    at: datetime
    kind: str
    target: str
    act: str
    correlation_id: str
    status_code: int
    answer: ActAnswer
    named_host: str | None
    force: bool


@dataclass
class Recording:
    """What a recording tells, in order of time."""

    posts: list[Post] = field(default_factory=list)
    vms: dict[str, list[tuple[datetime, VmState]]] = field(default_factory=dict)
    hosts: dict[str, list[tuple[datetime, HostState]]] = field(default_factory=dict)
    jobs: dict[str, list[tuple[datetime, tuple[JobState, ...]]]] = field(default_factory=dict)
    progress: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)
    events: dict[int, EventFact] = field(default_factory=dict)
    host_names: dict[str, str] = field(default_factory=dict)
    vm_names: dict[str, str] = field(default_factory=dict)
    ends_at: datetime | None = None


def read(*paths: Path) -> Recording:
    """The timeline of one or more cassettes that follow each other."""
    recording = Recording(host_names=json.loads((paths[0].parent / "hosts.json").read_text()))
    for path in paths:
        for exchange in yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))[
            "interactions"
        ]:
            _take(recording, exchange)
    return recording


def _take(recording: Recording, exchange: dict[str, Any]) -> None:
    request, response = exchange["request"], exchange["response"]
    at = datetime.fromisoformat(response["headers"]["X-Recorded-At"][0])
    url = urlsplit(request["uri"])
    match, query = _PATH.match(url.path), parse_qs(url.query)
    recording.ends_at = at
    if match is None or not (response["body"]["string"] or "").startswith("<?xml"):
        return
    root = ET.fromstring(response["body"]["string"])
    search = (query.get("search") or [""])[0]
    if request["method"] == "POST":
        asked = ET.fromstring(request["body"]) if request["body"] else ET.Element("action")
        recording.posts.append(_post(at, match, query, response["status"]["code"], root, asked))
        return
    if root.tag == "jobs":
        _, _, correlation_id = search.partition("correlation_id=")
        recording.jobs.setdefault(correlation_id, []).append((at, tuple(_job(item) for item in root)))
    if root.tag == "statistics" and match["kind"] == "vms":
        for item in root:
            if item.findtext("name") == "migration.progress":
                value = float(item.findtext(".//datum") or 0)
                recording.progress.setdefault(match["id"], []).append((at, value))
    if root.tag == "fault":
        return
    for element in [root] if root.tag in ("vm", "host", "event") else root:
        _entity(recording, at, element)


def _entity(recording: Recording, at: datetime, element: ET.Element) -> None:
    key = element.get("id") or ""
    if element.tag == "vm":
        recording.vms.setdefault(key, []).append((at, _vm(element)))
        recording.vm_names[key] = element.findtext("name") or key
    elif element.tag == "host":
        recording.hosts.setdefault(key, []).append((at, _host(element)))
        recording.host_names[key] = element.findtext("name") or key
    elif element.tag == "event":
        event = _event(element)
        recording.events[event.index] = event
        host, vm = element.find("host"), element.find("vm")
        if host is not None:
            recording.host_names.setdefault(host.get("id") or "", host.findtext("name") or "")
        if vm is not None:
            recording.vm_names.setdefault(vm.get("id") or "", vm.findtext("name") or "")


def _post(
    at: datetime,
    match: re.Match[str],
    query: dict[str, list[str]],
    code: int,
    root: ET.Element,
    asked: ET.Element,
) -> Post:
    answer: ActAnswer
    if code == 200:
        job = root.find("job")
        answer = Accepted(job_id=job.get("id") if job is not None else None)
    elif (fault := root if root.tag == "fault" else root.find("fault")) is not None:
        answer = Refused(
            status_code=code, detail=fault.findtext("detail") or "", reason=fault.findtext("reason") or ""
        )
    else:
        answer = AnswerLost(detail=f"HTTP {code}")
    host = asked.find("host")
    return Post(
        at=at,
        kind=match["kind"],
        target=match["id"],
        act=match["rest"],
        correlation_id=(query.get("correlation_id") or [""])[0],
        status_code=code,
        answer=answer,
        named_host=(host.get("id") or host.findtext("name")) if host is not None else None,
        force=asked.findtext("force") == "true",
    )


def _id(element: ET.Element, name: str) -> str | None:
    child = element.find(name)
    return child.get("id") if child is not None else None


def _vm(element: ET.Element) -> VmState:
    return VmState(
        vm_id=element.get("id") or "",
        name=element.findtext("name"),
        status=element.findtext("status") or "",
        host_id=_id(element, "host"),
        cluster_id=_id(element, "cluster"),
        affinity=element.findtext("placement_policy/affinity"),
    )


def _host(element: ET.Element) -> HostState:
    return HostState(
        host_id=element.get("id") or "",
        name=element.findtext("name"),
        status=element.findtext("status") or "",
        cluster_id=_id(element, "cluster"),
    )


def _job(element: ET.Element) -> JobState:
    return JobState(
        job_id=element.get("id") or "",
        status=element.findtext("status") or "",
        description=element.findtext("description") or "",
    )


def _event(element: ET.Element) -> EventFact:
    text = element.findtext("description") or ""
    code = int(element.findtext("code") or 0)
    error = re.search(
        r"due to (?:an Error|a failed validation): (.*?)(?: \(VM: |\. Trying to migrate)", text, re.DOTALL
    )
    to_host = re.search(r" to Host (\S+) due to", text)
    return EventFact(
        index=int(element.findtext("index") or 0),
        code=code,
        time=datetime.fromisoformat(element.findtext("time") or ""),
        correlation_id=element.findtext("correlation_id"),
        vm_id=_id(element, "vm"),
        host_id=_id(element, "host"),
        description=text,
        source_host=_named(text, "Source"),
        destination_host=_named(text, "Destination") or (to_host[1] if to_host else None),
        duration_s=_seconds(text, "Duration"),
        total_s=_seconds(text, "Total"),
        downtime_ms=float(found[1]) if (found := re.search(r"Actual downtime: (\d+)ms", text)) else None,
        error=error[1] if error else None,
        user=_named(text, "User"),
        reason=found[1] if (found := re.search(r"Reason: (.*?)\)", text)) else None,
    )


def _named(text: str, word: str) -> str | None:
    found = re.search(rf"\b{word}: ([^,)]+)[,)]", text)
    return found[1] if found else None


def _seconds(text: str, word: str) -> float | None:
    found = re.search(rf"\b{word}: ([^,)]+)[,)]", text)
    if found is None:
        return None
    factors = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
    return float(
        sum(int(n) * factors[unit] for n, unit in re.findall(r"(\d+) (day|hour|minute|second)", found[1]))
    )


# ── trimming ─────────────────────────────────────────────────────────────────────────────────────────


def trim(source: Path) -> dict[str, Any]:
    """A cassette with only what `read` reads, in the same format."""
    cassette = yaml.load(source.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    told: set[str] = set()
    kept = [item for exchange in cassette["interactions"] if (item := _kept(exchange, told))]
    return {"version": 1, "interactions": kept}


def _kept(exchange: dict[str, Any], told: set[str]) -> dict[str, Any] | None:
    request, response = exchange["request"], exchange["response"]
    body = response["body"]["string"] or ""
    match = _PATH.match(urlsplit(request["uri"]).path)
    if match is None or not body.startswith("<?xml"):
        return None
    if request["method"] == "POST" and match["rest"] not in (
        "migrate",
        "cancelmigration",
        "deactivate",
        "activate",
    ):
        return None
    root = ET.fromstring(body)
    if root.tag not in (
        "vm",
        "vms",
        "host",
        "hosts",
        "jobs",
        "events",
        "event",
        "statistics",
        "action",
        "fault",
    ):
        return None
    for element in list(_of_interest(root)):
        for child in list(element):
            if child.tag not in _KEPT[element.tag]:
                element.remove(child)
        for child in element:
            if child.tag in ("vm", "host", "cluster", "user", "job"):
                child[:] = [name for name in child if name.tag == "name"] if element.tag == "event" else []
    if root.tag == "statistics":
        root[:] = [item for item in root if item.findtext("name") == "migration.progress"]
    if root.tag == "events":
        root[:] = [event for event in root if event.get("id") not in told]
        told.update(event.get("id") or "" for event in root)
        if not len(root):
            return None
    ET.indent(root, "    ")
    text = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        + ET.tostring(root, encoding="unicode")
        + "\n"
    )
    headers = {
        "X-Recorded-At": response["headers"]["X-Recorded-At"],
        "Content-Type": ["application/xml;charset=UTF-8"],
    }
    return {
        "request": {
            "body": request["body"],
            "headers": {},
            "method": request["method"],
            "uri": request["uri"],
        },
        "response": {"body": {"string": text}, "headers": headers, "status": response["status"]},
    }


def _of_interest(root: ET.Element) -> Iterator[ET.Element]:
    yield from (element for element in [root, *root] if element.tag in _KEPT)


if __name__ == "__main__":
    *sources, target = map(Path, sys.argv[1:])
    for source in sources:
        with (target / source.name).open("w") as stream:
            yaml.dump(trim(source), stream, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=110)
