"""The stand-ins for pycurl: patched exactly, complete where they claim to be, loud where they are not."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pycurl
import pytest
import vcr as vcrpy
from vcr.errors import CannotOverwriteExistingCassetteException

from rhevmig import testing
from rhevmig.errors import CassetteError
from rhevmig.testing import vcr_pycurl


class Handler(BaseHTTPRequestHandler):
    """A server with the habits that libcurl users meet."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/moved":
            return self.answer(302, b"over there", Location="/gzip")
        if self.path == "/count":
            self.server.asked = getattr(self.server, "asked", 0) + 1  # type: ignore[attr-defined]
            return self.answer(200, str(self.server.asked).encode())  # type: ignore[attr-defined]
        if self.path == "/gzip":
            packed = gzip.compress(b"hello " * 9000, mtime=0)
            return self.answer(200, packed, Content_Encoding="gzip", X_One="1")
        return self.answer(200, b"plain " + self.path.encode(), Content_Type="text/plain")

    do_HEAD = do_GET  # noqa: N815 - http.server's names

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(
            201, b"got " + body[:40], Content_Type="text/plain", Set_Cookie="JSESSIONID=abcdef123; path=/"
        )

    do_PUT = do_POST  # noqa: N815


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(url: str, **options: object) -> dict[str, object]:
    """Everything a program can see of one transfer."""
    curl, lines, body = pycurl.Curl(), [], io.BytesIO()
    curl.setopt(pycurl.URL, url)
    for name, value in options.items():
        curl.setopt(getattr(pycurl, name), value)
    curl.setopt(pycurl.HEADERFUNCTION, lines.append)
    curl.setopt(pycurl.WRITEDATA, body)
    curl.perform()
    infos = ("RESPONSE_CODE", "EFFECTIVE_URL", "CONTENT_TYPE", "REDIRECT_COUNT")
    told = {name: curl.getinfo(getattr(pycurl, name)) for name in infos}
    curl.close()
    skipped = (b"date", b"server", b"content-length", b"content-encoding")
    return {
        **told,
        "body": body.getvalue(),
        "headers": [one for one in lines if not one.lower().startswith(skipped)],
    }


TRANSFERS = {
    "gzip, decoded": ("/gzip", {"ENCODING": ""}),
    "gzip, as it comes": ("/gzip", {}),
    "redirect followed": ("/moved", {"FOLLOWLOCATION": 1, "ENCODING": ""}),
    "redirect not followed": ("/moved", {}),
    "head": ("/plain", {"NOBODY": 1}),
    "form": ("/form", {"POSTFIELDS": "a=1&b=2"}),
    "bytes": ("/form", {"COPYPOSTFIELDS": b"\x01\xff", "CUSTOMREQUEST": "PUT"}),
    "100 continue": ("/big", {"POSTFIELDS": "x" * 50, "HTTPHEADER": ["Expect: 100-continue"]}),
    "basic login": ("/plain", {"USERPWD": "me:secretpassword1"}),
    "read from a file": ("/up", {"UPLOAD": 1, "READDATA": io.BytesIO(b"from a file"), "INFILESIZE": 11}),
}


@pytest.mark.parametrize("name", TRANSFERS)
def test_a_program_sees_the_same_replayed(name: str, site: str, tmp_path: Path) -> None:
    """Bodies, header blocks and infos are those that libcurl gave."""
    path, options = TRANSFERS[name]

    def again() -> dict[str, object]:
        source = options.get("READDATA")
        if isinstance(source, io.BytesIO):
            source.seek(0)
        return fetch(site + path, **options)

    live = again()
    with testing.cassette(tmp_path / "it.yaml"):
        recorded = again()
    with testing.cassette(tmp_path / "it.yaml", record_mode="none") as played:
        replayed = again()
    assert live == recorded
    if isinstance(live["headers"], list) and any(b"Set-Cookie" in line for line in live["headers"]):
        replayed["headers"] = recorded["headers"] = None  # cookies are hidden
    assert recorded == replayed
    assert played.all_played
    assert b"secretpassword1" not in (tmp_path / "it.yaml").read_bytes()


