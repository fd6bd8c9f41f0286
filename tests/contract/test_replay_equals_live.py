"""One program over real libcurl, over the same while recording, and replayed: equal results and errors."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ovirtsdk4 as sdk
import pycurl
import pytest
from ovirtsdk4.writer import Writer

from rhevmig import testing
from rhevmig.testing import Fault

CASSETTES = Path(__file__).parents[2] / "cassettes"
ENGINE = CASSETTES / "recorded-engine"
READER = CASSETTES / "roles" / "reader.json.xz"


def connect(url: str, **options: Any) -> sdk.Connection:
    return sdk.Connection(
        url=url, **{"username": "admin@internal", "password": "recorded", "timeout": 5, **options}
    )


def reads(url: str) -> object:
    connection = connect(url)
    system = connection.system_service()
    vm = next(vm for vm in system.vms_service().list() if vm.name == "app01")
    result = [Writer.write(one) for one in system.hosts_service().list(follow="nics", max=10000)]
    result += [Writer.write(system.vms_service().vm_service(vm.id).get()), connection.authenticate() != ""]
    connection.close()
    return result


def reads_three_times(url: str) -> object:
    system = connect(url).system_service()
    return [len(system.data_centers_service().list()) for _ in range(3)]


def migrates(url: str) -> object:
    vms = connect(url, username="reader@internal").system_service().vms_service()
    return vms.vm_service("445712cd-372d-4c78-b8a7-d4a78b918cd9").migrate(query={"correlation_id": "x"})


def times_out(url: str) -> object:
    system = connect(url, timeout=1).system_service()
    return len(system.vms_service().list())


def logs_in_wrong(url: str) -> object:
    return connect(url, password="wrong").authenticate()


def in_threads(url: str) -> object:
    found: dict[int, object] = {}

    def one(number: int) -> None:
        system = connect(url).system_service()
        services = [system.hosts_service(), system.clusters_service(), system.networks_service()]
        found[number] = [len(system.vms_service().list()), len(services[number % 3].list())]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found.items())


def plain_perform(url: str) -> object:
    """A login by hand, with curl's own perform and callbacks of the user."""
    curl, lines, body = pycurl.Curl(), [], []
    curl.setopt(pycurl.URL, url.removesuffix("/api") + "/sso/oauth/token")
    curl.setopt(pycurl.POSTFIELDS, "grant_type=nonsense&scope=ovirt-app-api")
    curl.setopt(pycurl.HEADERFUNCTION, lines.append)
    curl.setopt(pycurl.WRITEFUNCTION, body.append)
    curl.perform()
    kept = [line for line in lines if not line.lower().startswith((b"content-length", b"date"))]
    return [kept, body, curl.getinfo(pycurl.RESPONSE_CODE), curl.getinfo(pycurl.CONTENT_TYPE)]


def health(url: str) -> object:
    return pycurl_get(url.removesuffix("/api") + "/services/health")


def pycurl_get(url: str) -> bytes:
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.TIMEOUT_MS, 700)
    return curl.perform_rb()


#: name → (faults, program)
SCENARIOS: dict[str, tuple[tuple[Fault, ...], Callable[[str], object]]] = {
    "success": ((), reads),
    "expired token, new login, retry": ((Fault(kind="expired", skip=1, times=1),), reads_three_times),
    "403 fault": ((), migrates),
    "wrong password": ((), logs_in_wrong),
    "503 page": ((Fault(kind="unavailable"),), reads_three_times),
    "200 page": ((Fault(kind="html"),), reads_three_times),
    "401 for good": ((Fault(kind="unauthorized"),), reads_three_times),
    "XML cut in the middle": ((Fault(kind="cut-xml"),), reads_three_times),
    "connection cut in the middle": ((Fault(kind="cut-connection"),), reads_three_times),
    "connection closed": ((Fault(kind="empty"),), reads_three_times),
    "connection reset": ((Fault(kind="reset"),), reads_three_times),
    "timeout": ((Fault(kind="silent"),), times_out),
    "never-ending answer": ((Fault(kind="endless"),), times_out),
    "login reset": ((Fault(kind="reset", path="/sso*"),), reads_three_times),
    "threads": ((), in_threads),
    "perform by hand": ((), plain_perform),
    "timeout by hand": ((Fault(kind="silent", path="/services*"),), health),
    "closed by hand": ((Fault(kind="empty", path="/services*"),), health),
}


