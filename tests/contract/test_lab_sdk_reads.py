"""The SDK reads every answer of the lab, and what it writes of it again is the same tree."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import ovirtsdk4.readers
import ovirtsdk4.writers  # noqa: F401 - importing it registers the writers
import pytest
from lxml import etree
from ovirtsdk4.reader import Reader
from ovirtsdk4.writer import Writer

from rhevmig.lab.http.request import LabResponse
from rhevmig.lab.lab import Lab, open_lab

DEMO = "rhevmig/lab/scenarios/demo.yaml"
API = "/ovirt-engine/api"

#: Links that a real engine offers too and the SDK does not keep, with the reason: (element, rel).
NOT_KEPT = {
    ("api", "*"): "the root's links are not in its type; the SDK has a service for each",
    ("domain", "groups/search"): "a search is no member",
    ("domain", "users/search"): "a search is no member",
    ("host", "fenceagents"): "the type calls them agents",
    ("host", "storage"): "the type calls them storages",
    ("hostnic", "linklayerdiscoveryprotocolelements"): "not in the type",
    ("hostnic", "networkattachments"): "not in the type",
    ("schedulingpolicy", "weights"): "the type calls them weight",
    ("user", "eventsubscriptions"): "not in the type",
    ("vm", "backups"): "not in the type",
    ("vm", "checkpoints"): "not in the type",
    ("vm", "disks"): "not in the type; offered for the VMs of a storage domain",
}
#: Links that the SDK keeps under another member: (element, rel) to the member.
KEPT_AS = {
    ("vm", "numanodes"): "hostnumanodes",
    ("host", "numanodes"): "hostnumanodes",
}
#: Paths that the engine itself refuses although it offers them.
REFUSED = {f"{API}/katelloerrata": 400}

Node = tuple[str, dict[str, str], list[Any], Any]


class Client:
    """Asks a lab with one token: signing on anew for each request would write an event each time."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        form = f"grant_type=password&scope=ovirt-app-api&username={lab.username}&password={lab.password}"
        wanted = {"accept": "application/json"}
        answer = lab.handle("POST", "/ovirt-engine/sso/oauth/token", "", wanted, form.encode())
        self.headers = {"authorization": f"Bearer {json.loads(answer.body)['access_token']}"}

    def ask(self, path: str, query: str = "", *, method: str = "GET", body: str = "") -> LabResponse:
        sent = self.headers | ({"content-type": "application/xml"} if body else {})
        return self.lab.handle(method, path, query, sent, body.encode())


@pytest.fixture(scope="module")
def client() -> Client:
    """A client of the demo site."""
    return Client(open_lab(DEMO))


def scalar(text: str) -> Any:
    """A text as the SDK understands it: numbers and instants by value."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*", text):
        return datetime.fromisoformat(text)
    return text


def node(element: etree._Element) -> Node:
    """An element as a tree in which a link is a member with a reference, and names have no underscores."""
    name = str(element.tag).replace("_", "")
    links: dict[str, str] = {}
    members: list[Node] = []
    for child in element:
        if child.tag == "link":
            links[str(child.get("rel"))] = str(child.get("href"))
        elif child.tag != "actions":
            members.append(node(child))
    for rel, href in links.items():
        if (name, rel) in NOT_KEPT or (name, "*") in NOT_KEPT:
            continue
        member = KEPT_AS.get((name, rel), rel)
        known = next((item for item in members if item[0] == member), None)
        if known is None:
            members.append((member, {"href": href}, [], ""))
        else:
            known[1]["href"] = href
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    return name, attributes, members, scalar((element.text or "").strip() if not members else "")


def differences(read: Node, written: Node, path: str) -> Iterator[str]:
    """Where two trees differ; members may come in any order, repeated ones only in theirs."""
    _, attributes, members, text = read
    _, other_attributes, other_members, other_text = written
    if (attributes, text) != (other_attributes, other_text):
        yield f"{path}: {attributes} {text!r} ≠ {other_attributes} {other_text!r}"
    one, other = defaultdict(list), defaultdict(list)
    for member in members:
        one[member[0]].append(member)
    for member in other_members:
        other[member[0]].append(member)
    for name in sorted(one.keys() | other.keys()):
        if len(one[name]) != len(other[name]):
            yield f"{path}/{name}: {len(one[name])} ≠ {len(other[name])}"
            continue
        for first, second in zip(one[name], other[name], strict=True):
            yield from differences(first, second, f"{path}/{name}")


def lost_in(response: LabResponse) -> list[str]:
    """What a round through the SDK's reader and writer changes in an answer."""
    root = etree.fromstring(response.body)
    written = Writer.write(Reader.read(response.body), root=str(root.tag))
    return list(differences(node(root), node(etree.fromstring(written.encode())), str(root.tag)))