def test_patches_nest_and_leave_nothing_behind(site: str, tmp_path: Path) -> None:
    """An inner cassette takes over and gives back; after the last one pycurl is itself again."""
    before = (pycurl.Curl, pycurl.CurlMulti)
    with testing.cassette(tmp_path / "outer.yaml") as outer:
        outer_class = pycurl.Curl
        fetch(site + "/outer")
        with testing.cassette(tmp_path / "inner.yaml") as inner:
            assert pycurl.Curl is not outer_class
            fetch(site + "/inner")
        assert pycurl.Curl is outer_class
        fetch(site + "/outer2")
    assert (pycurl.Curl, pycurl.CurlMulti) == before
    assert ([one.path for one in outer.requests], [one.path for one in inner.requests]) == (
        ["/outer", "/outer2"],
        ["/inner"],
    )
    with pytest.raises(ZeroDivisionError), testing.cassette(tmp_path / "other.yaml"):
        _ = 1 / 0
    assert (pycurl.Curl, pycurl.CurlMulti) == before


def test_it_works_with_vcrpy_alone(site: str, tmp_path: Path) -> None:
    """The stubs are plain custom_patches: any vcr.VCR may use them."""
    mine = vcrpy.VCR(custom_patches=vcr_pycurl.custom_patches())
    with mine.use_cassette(str(tmp_path / "it.yaml")):
        live = fetch(site + "/plain")
    with mine.use_cassette(str(tmp_path / "it.yaml"), record_mode="none") as played:
        assert fetch(site + "/plain") == live
        with pytest.raises(CannotOverwriteExistingCassetteException):
            fetch(site + "/other")
    assert played.play_count == 1


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: pycurl.Curl().setopt(pycurl.HTTPPOST, []), "HTTPPOST"),
        (lambda: pycurl.Curl().setopt(987654, 1), "987654"),
        (lambda: pycurl.Curl().getinfo(pycurl.SPEED_DOWNLOAD), "SPEED_DOWNLOAD"),
        (lambda: pycurl.CurlMulti().setopt(pycurl.M_SOCKETFUNCTION, print), "M_SOCKETFUNCTION"),
    ],
)
def test_unknown_options_are_errors(act: object, says: str, tmp_path: Path) -> None:
    """What a cassette cannot hold is refused by name, never passed over."""
    with testing.cassette(tmp_path / "it.yaml"), pytest.raises(CassetteError, match=says):
        act()  # type: ignore[operator]


def test_values_are_checked_by_libcurl_also_in_a_replay(tmp_path: Path) -> None:
    """A wrong value fails in a replay as it would live."""
    with testing.cassette(tmp_path / "it.yaml"):
        with pytest.raises(TypeError):
            pycurl.Curl().setopt(pycurl.URL, 5)
        with pytest.raises(AttributeError, match="pause"):
            pycurl.Curl().pause(0)
        closed = pycurl.Curl()
        closed.close()
        with pytest.raises(pycurl.error):
            closed.perform()


def multi(urls: list[str]) -> list[tuple[str, bytes]]:
    """Several transfers on one multi handle, as programs write that loop."""
    many, buffers = pycurl.CurlMulti(), {}
    for url in urls:
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        buffers[curl] = (url, io.BytesIO())
        curl.setopt(pycurl.WRITEFUNCTION, buffers[curl][1].write)
        many.add_handle(curl)
    left = len(urls)
    while left:
        many.perform()
        _, good, bad = many.info_read(1)
        for curl in good:
            many.remove_handle(curl)
        left -= len(good) + len(bad)
        many.select(0.2)
    many.close()
    return sorted((url.rpartition("/")[2], buffer.getvalue()) for url, buffer in buffers.values())


