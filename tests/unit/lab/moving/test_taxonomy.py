"""The 44 rows of the failure taxonomy: what each scenario of the lab does when a client acts as told."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from lab_worlds import Desk

import rhevmig.lab
from rhevmig.lab import sign_in
from rhevmig.lab.lab import open_lab
from rhevmig.lab.scenario.model import Scenario, load_scenario
from tests.unit.lab.moving.expectations import Act, Expected

FOLDER = Path(rhevmig.lab.__file__).parent / "scenarios"
ROWS = sorted(path.stem for path in FOLDER.glob("[0-9][0-9]-*.yaml"))


def body_of(desk: Desk, act: Act) -> str:
    parts = []
    if act.host is not None:
        parts.append(f'<host id="{desk.host(act.host).id}"/>')
    if act.cluster is not None:
        cluster = desk.world.named("clusters", act.cluster)
        assert cluster is not None
        parts.append(f'<cluster id="{cluster.id}"/>')
    if act.force:
        parts.append("<force>true</force>")
    if act.closure:
        parts.append("<migrate_vms_in_affinity_closure>true</migrate_vms_in_affinity_closure>")
    return f"<action>{''.join(parts)}</action>"


def do(desk: Desk, act: Act) -> tuple[int, str]:
    """Status (0 when the answer gets lost) and text of the answer."""
    if act.login is not None:
        headers = {"accept": "application/json"}
        form = f"grant_type=password&scope=ovirt-app-api&username=admin%40internal&password={act.login}"
        answer = desk.lab.handle("POST", "/ovirt-engine/sso/oauth/token", "", headers, form.encode())
        return answer.status, answer.text
    if act.deactivate is not None:
        path = f"hosts/{desk.host(act.deactivate).id}/deactivate"
        answer = desk.send("POST", f"{path}?correlation_id=ours", "<action/>")
    elif act.cancel is not None:
        path = f"vms/{desk.vm(act.cancel).id}/cancelmigration"
        answer = desk.send("POST", f"{path}?correlation_id=ours", "<action/>")
    else:
        assert act.migrate is not None
        path = f"vms/{desk.vm(act.migrate).id}/migrate"
        answer = desk.send("POST", f"{path}?correlation_id=ours", body_of(desk, act))
    return (0 if answer.fate else answer.status), answer.text


def named(name: str) -> tuple[Scenario, Expected]:
    scenario = load_scenario(FOLDER / f"{name}.yaml")
    assert scenario.expected is not None
    return scenario, msgspec.convert(scenario.expected, type=Expected)


def test_every_row_has_its_scenario() -> None:
    """Forty-four rows, one scenario each, numbered as in the taxonomy."""
    assert [named(name)[1].row for name in ROWS] == list(range(1, 45))


@pytest.mark.parametrize("name", ROWS)
def test_the_lab_does_what_the_row_says(name: str) -> None:
    """Status code, text, events, job and where the VM is in the end."""
    scenario, expected = named(name)
    desk = Desk(open_lab(scenario))
    desk.wait(expected.act.at_s)
    status, text = do(desk, expected.act)
    assert (status, expected.text in re.sub(r"&apos;", "'", text)) == (expected.status, True), text
    desk.wait(expected.after_s)
    if expected.vm is not None:
        assert desk.on("subject") == expected.vm
    if expected.vm_cluster is not None:
        cluster = desk.world.find("clusters", desk.vm("subject").ref("cluster"))
        assert cluster is not None
        assert cluster.name == expected.vm_cluster
    if expected.host is not None and expected.act.deactivate is not None:
        assert desk.host(expected.act.deactivate).text("status") == expected.host
    assert desk.events("ours") == expected.events
    for code in set(expected.also):
        assert desk.events().count(code) >= expected.also.count(code), f"event {code}: {desk.said()}"
    if expected.job is not None:
        desk = Desk.again(desk)
        statuses = [status for _, status in desk.jobs()]
        assert statuses == ([expected.job] if expected.job else [])


def test_faults_in_a_scenario_are_checked_like_the_rest() -> None:
    """A misspelt key of a fault is refused with its place."""
    from rhevmig.errors import ScenarioInvalid
    from rhevmig.lab.scenario.model import parse_scenario

    with pytest.raises(ScenarioInvalid, match="vmm"):
        open_lab(parse_scenario("faults: [{kind: host_dies, vmm: x}]"))


def test_signing_in_survives_the_scenarios() -> None:
    """Each scenario's administrator can log in at its start."""
    for name in ROWS:
        scenario, _ = named(name)
        lab = open_lab(scenario)
        assert sign_in(lab.engine, lab.username, lab.password).startswith("Bearer ")
