"""Passwords are checked, sessions end, and each kind of account sees what a real engine shows it."""

from __future__ import annotations

import base64
import json

from tests.unit.lab.worlds import Driven, detail, driven

TOKEN = "/ovirt-engine/sso/oauth/token"


def log_in(lab: Driven, form: str, accept: str = "application/json") -> tuple[int, dict[str, str]]:
    answer = lab.lab.handle("POST", TOKEN, "", {"accept": accept}, form.encode())
    return answer.status, json.loads(answer.text)


def test_wrong_passwords_and_unknown_users_read_the_same():
    """400 with access_denied, the doubled dot included; a name without a profile says so."""
    lab = driven()
    form = "grant_type=password&scope=ovirt-app-api&username={}%40internal&password=wrong"
    texts = {log_in(lab, form.format(user))[1]["error"].split("': ")[1] for user in ("admin", "nonesuch")}
    assert len(texts) == 1
    assert texts.pop().endswith("contact the system administrator..")
    status, content = log_in(lab, "grant_type=password&scope=ovirt-app-api&username=admin&password=secret")
    assert (status, content["error_code"]) == (400, "access_denied")
    assert "'admin@N/A': No valid profile" in content["error"]


def test_a_token_needs_the_scope_of_the_api():
    """A token of another scope is given, and refused at the API; so is one that was made up."""
    lab = driven()
    form = "grant_type=password&username=admin%40internal&password=secret"
    status, content = log_in(lab, form)
    assert status == 200
    lab.authorization = f"Bearer {content['access_token']}"
    answer = lab.ask("GET", "vms")
    assert (answer.status, answer.header("www-authenticate")) == (401, 'Basic realm="RESTAPI"')
    assert log_in(lab, form, accept="*/*")[1]["error_code"] == "invalid_request"
    assert log_in(lab, "grant_type=nonsense")[1]["error_code"] == "unsupported_grant_type"


def test_half_an_hour_of_silence_ends_a_session():
    """Thirty simulated minutes without a request; each request begins them anew."""
    lab = driven()
    for _ in range(3):
        lab.lab.advance(29 * 60)
        assert lab.ask("GET", "tags").status == 200
    lab.lab.advance(31 * 60)
    answer = lab.ask("GET", "tags")
    assert answer.status == 401
    assert "invalid_grant: The provided authorization grant for the auth code has expired." in answer.text


def test_logging_out_ends_the_token():
    """sso-logout is always a success; the token is dead afterwards."""
    lab = driven()
    token = lab.authorization.removeprefix("Bearer ")
    answer = lab.lab.handle("POST", "/ovirt-engine/services/sso-logout", "", {}, f"token={token}".encode())
    assert (answer.status, lab.ask("GET", "tags").status) == (200, 401)


def test_basic_credentials_work_without_a_token():
    """Each such request logs in by itself."""
    lab = driven()
    lab.authorization = "Basic " + base64.b64encode(b"admin@internal:secret").decode()
    assert lab.ask("GET", "tags").status == 200
    lab.authorization = "Basic " + base64.b64encode(b"admin@internal:wrong").decode()
    assert lab.ask("GET", "tags").status == 401


def test_a_reader_reads_everything_and_changes_nothing():
    """ReadOnlyAdmin: whole lists, an empty filtered list of VMs, 403 on acts."""
    lab = driven(user="reader@internal")
    assert len(lab.names("vms")) == 6
    assert lab.names("vms?filter=true") == []
    vm_id = lab.id_of("vms", "web01")
    answer = lab.ask("POST", f"vms/{vm_id}/migrate", "<action/>")
    assert (answer.status, detail(answer)) == (403, "[User is not authorized to perform this action.]")
    assert lab.ask("POST", "tags", "<tag><name>x</name></tag>").status == 403


def test_an_operator_sees_only_what_its_roles_show():
    """UserVmManager on a cluster: its VMs without host and placement, hosts only as a list, no jobs."""
    lab = driven(user="operator@internal")
    vms = lab.get("vms")
    assert {vm.findtext("name") for vm in vms} == {"web01", "web02", "web03", "web04", "old01"}
    assert all(vm.find("host") is None and vm.find("placement_policy") is None for vm in vms)
    assert len(lab.names("hosts")) == 4
    host_id = lab.id_of("hosts", "host01")
    for path in (f"hosts/{host_id}", f"hosts/{host_id}/nics", "jobs"):
        answer = lab.ask("GET", path)
        assert (answer.status, "insufficient permissions" in detail(answer)) == (400, True), path
    assert lab.get("clusterlevels")[0].find("cpu_types") is None
    assert lab.ask("GET", "options/ServerCPUList").status == 404


def test_without_any_permission_the_token_is_worth_nothing():
    """The token is given, then every call is an HTML page of status 401."""
    lab = driven(user="nobody@internal")
    answer = lab.ask("GET", "")
    assert answer.status == 401
    assert "nobody@internal-authz with profile [internal] is not authorized" in answer.text


def test_a_session_writes_one_login_event():
    """Event 30 at the first request of a token, not at each."""
    lab = driven()
    form = "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret"
    lab.authorization = f"Bearer {log_in(lab, form)[1]['access_token']}"
    lab.ask("GET", "tags")
    lab.ask("GET", "tags")
    assert len(lab.get("events?search=type%3D30")) == 1