def test_many_transfers_on_one_multi_handle(site: str, tmp_path: Path) -> None:
    """The multi loop runs unchanged, whatever the order in which the server finishes."""
    urls = [f"{site}/{name}" for name in "abcdef"]
    live = multi(urls)
    with testing.cassette(tmp_path / "it.yaml") as recorded:
        assert multi(urls) == live
    with testing.cassette(tmp_path / "it.yaml", record_mode="none") as played:
        assert multi(urls) == live
    assert len(recorded) == played.play_count == 6


def test_a_multi_handle_outlives_its_cassette(site: str, tmp_path: Path) -> None:
    """Handles made after the cassette are libcurl's own, and the old multi handle still takes them."""
    with testing.cassette(tmp_path / "it.yaml"):
        many = pycurl.CurlMulti()
    curl, body = pycurl.Curl(), io.BytesIO()
    curl.setopt(pycurl.URL, site + "/later")
    curl.setopt(pycurl.WRITEFUNCTION, body.write)
    many.add_handle(curl)
    done: list[object] = []
    while not done:
        many.perform()
        done = many.info_read()[1]
        many.select(0.2)
    many.remove_handle(curl)
    many.close()
    assert (done, body.getvalue()) == ([curl], b"plain /later")


def test_a_callback_that_refuses_aborts_as_libcurl_does(site: str, tmp_path: Path) -> None:
    """A write callback that takes nothing ends the transfer with error 23, live and replayed."""

    def refuse() -> object:
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, site + "/plain")
        curl.setopt(pycurl.WRITEFUNCTION, lambda _: 0)
        with pytest.raises(pycurl.error) as refused:
            curl.perform()
        return refused.value.args[0]

    live = refuse()
    with testing.cassette(tmp_path / "it.yaml"):
        fetch(site + "/plain")
    with testing.cassette(tmp_path / "it.yaml", record_mode="none"):
        assert refuse() == live == 23


def test_an_unrecorded_request_fails_at_once_and_says_what_differs(site: str, tmp_path: Path) -> None:
    """The error names the closest recorded request and the part that differs."""
    with testing.cassette(tmp_path / "it.yaml"):
        fetch(site + "/vms?search=name%3Dapp01")
        fetch(site + "/vms/7/migrate", POSTFIELDS="<action><host id='1'/></action>")
    with testing.cassette(tmp_path / "it.yaml", record_mode="none"):
        with pytest.raises(CannotOverwriteExistingCassetteException, match=r"(?s)app01.*query|query.*app01"):
            fetch(site + "/vms?search=name%3Dweb01")
        with pytest.raises(CannotOverwriteExistingCassetteException, match=r"(?s)body.*id=\"2\""):
            fetch(site + "/vms/7/migrate", POSTFIELDS="<action><host id='2'/></action>")


def test_equal_requests_play_in_order_once(site: str, tmp_path: Path) -> None:
    """A poll gets the next answer each time and an error after the last, unless repeats are allowed."""
    with testing.cassette(tmp_path / "it.yaml"):
        live = [fetch(site + "/count")["body"] for _ in range(3)]
    with testing.cassette(tmp_path / "it.yaml", record_mode="none"):
        assert [fetch(site + "/count")["body"] for _ in range(3)] == live
        with pytest.raises(CannotOverwriteExistingCassetteException, match=r"/count"):
            fetch(site + "/count")
    with testing.cassette(tmp_path / "it.yaml", record_mode="none", allow_playback_repeats=True) as played:
        assert [fetch(site + "/count")["body"] for _ in range(4)] == [*live, live[0]]
        played.rewind()
        assert fetch(site + "/count")["body"] == live[0]


def test_new_episodes_are_added(site: str, tmp_path: Path) -> None:
    """record_mode new_episodes replays what is there and records what is not."""
    with testing.cassette(tmp_path / "it.yaml"):
        fetch(site + "/one")
    with testing.cassette(tmp_path / "it.yaml", record_mode="new_episodes") as more:
        fetch(site + "/one")
        fetch(site + "/two")
    assert (len(more), more.play_count) == (2, 1)
    with testing.cassette(tmp_path / "it.yaml", record_mode="none"):
        assert fetch(site + "/two")["body"] == b"plain /two"
