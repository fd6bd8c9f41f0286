"""Small labs for tests: a cluster of three hosts with VMs, its clock moved by hand."""

from __future__ import annotations

import re

from lxml import etree

from rhevmig.lab import sign_in
from rhevmig.lab.http.request import LabResponse
from rhevmig.lab.lab import Lab, open_lab
from rhevmig.lab.scenario.model import parse_scenario
from rhevmig.lab.state.store import Entity

THREE_HOSTS = """
name: three
seed: 3
start: 2026-01-05T08:00:00Z
data_centers:
  - name: dc
    version: "4.8"
    networks: [{name: migration, vlan: 100, mtu: 9000, vm: false}, {name: guests, vlan: 102}]
    storage: [{name: nfs, address: nas}]
clusters:
  - name: intel
    data_center: dc
    cpu: Secure Intel Haswell Family
    networks:
      - {name: ovirtmgmt, roles: [display, management, default_route], required: true}
      - {name: migration, roles: [migration], required: true}
      - {name: guests, required: true}
  - {name: other, data_center: dc, cpu: Secure AMD EPYC}
hosts:
  - &host
    name: "h{n}"
    count: 3
    cluster: intel
    memory_gib: 32
    nics: [{name: eth0, speed_mbps: 1000}, {name: eth1, mtu: 9000}]
    attachments:
      - {network: ovirtmgmt, nic: eth0, address: "192.0.2.{n}/24"}
      - {network: migration, nic: eth1, address: "10.0.0.{n}/24"}
      - {network: guests, nic: eth0}
  - {<<: *host, name: amd1, count: 1, first: 9, cluster: other, cpu: Secure AMD EPYC, cpu_model: AMD EPYC}
vms:
  - &vm
    name: "vm{n}"
    count: 4
    cluster: intel
    host: h1
    memory_gib: 2
    nics: [{profile: guests}]
    workload: {dirty_mib_s: 0, nonzero: 1.0}
  - {<<: *vm, name: spare, count: 1, status: down, host: null}
"""


class Desk:
    """Somebody who asks a lab things and lets its time pass."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.world = lab.world
        self._token = sign_in(lab.engine, lab.username, lab.password)

    @classmethod
    def again(cls, desk: Desk) -> Desk:
        """Somebody who logs in anew at the same lab."""
        return cls(desk.lab)

    def send(self, method: str, path: str, body: str = "") -> LabResponse:
        """The answer as it is, below `/ovirt-engine/api/`."""
        path, _, query = path.partition("?")
        headers = {"authorization": self._token, "content-type": "application/xml"}
        return self.lab.handle(method, f"/ovirt-engine/api/{path}", query, headers, body.encode())

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, etree._Element]:
        """Status code and root of the answer below `/ovirt-engine/api/`."""
        answer = self.send(method, path, body)
        return answer.status, etree.fromstring(answer.body) if answer.body else etree.Element("nothing")

    def act(self, path: str, body: str = "<action/>", *, correlation_id: str = "ours") -> tuple[int, str]:
        """Status code and fault text of an action."""
        status, root = self.ask("POST", f"{path}?correlation_id={correlation_id}", body)
        detail = root.findtext("fault/detail") or root.findtext("detail") or ""
        return status, " ".join(detail.split())

    def migrate(self, name: str, body: str = "<action/>", **more: str) -> tuple[int, str]:
        """Ask for a migration."""
        return self.act(f"vms/{self.vm(name).id}/migrate", body, **more)

    def to(self, host: str) -> str:
        """The body that names a host."""
        return f'<action><host id="{self.host(host).id}"/></action>'

    def vm(self, name: str) -> Entity:
        found = self.world.named("vms", name)
        assert found is not None
        return found

    def host(self, name: str) -> Entity:
        found = self.world.named("hosts", name)
        assert found is not None
        return found

    def on(self, name: str) -> str:
        """`status@host` of a VM."""
        vm = self.vm(name)
        host = self.world.find("hosts", vm.ref("host"))
        return f"{vm.text('status')}@{host.name if host else '-'}"

    def wait(self, seconds: float) -> None:
        self.lab.advance(seconds)

    def events(self, correlation_id: str | None = None) -> list[int]:
        """Codes of events, oldest first, logins left out."""
        return [code for code, _ in self.said(correlation_id)]

    def said(self, correlation_id: str | None = None) -> list[tuple[int, str]]:
        """Code and text of events, oldest first, logins left out."""
        return [
            (int(event.text("code")), event.text("description"))
            for event in self.world.all("events")
            if event.text("code") not in ("30", "31")
            and correlation_id in (None, event.text("correlation_id"))
        ]

    def jobs(self, correlation_id: str = "ours") -> list[tuple[str, str]]:
        """Description and status of jobs."""
        _, root = self.ask("GET", f"jobs?search=correlation_id%3D{correlation_id}")
        return [(str(job.findtext("description")), str(job.findtext("status"))) for job in root]


def a_desk(text: str = THREE_HOSTS, **replaced: str) -> Desk:
    """A desk at a lab of that scenario; keywords are replaced in its text first."""
    for old, new in replaced.items():
        text = re.sub(old, new, text)
    return Desk(open_lab(parse_scenario(text)))