#: Scenarios that end well.
WELL = {"success", "expired token, new login, retry", "threads", "perform by hand"}


def outcome(program: Callable[[str], object], url: str) -> object:
    """The result, or the error as a program sees it, without ports, addresses and milliseconds."""
    try:
        return ("ok", program(url))
    except Exception as error:  # noqa: BLE001 - the SDK raises bare exceptions too, and they must be equal
        text = re.sub(
            r"0x[0-9a-f]+|\d+ (?:ms|milliseconds)|port \d+|\d+ (?:out of \d+ )?bytes", "N", str(error)
        )
        args = error.args if isinstance(error, pycurl.error) else ()
        return (type(error).__qualname__, getattr(error, "code", None), args[:1], text)


@contextlib.contextmanager
def counting(url: str) -> Iterator[list[int]]:
    """Listens where the server was: the list tells how many connections came."""
    counted = [0]
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", urlsplit(url).port or 0))
        listener.listen(50)
        try:
            yield counted
        finally:
            while select.select([listener], [], [], 0)[0]:
                listener.accept()[0].close()
                counted[0] += 1


@pytest.mark.parametrize("name", SCENARIOS)
def test_replay_equals_live(name: str, tmp_path: Path) -> None:
    """Result or error is the same live, while recording and replayed; the replay opens no connection."""
    faults, program = SCENARIOS[name]
    user = "reader@internal" if program is migrates else "admin@internal"

    def run(cassette: Path | None) -> tuple[Any, str]:
        recording = testing.cassette(cassette) if cassette else contextlib.nullcontext()
        cassettes = [READER, ENGINE] if program is migrates else [ENGINE]
        served = testing.serve(cassettes, faults=faults, username=user, ignore_query=["correlation_id"])
        with served as engine, recording:
            return outcome(program, engine.url), engine.url

    live, _ = run(None)
    recorded, url = run(tmp_path / "it.yaml")
    with counting(url) as connections, testing.cassette(tmp_path / "it.yaml", record_mode="none") as played:
        replayed = outcome(program, url)
    assert (live[0] == "ok") is (name in WELL), live
    assert live == recorded
    assert recorded == replayed
    assert played.all_played
    assert connections == [0]


def test_refused_connection_is_recorded(tmp_path: Path) -> None:
    """Error 7 of a server that is not there comes back from the cassette, even when there is one now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/ovirt-engine/api"
    live = outcome(reads, url)
    with testing.cassette(tmp_path / "it.yaml"):
        recorded = outcome(reads, url)
    with testing.serve(ENGINE) as engine, testing.cassette(tmp_path / "it.yaml", record_mode="none"):
        replayed = outcome(reads, engine.url)
    assert live == recorded == replayed
    assert live[0] == "ConnectionError"
    assert "(7," in str(live)


def test_conflict_fault_is_the_same(tmp_path: Path) -> None:
    """A 409 with the engine's fault: same class, code and fault text live and replayed."""
    refusal = CASSETTES / "engine-acts" / "migrate-cancel.yaml.xz"

    def cancels(url: str) -> object:
        vms = connect(url).system_service().vms_service()
        return vms.vm_service("445712cd-372d-4c78-b8a7-d4a78b918cd9").cancel_migration()

    with testing.serve(refusal) as engine:
        live = outcome(cancels, engine.url)
        with testing.cassette(tmp_path / "it.yaml"):
            recorded = outcome(cancels, engine.url)
    with testing.cassette(tmp_path / "it.yaml", record_mode="none"):
        assert live == recorded == outcome(cancels, engine.url)
    assert live[:2] == ("Error", 409)
