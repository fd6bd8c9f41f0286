"""Cassettes: what a replayed call costs, how that grows, what recording adds.

The program is a bare libcurl GET, with the callbacks that the oVirt SDK sets, on answers of a real engine's
size. vcrpy's own path (http.client) does the same requests from the same cassette, in the same run.
"""

from __future__ import annotations

import gc
import http.client
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pycurl
import vcr as vcrpy

from benchmarks.harness import Claim, ratio_claim, repeated
from rhevmig import testing
from rhevmig.recordings.cassette_file import write_document

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "cassettes" / "recorded-engine"

#: A VM as the engine writes it, about 9 kB.
BODY = "<vm>" + "<link href='/ovirt-engine/api/vms/1/nics' rel='nics'/>" * 170 + "</vm>"


def measure() -> list[Claim]:
    """All claims of this file."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_replaying(Path(folder)), *_recording(Path(folder))]


# ── replaying ────────────────────────────────────────────────────────────────────────────────────


def _replaying(folder: Path) -> list[Claim]:
    hundred, thousands = _cassette(folder, 100), _cassette(folder, 3200)
    calls = {size: _per_call(path, size) for size, path in ((100, hundred), (3200, thousands))}
    library = _per_call_http(hundred, 100)
    ours, many = calls[100], calls[3200]
    return [
        _milliseconds("a replayed call, cassette of 100 exchanges", ours, at_most=0.5),
        _milliseconds("the same through vcrpy's own http.client stubs", library),
        ratio_claim("a replayed call beside vcrpy's own http.client path", ours, library, at_most=1.0),
        _milliseconds("a replayed call, cassette of 3,200 exchanges", many),
        ratio_claim(
            "a call in a cassette 32 times as long, beside one in the short one", many, ours, at_most=32
        ),
    ]


def _per_call(path: Path, size: int) -> list[float]:
    def play() -> float:
        with testing.cassette(path, record_mode="none") as played:
            gc.collect()
            started = time.perf_counter()
            for number in range(size):
                _get(f"http://other.example/ovirt-engine/api/vms/{number}")
            spent = time.perf_counter() - started
            assert played.all_played
        return spent / size

    play()
    return [play() for _ in range(7)]


def _per_call_http(path: Path, size: int) -> list[float]:
    plain = vcrpy.VCR(match_on=("method", "path", "query"))

    def play() -> float:
        with plain.use_cassette(str(path), record_mode="none") as played:
            gc.collect()
            started = time.perf_counter()
            for number in range(size):
                connection = http.client.HTTPConnection("other.example")
                connection.request("GET", f"/ovirt-engine/api/vms/{number}")
                connection.getresponse().read()
                connection.close()
            spent = time.perf_counter() - started
            assert played.all_played
        return spent / size

    play()
    return [play() for _ in range(7)]


def _cassette(folder: Path, size: int) -> Path:
    path = folder / f"{size}.yaml"
    interactions = [
        {
            "request": {
                "method": "GET",
                "uri": f"https://engine.lab.example/ovirt-engine/api/vms/{number}",
                "body": None,
                "headers": {"Accept": ["application/xml"], "Authorization": ["Bearer SCRUBBED"]},
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Type": ["application/xml;charset=UTF-8"]},
                "body": {"string": BODY},
            },
        }
        for number in range(size)
    ]
    write_document(path, {"version": 1, "interactions": interactions})
    return path


# ── recording ────────────────────────────────────────────────────────────────────────────────────


def _recording(folder: Path) -> list[Claim]:
    claims = []
    with testing.serve(ENGINE) as engine:
        token = _token(engine.url)
        for name, path in (
            ("one host list (95 kB)", "/hosts"),
            ("one VM's NICs (2 kB)", _nics(engine.url, token)),
        ):
            url = engine.url + path
            live, recorded, saving = _side_by_side(lambda url=url: _get(url, token), folder)  # type: ignore[misc]
            claims.append(_milliseconds(f"{name}, live over the loopback", live))
            claims.append(
                _milliseconds(f"{name}, recording adds", [r - v for v, r in zip(live, recorded, strict=True)])
            )
            claims.append(
                ratio_claim(f"recording beside not recording, {name}, loopback server", recorded, live)
            )
            claims.append(_milliseconds(f"{name}, saving, an exchange", saving))
    # A real engine takes 2–3 ms for its quickest answers (an option, the last event), 23 ms for a VM.
    for milliseconds, what in ((3, "the quickest answers of a real engine"), (23, "one VM of a real engine")):
        slow = testing.Fault(kind="slow", delay_s=milliseconds / 1000, path="/api/*")
        with testing.serve(ENGINE, faults=[slow]) as engine:
            token = _token(engine.url)
            url = engine.url + _nics(engine.url, token).rpartition("/nics")[0]
            live, recorded, _ = _side_by_side(lambda url=url, token=token: _get(url, token), folder, count=25)  # type: ignore[misc]
            claim = f"recording beside not recording, {what} ({milliseconds} ms and the loopback)"
            claims.append(ratio_claim(claim, recorded, live, at_most=1.1))
    return claims


def _side_by_side(
    act: Callable[[], object], folder: Path, *, count: int = 60, rounds: int = 9
) -> tuple[list[float], list[float], list[float]]:
    """Seconds an exchange without and with recording, turn by turn, and of saving."""
    plain: list[float] = []
    recording: list[float] = []
    saving: list[float] = []
    for _ in range(rounds + 1):
        plain.append(_mean(act, count))
        context = testing.cassette(Path(tempfile.mkdtemp(dir=folder)) / "it.yaml")
        context.__enter__()
        recording.append(_mean(act, count))
        started = time.perf_counter()
        context.__exit__(None, None, None)
        saving.append((time.perf_counter() - started) / count)
    return plain[1:], recording[1:], saving[1:]


def _mean(act: Callable[[], object], count: int) -> float:
    return statistics.median(repeated(act, n=count, warm_up=1))


def _get(url: str, token: str = "SCRUBBED") -> bytes:
    curl, lines, body = pycurl.Curl(), io.BytesIO(), io.BytesIO()
    curl.setopt(pycurl.COOKIEFILE, "")
    curl.setopt(pycurl.TIMEOUT, 30)
    curl.setopt(pycurl.ENCODING, "")
    curl.setopt(pycurl.CUSTOMREQUEST, "GET")
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.HTTPHEADER, [b"Accept: application/xml", f"Authorization: Bearer {token}".encode()])
    curl.setopt(pycurl.WRITEFUNCTION, body.write)
    curl.setopt(pycurl.HEADERFUNCTION, lines.write)
    curl.perform()
    assert curl.getinfo(pycurl.HTTP_CODE) == 200
    curl.close()
    return body.getvalue()


def _token(url: str) -> str:
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url.removesuffix("/api") + "/sso/oauth/token")
    curl.setopt(
        pycurl.POSTFIELDS,
        "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=recorded",
    )
    return curl.perform_rb().decode().partition('"access_token":"')[2].partition('"')[0]


def _nics(url: str, token: str) -> str:
    found = _get(f"{url}/vms", token).decode().partition('href="/ovirt-engine/api/vms/')[2].partition('"')[0]
    return f"/vms/{found.partition('/')[0]}/nics"


def _milliseconds(claim: str, seconds: list[float], *, at_most: float | None = None) -> Claim:
    each = [one * 1000 for one in seconds]
    value = statistics.median(each)
    return Claim(
        claim=claim, value=value, unit="ms", low=min(each), high=max(each), n=len(each),
        aim=f"≤ {at_most:g} ms" if at_most is not None else "",
        holds=value <= at_most if at_most is not None else None,
    )  # fmt: skip
