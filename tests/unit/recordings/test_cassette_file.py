"""Reading and writing cassettes: every bad input is one clear error, and nothing is read without bounds."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import stat
from pathlib import Path

import pytest
import yaml

from rhevmig.errors import CassetteError
from rhevmig.recordings import cassette_file
from rhevmig.recordings.cassette_file import read_cassette, read_document, write_document

HEAD = "version: 1\ninteractions:\n"
EXCHANGE = {
    "request": {
        "method": "get",
        "uri": "https://e:443/ovirt-engine/api/vms?max=2",
        "body": None,
        "headers": {},
    },
    "response": {
        "status": {"code": 200, "message": "OK"},
        "headers": {"A": ["1", "2"]},
        "body": {"string": "ü"},
    },
}
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DAMAGED = {
    "an exchange that is a number": HEAD + "- 1\n",
    "an exchange without a response": HEAD + "- request: {method: GET, uri: x}\n",
    "a status that is text": HEAD + "- {request: {method: GET, uri: x}, response: {status: {code: abc}}}\n",
    "headers that are a list": HEAD
    + "- {request: {method: GET, uri: x, headers: [1]}, response: {status: {code: 200}}}\n",
    "a header that is a mapping": HEAD
    + "- {request: {method: GET, uri: x}, response: {status: {code: 200}, headers: {A: [{b: c}]}}}\n",
    "a body that is a list": HEAD
    + "- {request: {method: GET, uri: x}, response: {status: {code: 200}, body: {string: [1]}}}\n",
    "interactions that are text": "version: 1\ninteractions: abc\n",
    "metadata that is a list": HEAD + "metadata: [1]\n",
    "a date that does not exist": "version: 1\ninteractions: []\nwhen: 2026-99-99\n",
    "a number that is none": "version: 1\ninteractions: []\nwhen: !!int x\n",
    "a foreign tag": "version: 1\ninteractions: !!python/object:os.system a\n",
    "nested 5,000 deep": "version: 1\ninteractions: " + "[" * 5000 + "]" * 5000 + "\n",
    "nested 60 deep": "version: 1\ninteractions: " + "[" * 60 + "]" * 60 + "\n",
    "a bomb of aliases": f"version: 1\n{BOMB}interactions: []\n",
    "control characters": "version: 1\ninteractions: \x01\n",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_cassette_is_one_clear_error(name: str, tmp_path: Path) -> None:
    """Every shape that is not a cassette's is a CassetteError with the file, never another exception."""
    file = tmp_path / "damaged.yaml"
    file.write_text(DAMAGED[name])
    for read in (read_document, read_cassette):
        with pytest.raises(CassetteError, match=r"damaged\.yaml") as refused:
            read(file)
        assert len(refused.value.message) < 500


def test_deeply_nested_json_is_refused(tmp_path: Path) -> None:
    """100,000 levels end in an error, not in a crash."""
    file = tmp_path / "deep.json"
    file.write_text('{"version":1,"interactions":' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(CassetteError, match="nested too deeply"):
        read_document(file)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_the_size_after_decompression_is_bounded(
    pack: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file that expands without end is refused at the bound."""
    monkeypatch.setattr(cassette_file, "MAX_BYTES", 1_000_000)
    file = tmp_path / ("zeros.json.gz" if pack is gzip.compress else "zeros.json.xz")
    file.write_bytes(pack(b" " * 5_000_000))  # type: ignore[operator]
    with pytest.raises(CassetteError, match="larger than"):
        read_document(file)


def test_a_device_is_read_only_up_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """`/dev/zero` does not fill the memory."""
    monkeypatch.setattr(cassette_file, "MAX_BYTES", 1_000_000)
    with pytest.raises(CassetteError, match="larger than"):
        read_document(Path("/dev/zero"))


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.yaml.gz", "a.json.xz"])
def test_an_exchange_survives_writing_and_reading(name: str, tmp_path: Path) -> None:
    """Each format gives back what was written."""
    write_document(tmp_path / name, {"version": 1, "interactions": [EXCHANGE]})
    (exchange,) = read_cassette(tmp_path / name)
    assert (exchange.method, exchange.status, exchange.answer) == ("GET", 200, "ü")
    assert exchange.headers == (("A", "1"), ("A", "2"))
    assert (exchange.target, exchange.path, exchange.query) == ("/ovirt-engine/api/vms?max=2", "vms", "max=2")
    assert (exchange.param("max"), exchange.has_param("search"), exchange.header("a")) == ("2", False, "2")


def test_a_new_cassette_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    """Neither wider than the umask allows, nor changed where the file exists."""
    file = tmp_path / "a.yaml"
    before = os.umask(0o077)
    try:
        write_document(file, {"version": 1, "interactions": []})
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    write_document(file, {"version": 1, "interactions": [EXCHANGE]})
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert yaml.safe_load(file.read_text())["interactions"] == [json.loads(json.dumps(EXCHANGE))]
