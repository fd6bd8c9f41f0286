"""Bad input over the wire: the engine's own fault or a closed connection; no traceback, no changed world."""

from __future__ import annotations

import base64
import http.client
import random
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from rhevmig.errors import LabError, ScenarioInvalid
from rhevmig.lab.lab import Lab, open_lab, serve

DEMO = Path("rhevmig/lab/scenarios/demo.yaml")
API = "/ovirt-engine/api"
BASIC = "Basic " + base64.b64encode(b"admin@internal:secret").decode()
XML = "application/xml"
#: What a client that sends rubbish may lose: the connection.
CLOSED = 0


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The demo site on a clock that stands still, so that nothing but a request can change it."""
    with open_lab(DEMO).start() as lab:
        yield lab


@pytest.fixture
def unchanged(lab: Lab) -> Iterator[None]:
    """The world after the test is the world before it, and the lab itself made no mistake."""
    before = world_of(lab)
    yield
    assert not lab.engine.mistakes
    assert world_of(lab) == before


def world_of(lab: Lab) -> dict[str, Any]:
    """Everything that the lab knows, but the logins that any request writes down."""
    return {
        place: {key: entity.attrs for key, entity in table.items()}
        for place, table in lab.world.tables.items()
        if place != "events"
    }


def context(lab: Lab) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=lab.ca_file)


def ask(
    lab: Lab, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, str, bytes]:
    """Status, content type and body; status 0 when the connection was closed without an answer."""
    connection = http.client.HTTPSConnection("localhost", lab.port, context=context(lab), timeout=30)
    sent = {"Authorization": BASIC, "Content-Type": XML}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read()
    except (ConnectionError, ssl.SSLError, http.client.BadStatusLine):
        return CLOSED, "", b""
    finally:
        connection.close()


def require_engines_answer(status: int, kind: str, body: bytes, allowed: set[int]) -> None:
    """The status is one of those, and the body is none, a fault of the API or a page; no trace of Python."""
    assert status in allowed, body[:300]
    assert b"Traceback" not in body
    assert b".py" not in body
    if "xml" in kind:
        assert b"<fault>" in body
    elif body:
        assert kind.startswith(("text/html", "text/plain", "application/json"))


IDS = [
    "%00", "%2e%2e%2f%2e%2e%2fetc", "..%2f..", "a" * 3000, "%ff%fe", "';drop%20table%20vms", "%3Cscript%3E",
    "%E2%82%AC", "00000000-0000-0000-0000-00000000000g", "-1", "1%20or%201", "{id}",
]  # fmt: skip


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("kind", ["vms", "hosts", "clusters", "jobs", "events", "options"])
def test_malformed_ids(lab: Lab, kind: str) -> None:
    """What is no id is not found, whatever it is made of, also below and for changes."""
    for text in IDS:
        for method, path in (("GET", text), ("GET", f"{text}/permissions"), ("DELETE", text), ("PUT", text)):
            answer = ask(lab, method, f"{API}/{kind}/{path}", b"" if method == "PUT" else None)
            require_engines_answer(*answer, {404, 405})


def _bomb() -> bytes:
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10))
    return b'<!DOCTYPE vm [<!ENTITY e0 "boom">' + entities + b"]><vm><name>&e9;</name></vm>"


UTF16 = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE vm [<!ENTITY x "y">]><vm><name>&x;</name></vm>'
BODIES = {
    "bomb": _bomb(),
    "file": b'<!DOCTYPE vm [<!ENTITY x SYSTEM "file:///etc/passwd">]><vm><name>&x;</name></vm>',
    "fetched": b'<!DOCTYPE vm SYSTEM "http://127.0.0.1:9/x.dtd"><vm/>',
    "hidden": UTF16.encode("utf-16"),
    "deep": b"<vm>" + b"<cpu>" * 20_000 + b"</cpu>" * 20_000 + b"</vm>",
    "cut": b"<vm><name>x",
    "binary": bytes(range(256)) * 40,
    "two roots": b"<vm/><vm/>",
    "zero byte": b"<vm><name>a\0b</name></vm>",
    "foreign names": b'<x:vm xmlns:x="y"><x:name>n</x:name></x:vm>',
    "unknown member": b"<vm><colour>blue</colour></vm>",
    "struct for a text": b"<vm><name><first>x</first></name></vm>",
    "text for a number": b"<vm><memory>much</memory></vm>",
    "unknown value": b"<vm><type>toaster</type></vm>",
    "another element": b"<colour/>",
    "wide": b"<vm>" + b"<comment>x</comment>" * 50_000 + b"</vm>",
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", BODIES)
def test_bodies(lab: Lab, name: str) -> None:
    """Bombs, files, cut and wrong documents are refused on creating, editing and acting alike."""
    vm = lab.world.named("vms", "web01")
    assert vm is not None
    for method, path in (("POST", "/vms"), ("PUT", f"/vms/{vm.id}"), ("POST", f"/vms/{vm.id}/migrate")):
        if method == "PUT" and name == "wide":
            continue  # repeated comments are one comment to the engine
        status, kind, body = ask(lab, method, API + path, BODIES[name])
        require_engines_answer(status, kind, body, {400, 500})
        assert status == 400 or body == b"argument type mismatch" or body.startswith(b"java.lang.ClassCast")
        assert b"root:" not in body


@pytest.mark.usefixtures("unchanged")
def test_oversized_bodies(lab: Lab) -> None:
    """More than eight mebibytes are refused, however they are announced."""
    large = b"<vm>" + b" " * (9 * 2**20) + b"</vm>"
    assert ask(lab, "POST", f"{API}/vms", large)[0] in (CLOSED, 413)
    head = f"POST {API}/vms HTTP/1.1\r\nHost: x\r\nAuthorization: {BASIC}\r\n"
    assert raw(lab, head.encode() + b"Content-Length: 99999999999\r\n\r\n").startswith(b"HTTP/1.1 413")
    chunks = b"Transfer-Encoding: chunked\r\n\r\n" + b"100000\r\n" + b" " * 2**20 + b"\r\n"
    answer = raw(lab, head.encode() + chunks + (b"100000\r\n" + b" " * 2**20 + b"\r\n") * 9)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")


def raw(lab: Lab, sent: bytes) -> bytes:
    """The first bytes of whatever comes back for bytes that need not be HTTP."""
    plain = socket.create_connection(("localhost", lab.port), timeout=10)
    with context(lab).wrap_socket(plain, server_hostname="localhost") as connection:
        try:
            connection.sendall(sent)
            return connection.recv(4096)
        except OSError:
            return b""


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x00\xa5",
        f"GET {API} HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n".encode(),
        f"GET {API} HTTP/1.1\r\nHost: x\r\nX: {'a' * 200_000}\r\n\r\n".encode(),
        f"GET {API}?{'a' * 200_000} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"POST {API}/vms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n".encode(),
    ],
)
def test_what_is_no_request(lab: Lab, sent: bytes) -> None:
    """Bytes that are no HTTP get 400 or a closed connection, and the lab goes on answering."""
    answer = raw(lab, sent)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert b"Traceback" not in answer
    assert ask(lab, "GET", API)[0] == 200


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("verb", ["PATCH", "TRACE", "FOO", "LINK", "get", "PROPFIND"])
def test_unknown_verbs(lab: Lab, verb: str) -> None:
    """405 for a verb that the engine has not, on the root, a list, an item and an action."""
    vm = lab.world.named("vms", "web01")
    assert vm is not None
    for path in ("", "/vms", f"/vms/{vm.id}", f"/vms/{vm.id}/migrate"):
        require_engines_answer(*ask(lab, verb, API + path), {405})


@pytest.mark.usefixtures("unchanged")
def test_verbs_in_the_wrong_place(lab: Lab) -> None:
    """405 for a list that is put, an item that is posted, an action that is read or deleted."""
    vm = lab.world.named("vms", "web01")
    assert vm is not None
    for verb, path in (
        ("PUT", "/vms"), ("DELETE", "/vms"), ("POST", ""), ("DELETE", ""), ("POST", f"/vms/{vm.id}"),
        ("GET", f"/vms/{vm.id}/migrate"), ("DELETE", f"/vms/{vm.id}/start"), ("PUT", f"/vms/{vm.id}/start"),
    ):  # fmt: skip
        require_engines_answer(*ask(lab, verb, API + path, b"<vm/>" if verb != "GET" else None), {405})


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "image/png",
        "multipart/form-data; boundary=x",
        "x" * 500,
        "application/x-www-form-urlencoded",
    ],
)
def test_wrong_content_types(lab: Lab, content_type: str) -> None:
    """415 without a body, as recorded, for what the engine cannot read."""
    vm = lab.world.named("vms", "web01")
    assert vm is not None
    for path in ("/vms", f"/vms/{vm.id}/migrate"):
        status, _, body = ask(lab, "POST", API + path, b"<action/>", Content_Type=content_type)
        assert (status, body) == (415, b"")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'{"host":5}', b'{"host":{"id":[1]}}', b'{"host":{"name":{"x":1}}}',
     b'{"a":' * 5000, b"\xff\xfe", b'{"colour":"blue"}', b'{"force":"perhaps"}'],
)  # fmt: skip
def test_broken_json(lab: Lab, body: bytes) -> None:
    """400 for JSON that cannot be read or does not fit the type."""
    vm = lab.world.named("vms", "web01")
    assert vm is not None
    answer = ask(lab, "POST", f"{API}/vms/{vm.id}/migrate", body, Content_Type="application/json")
    require_engines_answer(*answer, {400})


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "query",
    ["max=abc", "max=-1", "max=999999999999999999999", "follow=%00", "follow=" + ".".join(["nics"] * 500),
     "follow=" + ",".join(["nics"] * 2000), "search=" + "(" * 5000,
     "search=" + "name%3Da%20or%20" * 2000 + "x%3Db",
     "search=name%3D" + "*" * 300, "search=page%20999999999999", "search=%ff", "from=x", "all_content=maybe"],
)  # fmt: skip
def test_odd_parameters(lab: Lab, query: str) -> None:
    """Parameters that make no sense are passed over, find nothing, or get the engine's fault or page."""
    status, kind, body = ask(lab, "GET", f"{API}/vms?{query}")
    if status != 200:
        require_engines_answer(status, kind, body, {400, 500})
        assert status == 400 or b"Problem following" in body


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "header",
    ["Bearer x", "Bearer ", "Bearer " + "a" * 5000, "Basic !!!", "Basic bm9jb2xvbg==", "Digest x", ""],
)  # fmt: skip
def test_odd_credentials(lab: Lab, header: str) -> None:
    """401 as a page for credentials that open nothing."""
    status, kind, _ = ask(lab, "GET", f"{API}/vms", Authorization=header)
    assert (status, kind.partition(";")[0]) == (401, "text/html")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "form", [b"", b"%%%", b"a" * 100_000, b"grant_type=foo", b"grant_type=password", b"\xff=\xfe"]
)
def test_odd_sign_on(lab: Lab, form: bytes) -> None:
    """400 as JSON with a code of the sign-on service."""
    status, kind, body = ask(
        lab, "POST", "/ovirt-engine/sso/oauth/token", form, Accept="application/json",
        Content_Type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert (status, kind) == (400, "application/json")
    assert b'"error_code"' in body


def test_rubbish_in_every_body() -> None:
    """Half-right bodies on whatever can be made, changed or run are refused or done, never a mistake."""
    from lab_rubbish import Rubbish

    lab = open_lab(DEMO)
    rubbish = Rubbish(lab, random.Random(20))
    for _ in range(1500):
        method, path, body = rubbish.request()
        response = lab.handle(method, API + path, "", {"authorization": BASIC, "content-type": XML}, body)
        said = f"{method} {path} {body.decode()[:800]}"
        assert not lab.engine.mistakes, said
        assert response.status in (200, 201, 400, 403, 404, 405, 409, 500, 501), said
        if response.status == 500:
            known = (b"argument type mismatch", b"General command validation failure")
            assert any(text in response.body for text in known), said
    lab.advance(600)


# -- files and ports


def changed(original: Any, chance: random.Random) -> Any:
    """A copy of a scenario with one thing broken somewhere."""
    broken = deepcopy(original)
    path = chance.choice(list(_paths(broken, ())))
    above = broken
    for step in path[:-1]:
        above = above[step]
    what = chance.random()
    values = [None, True, -1, 10**12, 1.5, "", "x", [], {}, ["x"], {"x": 1}, float("nan"), float("inf"), "é"]
    if what < 0.6:
        above[path[-1]] = chance.choice(values)
    elif what < 0.8 or isinstance(above, list):
        del above[path[-1]]
    else:
        above[f"{path[-1]}x"] = above.pop(path[-1])
    return broken


def _paths(node: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in steps:
        yield (*above, step)
        yield from _paths(value, (*above, step))


def test_scenarios_broken_anywhere(tmp_path: Path) -> None:
    """Whatever is broken, the file loads or is refused in one line that names file and line."""
    original, chance = yaml.safe_load(DEMO.read_text()), random.Random(4)
    file = tmp_path / "broken.yaml"
    refusals = []
    for _ in range(120):
        file.write_text(yaml.dump(changed(original, chance), Dumper=yaml.CSafeDumper))
        try:
            open_lab(file)
        except ScenarioInvalid as error:
            refusals.append(error)
    said = [str(error) for error in refusals]
    assert len(said) > 60
    assert all(text.startswith(f"{file}: line ") and "\n" not in text.strip() for text in said)
    assert sum(error.line is not None for error in refusals) > 0.95 * len(refusals)


@pytest.mark.parametrize(
    ("old", "new", "further", "said"),
    [
        ("used_gib: 900", "used_gib: lots", 0, "Expected `int`, got `str`"),
        ("local: true", "locale: true", 0, "unknown field `locale`"),
        ("pinned_to: [intel04]", "pinned_to: [intel40]", 0, "names 'intel40', but there is none among hosts"),
        ("address: 192.0.2.11/24", "address: 192.0.2.11/99", 0, "192.0.2.11/99"),
        ("seed: 7", "seed: [", 2, "expected ',' or ']'"),
    ],
)
def test_a_broken_scenario_names_its_place(
    tmp_path: Path, old: str, new: str, further: int, said: str
) -> None:
    """One line with the file, the line of the mistake, the key and what was expected; so says the command."""
    text = DEMO.read_text()
    assert text.count(old) == 1
    file = tmp_path / "site.yaml"
    file.write_text(text.replace(old, new))
    line = 1 + file.read_text().partition(new)[0].count("\n") + further
    with pytest.raises(ScenarioInvalid) as refused:
        open_lab(file)
    assert refused.value.line == line
    assert said in str(refused.value)
    done = _command("lab", "serve", "--scenario", str(file))
    assert done.returncode == 2
    assert f"line {line}" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "rhevmig"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_port_in_use(lab: Lab) -> None:
    """One line that names address and port, from the library and from the command; the other lab goes on."""
    with pytest.raises(LabError, match=f"cannot listen on 127.0.0.1 port {lab.port}"):
        serve(DEMO, port=lab.port)
    done = _command("lab", "serve", "--port", str(lab.port))
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {lab.port}" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert ask(lab, "GET", API)[0] == 200


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
@pytest.mark.parametrize("relay", [False, True])
def test_a_port_that_does_not_exist(port: int, relay: bool) -> None:
    """Refused at once, with and without a relay."""
    with pytest.raises(LabError, match=f"port {port}: not between 0 and 65535"):
        serve(DEMO, port=port, relay=relay)


def test_the_ca_of_a_folder_without_one(tmp_path: Path) -> None:
    """A misspelt folder is refused; no CA is made there."""
    done = _command("lab", "ca", str(tmp_path / "typo"))
    assert done.returncode == 2
    assert "has no CA of a lab" in done.stderr.replace("\n", " ")
    assert not (tmp_path / "typo").exists()


def test_the_control_endpoint_refuses_pages_of_other_sites() -> None:
    """A request with a foreign Origin changes nothing; one without, or with the lab's own, is served."""
    lab = open_lab(DEMO)
    own = {"origin": lab.engine.public_url}
    assert lab.handle("GET", "/rhevmig-lab/clock", "", {"origin": "https://evil.example"}).status == 403
    assert lab.handle("GET", "/rhevmig-lab/clock").status == 200
    assert lab.handle("GET", "/rhevmig-lab/clock", "", own).status == 200
