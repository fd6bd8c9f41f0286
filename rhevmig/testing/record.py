"""Records the requests of a command's Python programs: `rhevmig cassette record FILE -- COMMAND`.

The command runs with a small start-up module on its path. Each of its Python processes writes every finished
exchange to a separate part file; afterwards the parts become one cassette.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rhevmig.errors import CassetteError
from rhevmig.recordings.cassette_file import write_document
from rhevmig.testing.metadata import metadata_of
from rhevmig.testing.recording_lock import RecordingLock
from rhevmig.testing.scrub.pseudonyms import Pseudonyms
from rhevmig.testing.vcr_pycurl.cassette import EngineCassette, EngineVCR

#: Environment variable with the folder of the part files.
FOLDER = "RHEVMIG_RECORD_TO"

_START_UP = '''"""Imports the site's module of this name, then starts recording in this process."""
import os, sys
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
loaded = sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize
except ImportError:
    # importlib looks up the module again after its execution
    sys.modules["sitecustomize"] = loaded
sys.path.append({package!r})
try:
    from rhevmig.testing.record import start_in_this_process
except ImportError:
    pass  # an interpreter without pycurl or vcrpy: nothing to record
else:
    start_in_this_process()
'''


class RecordedCommand:
    """How a recorded command ended."""

    def __init__(self, exit_code: int, exchanges: int) -> None:
        self.exit_code = exit_code
        # Number of recorded exchanges.
        self.exchanges = exchanges


def record_command(
    path: Path,
    command: Sequence[str],
    *,
    pseudonyms: Pseudonyms | None = None,
    replace: bool = False,
    environment: Mapping[str, str] | None = None,
) -> RecordedCommand:
    """Runs a command and writes the exchanges of its processes to a cassette.

    Args:
        replace: overwrite an existing cassette, which is refused otherwise.
        environment: of the command; this process's by default.

    Raises: CassetteError where the file exists, where the command cannot be started, and where nothing was
        recorded; no cassette is written then.
    """
    if path.exists() and not replace:
        raise CassetteError(
            path=str(path), detail="the file exists already", remedy="Name another one, or add --replace."
        )
    lock = RecordingLock(path)
    lock.take()
    try:
        with tempfile.TemporaryDirectory(prefix="rhevmig-record-") as folder:
            code = _run(command, Path(folder), dict(os.environ if environment is None else environment))
            interactions = _interactions(Path(folder))
        if not interactions:
            raise CassetteError(
                path=str(path),
                detail=f"nothing was recorded: {command[0]} ended with {code}, without requests by pycurl",
                remedy="Only Python programs that use pycurl are recorded; see docs/testing.md.",
            )
        document: dict[str, Any] = {"version": 1, "interactions": interactions}
        document = document if pseudonyms is None else pseudonyms.document(document)
        write_document(path, {**document, "metadata": metadata_of(document)})
    finally:
        lock.release()
    return RecordedCommand(code, len(interactions))


def start_in_this_process() -> None:
    """Records pycurl until this process ends; called by the start-up module."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    recorder = EngineVCR()._use_cassette(path=os.devnull, record_mode="all")
    recorder.cls = _Streaming
    cassette = recorder.__enter__()
    cassette.folder = Path(folder)
    # The patches are removed at the end, so that other exit handlers use the real pycurl.
    atexit.register(recorder.__exit__, None, None, None)


class _Streaming(EngineCassette):
    """Writes each exchange at once: a process may end without running its exit handlers."""

    folder: Path

    def _may_record(self, path: str) -> bool:
        return False  # no lock: each process writes its own part

    def _keep(self, request: Any, response: dict[str, Any]) -> None:
        super()._keep(request, response)
        self.hide()
        self._write(*self.data.pop())

    def _write(self, request: Any, response: dict[str, Any]) -> None:
        line = json.dumps(
            {
                "request": {
                    "method": request.method,
                    "uri": request.uri,
                    "body": _as_json(request.body),
                    "headers": {name: [value] for name, value in request.headers.items()},
                },
                "response": {**response, "body": {"string": _as_json(response["body"]["string"])}},
            }
        )
        with (self.folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as part:
            part.write(line + "\n")

    def _load(self) -> None:
        self.rewound = True

    def _save(self, force: bool = False) -> None:
        return


def _run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> int:
    start_up = folder / "start-up"
    start_up.mkdir()
    package = str(Path(__file__).resolve().parents[2])
    (start_up / "sitecustomize.py").write_text(_START_UP.format(package=package), encoding="utf-8")
    old = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([str(start_up), *([old] if old else [])])
    environment[FOLDER] = str(folder)
    try:
        return subprocess.run(list(command), env=environment, check=False).returncode  # noqa: S603 - the command of the user
    except OSError as problem:
        raise CassetteError(path=command[0], detail=f"the command cannot be started: {problem}") from problem


def _interactions(folder: Path) -> list[dict[str, Any]]:
    """The exchanges of all parts, in the order in which they began."""
    lines = [
        json.loads(line)
        for part in sorted(folder.glob("*.jsonl"))
        for line in part.read_text(encoding="utf-8").splitlines()
        if line.endswith("}")
    ]
    for interaction in lines:
        for side in ("request", "response"):
            interaction[side]["body"] = _from_json(interaction[side]["body"])
    return sorted(lines, key=lambda one: str((one["response"].get("curl") or {}).get("at") or ""))


def _as_json(body: Any) -> Any:
    if isinstance(body, bytes):
        try:
            return body.decode()
        except UnicodeDecodeError:
            return {"latin-1": body.decode("latin-1")}
    return body


def _from_json(body: Any) -> Any:
    if isinstance(body, dict) and "latin-1" in body:
        return body["latin-1"].encode("latin-1")
    if isinstance(body, dict) and isinstance(body.get("string"), dict):
        return {"string": body["string"]["latin-1"].encode("latin-1")}
    return body
