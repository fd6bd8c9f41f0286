"""Cassettes are written whole or not at all, by one process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.request import Request

from rhevmig import testing
from rhevmig.errors import CassetteError
from rhevmig.testing.recording_lock import RecordingLock
from rhevmig.testing.vcr_pycurl.persister import Persister

REQUEST = Request(
    "POST", "http://e/ovirt-engine/api/vms/1/migrate", b"<action/>", {"Accept": "application/xml"}
)
RESPONSE: dict[str, Any] = {
    "status": {"code": 200, "message": "OK"},
    "headers": {"Content-Type": ["application/xml"]},
    "body": {"string": b"<action>\xc3\xa4</action>"},
    "curl": {"at": "2026-11-23T00:00:00Z"},
}


def saved(file: Path, response: dict[str, Any] = RESPONSE) -> Persister:
    persister = Persister()
    persister.save_cassette(file, {"requests": [REQUEST], "responses": [response]})
    return persister


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.yaml.gz", "a.json.xz", "sub/folder/a.yaml"])
def test_what_is_written_is_read(name: str, tmp_path: Path) -> None:
    """Every form keeps method, URI, body, headers and answer."""
    saved(tmp_path / name)
    (request,), (response,) = Persister().load_cassette(tmp_path / name)[:2]
    assert (request.method, request.uri, request.body) == (REQUEST.method, REQUEST.uri, REQUEST.body)
    assert response == RESPONSE


def test_binary_answers_are_kept_by_yaml_and_refused_by_json(tmp_path: Path) -> None:
    """JSON has no bytes: that is said, and nothing half-written stays."""
    binary = {**RESPONSE, "body": {"string": b"\xff\x00"}}
    saved(tmp_path / "a.yaml", binary)
    assert Persister().load_cassette(tmp_path / "a.yaml")[1][0]["body"]["string"] == b"\xff\x00"
    with pytest.raises(CassetteError, match="cannot be written"):
        saved(tmp_path / "a.json", binary)
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_a_missing_file_is_vcrpys_own_error(tmp_path: Path) -> None:
    """vcrpy tells a missing cassette from a broken one by this."""
    with pytest.raises(CassetteNotFoundError):
        Persister().load_cassette(tmp_path / "none.yaml")


def test_a_cassette_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    """Two recordings that end one after the other: the second one says so and leaves the first's file."""
    file = tmp_path / "a.yaml"
    first, second = Persister(), Persister()
    for persister in (first, second):
        with pytest.raises(CassetteNotFoundError):
            persister.load_cassette(file)
    first.save_cassette(file, {"requests": [REQUEST], "responses": [RESPONSE]})
    written = file.read_bytes()
    with pytest.raises(CassetteError, match="another process changed it"):
        second.save_cassette(file, {"requests": [], "responses": []})
    assert file.read_bytes() == written


@pytest.mark.parametrize(
    "content",
    [b"", b"interactions:\n- request: {", b"a: 1\n", b"- request: {}\n", b"version: 7\ninteractions: []\n"],
)
@pytest.mark.parametrize("mode", ["none", "once", "new_episodes", "all"])
def test_a_file_that_cannot_be_read_is_never_recorded_over(content: bytes, mode: Any, tmp_path: Path) -> None:
    """Empty, cut, foreign, older, newer: one clear line in every record mode, and the file is as it was."""
    file = tmp_path / "a.yaml"
    file.write_bytes(content)
    with pytest.raises(CassetteError, match=r"a\.yaml"), testing.cassette(file, record_mode=mode):
        pass
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_replaying_what_is_not_there(tmp_path: Path) -> None:
    """Record mode none without a cassette fails when it is opened, with the way out."""
    with pytest.raises(CassetteError, match="no such cassette") as missing:
        testing.cassette(tmp_path / "a.yaml", record_mode="none").__enter__()
    assert "record_mode='once'" in missing.value.remedy


def test_one_process_records_at_a_time(tmp_path: Path) -> None:
    """A second recorder is refused by name of the first, in this process and in another; replay is not."""
    file = tmp_path / "a.yaml"
    with testing.cassette(file):
        with pytest.raises(CassetteError, match="another process is recording"), testing.cassette(file):
            pass
        other = subprocess.run(
            [sys.executable, "-c", "import sys\nfrom rhevmig.testing import cassette\n"
             "from rhevmig.errors import CassetteError\n"
             "try:\n    cassette(sys.argv[1]).__enter__()\n"
             "except CassetteError as error:\n    print(error)", str(file)],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
        )  # fmt: skip
        assert "another process is recording" in other.stdout
    with testing.cassette(file):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_claim_of_a_dead_process_is_free(tmp_path: Path) -> None:
    """A lock file that nobody holds does not stop a recording."""
    (tmp_path / "a.yaml.lock").write_text("12345")
    lock = RecordingLock(tmp_path / "a.yaml")
    lock.take()
    lock.release()
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    """A path below a file is refused before anything is asked."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(CassetteError, match="cannot be recorded"),
        testing.cassette(tmp_path / "file" / "a.yaml"),
    ):
        pass


def test_a_cassette_with_a_secret_is_refused_unless_allowed(tmp_path: Path) -> None:
    """The place is told, never the value, and how to hide it."""
    file = tmp_path / "a.yaml"
    secret = Request("GET", "http://e/api", None, {"Authorization": "Bearer abcdefgh12345678"})
    Persister().save_cassette(file, {"requests": [secret], "responses": [RESPONSE]})
    with pytest.raises(CassetteError, match="exchange 1, request header Authorization") as refused:
        testing.cassette(file, record_mode="none").__enter__()
    assert "rhevmig cassette scrub" in refused.value.remedy
    assert "abcdefgh" not in str(refused.value)
    with testing.cassette(file, record_mode="none", secrets="allow") as allowed:
        assert len(allowed) == 1