def links_of(response: LabResponse) -> Iterator[str]:
    """Every path that an answer points at, but actions and searches."""
    for element in etree.fromstring(response.body).iter():
        href = element.get("href")
        parent = element.getparent()
        if href and "?" not in href and not (parent is not None and parent.tag == "actions"):
            yield href


def walked(client: Client, starts: list[str], within: re.Pattern[str]) -> tuple[int, dict[str, str]]:
    """How many answers were met on a walk along all links, and what was wrong with which."""
    todo, seen, wrong = list(starts), set(starts), {}
    while todo:
        path = todo.pop()
        where, _, query = path.partition("?")
        response = client.ask(where, query)
        if response.status != REFUSED.get(where, 200):
            wrong[path] = f"status {response.status}"
        if response.status != 200:
            continue
        lost = lost_in(response)
        if lost:
            wrong[path] = "; ".join(lost[:3])
        for href in links_of(response):
            if within.match(href) and href not in seen:
                seen.add(href)
                todo.append(href)
    return len(seen), wrong


BRANCHES = {"vms": 2700, "hosts": 600, "storagedomains": 200, "disks": 350, "clusters": 50}


@pytest.mark.parametrize("branch", BRANCHES)
def test_everything_below(client: Client, branch: str) -> None:
    """Each path that the lab offers in this branch answers what the SDK reads, without any loss."""
    count, wrong = walked(client, [f"{API}/{branch}"], re.compile(rf"{API}/{branch}/"))
    assert not wrong
    assert count >= BRANCHES[branch]


def test_everything_else(client: Client) -> None:
    """Each path that the lab offers outside those branches too, from the root on."""
    count, wrong = walked(client, [API], re.compile(rf"{API}/(?!({'|'.join(BRANCHES)})/)"))
    assert not wrong
    assert count >= 400


@pytest.mark.parametrize(
    "collection",
    ["vms", "hosts", "clusters", "datacenters", "storagedomains", "networks", "disks", "templates", "jobs"],
)
def test_followed_and_with_all_content(client: Client, collection: str) -> None:
    """The same with each link followed alone and with all content; only what the engine refuses is."""
    listed = client.ask(f"{API}/{collection}", "max=1")
    rels = {str(link.get("rel")) for link in etree.fromstring(listed.body).iter("link")}
    actions = {str(link.get("rel")) for link in etree.fromstring(listed.body).iterfind("*/actions/link")}
    queries = ["all_content=true", *(f"follow={rel}&max=5" for rel in sorted(rels - actions))]
    for query in queries:
        response = client.ask(f"{API}/{collection}", query)
        assert response.status in (200, 500), query
        if response.status == 200:
            assert not lost_in(response), query
        else:
            assert b"Problem following" in response.body, query


def test_answers_to_acts() -> None:
    """What is made, changed, done and refused is answered in documents that the SDK reads without loss."""
    client = Client(open_lab(DEMO))
    vm = client.lab.world.named("vms", "web01")
    cluster = client.lab.world.named("clusters", "intel")
    assert vm is not None
    assert cluster is not None
    rule = "<vms_rule><enabled>true</enabled><positive>true</positive></vms_rule>"
    group = f"<affinity_group><name>g</name>{rule}</affinity_group>"
    new = f"<vm><name>new</name><cluster id='{cluster.id}'/><template><name>Blank</name></template></vm>"
    asked = [
        ("POST", f"/vms/{vm.id}/migrate", "<action/>", 200),
        ("POST", f"/vms/{vm.id}/migrate", "<action/>", 409),
        ("POST", f"/clusters/{cluster.id}/affinitygroups", group, 201),
        ("POST", f"/clusters/{cluster.id}/affinitygroups", group, 400),
        ("POST", "/vms", new, 201),
        ("POST", "/vms", "<vm><name>new</name></vm>", 400),
        ("POST", "/tags", "<tag><name>t</name></tag>", 201),
        ("PUT", f"/vms/{vm.id}", "<vm><comment>c</comment></vm>", 200),
        ("PUT", f"/clusters/{cluster.id}", "<cluster><description>d</description></cluster>", 200),
        ("POST", f"/hosts/{vm.ref('host')}/deactivate", "<action><reason>why</reason></action>", 200),
    ]
    for method, path, body, status in asked:
        response = client.ask(API + path, method=method, body=body)
        assert response.status == status, f"{method} {path}: {response.body.decode()}"
        assert not lost_in(response), f"{method} {path}"


@pytest.mark.parametrize(("element", "rel"), sorted(NOT_KEPT))
def test_each_exception_is_the_sdks(element: str, rel: str) -> None:
    """What is excused is really not kept by the SDK: its type reads the link away."""
    tag = {"hostnic": "host_nic", "schedulingpolicy": "scheduling_policy"}.get(element, element)
    name = "vms" if rel == "*" else rel
    written = Writer.write(Reader.read(f'<{tag} id="1"><link href="/x" rel="{name}"/></{tag}>'), root=tag)
    assert "/x" not in written
