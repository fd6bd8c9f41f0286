"""Small labs for unit tests: driven by hand, without sockets; one difference at a time."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from rhevmig.lab import Lab, open_lab, parse_scenario, sign_in
from rhevmig.lab.http.request import LabResponse

API = "/ovirt-engine/api"

SITE = """
seed: 11
start: 2026-11-23T08:00:00Z
users:
  - {name: admin@internal, password: secret, role: admin}
  - {name: reader@internal, password: secret, role: reader}
  - {name: operator@internal, password: secret, role: UserVmManager, where: {cluster: intel}}
  - {name: nobody@internal, password: secret, role: none}
data_centers:
  - name: main
    version: "4.7"
    networks: [{name: migration, vlan: 100, mtu: 9000, vm: false}, {name: guests, vlan: 102}]
    storage: [{name: nfs1}, {name: nfs2}]
clusters:
  - name: intel
    data_center: main
    cpu: Intel Haswell Family
    networks: [{name: migration, roles: [migration]}, {name: guests}]
  - {name: spare, data_center: main, cpu: Intel Haswell Family}
hosts:
  - name: "host{n:02}"
    count: 3
    cluster: intel
    nics: [{name: eth0}, {name: eth1, mtu: 9000}]
    attachments:
      - {network: ovirtmgmt, nic: eth0, address: "192.0.2.{n}/24"}
      - {network: migration, nic: eth1, address: "10.0.0.{n}/24"}
      - {network: guests, nic: eth0}
  - {name: other01, cluster: spare}
vms:
  - {name: "web{n:02}", count: 4, cluster: intel, host: host01, memory_gib: 2, nics: [{profile: guests}]}
  - {name: old01, cluster: intel, status: down}
  - {name: lone01, cluster: spare}
"""


class Driven:
    """A lab with somebody signed in."""

    def __init__(self, lab: Lab, user: str = "admin@internal") -> None:
        self.lab = lab
        self.world = lab.world
        self.authorization = sign_in(lab.engine, user, "secret")

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> LabResponse:
        """One request below /api."""
        below, _, query = path.partition("?")
        sent = {"authorization": self.authorization, "content-type": "application/xml", **headers}
        return self.lab.handle(method, f"{API}/{below}".rstrip("/"), query, sent, body.encode())

    def get(self, path: str) -> ET.Element:
        """The root of an answer that must be a success."""
        answer = self.ask("GET", path)
        assert answer.status == 200, (answer.status, answer.text)
        return ET.fromstring(answer.body)

    def names(self, path: str) -> list[str]:
        """The names in a list."""
        return [item.findtext("name") or "" for item in self.get(path)]

    def id_of(self, place: str, name: str) -> str:
        """The id of a named entity."""
        found = self.world.named(place, name)
        assert found is not None, f"no {name} among {place}"
        return found.id


def driven(text: str = SITE, user: str = "admin@internal", **changes: Any) -> Driven:
    """A lab of the small site, or of another scenario text."""
    return Driven(open_lab(parse_scenario(text), **changes), user)


def detail(answer: LabResponse) -> str:
    """The detail of a fault, wherever it stands in the answer."""
    found = next(ET.fromstring(answer.body).iter("detail"), None)
    return found.text or "" if found is not None else ""
