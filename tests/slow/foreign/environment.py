"""The environment of the foreign clients: pinned, made once, beside the product's own and apart from it.

`python()` makes `.venv-foreign` on first use and again when `requirements.txt` changes; `play()` runs a
playbook of this folder against a lab, `program()` one of the SDK's programs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rhevmig.lab.lab import Lab

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
VENV = ROOT / ".venv-foreign"
REQUIREMENTS = HERE / "requirements.txt"


def python() -> Path:
    """The interpreter of the foreign environment, made if it is not there."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp, interpreter = VENV / ".ready", VENV / "bin" / "python"
    VENV.mkdir(exist_ok=True)
    with (VENV / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            _run(sys.executable, "-m", "venv", "--clear", "--upgrade-deps", str(VENV))
            _run(str(interpreter), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS))
            stamp.write_text(wanted)
    return interpreter


def collection() -> Path:
    """Where ovirt.ovirt lies, as the package `ansible` ships it."""
    found = list(VENV.glob("lib/python*/site-packages/ansible_collections/ovirt/ovirt"))
    assert len(found) == 1, f"{len(found)} copies of ovirt.ovirt in {VENV}"
    return found[0]


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


@dataclass
class Played:
    """What a run of a playbook said, task by task."""

    code: int
    output: str
    tasks: list[dict[str, Any]] = field(default_factory=list)

    def result(self, name: str) -> dict[str, Any]:
        """What the task of that name returned."""
        found = [task for task in self.tasks if task["name"] == name]
        assert len(found) == 1, (
            f"{len(found)} tasks are called {name}: {[task['name'] for task in self.tasks]}"
        )
        return dict(found[0]["result"])

    @property
    def changed(self) -> list[str]:
        """Names of the tasks that say they changed something."""
        return [task["name"] for task in self.tasks if task["result"].get("changed")]

    @property
    def failed(self) -> dict[str, str]:
        """What each failed task said."""
        return {
            task["name"]: str(task["result"].get("msg"))
            for task in self.tasks
            if task["result"].get("failed") or task["result"].get("unreachable")
        }

    def require(self) -> Played:
        """Fail with everything said, unless each task succeeded."""
        assert not self.failed, f"{self.failed}\n{self.output[-6000:]}"
        assert self.code == 0, self.output[-6000:]
        return self


def play(name: str, lab: Lab, *, check: bool = False, timeout_s: float = 600, **values: Any) -> Played:
    """Run a playbook of this folder against a lab; `values` are its variables."""
    interpreter = python()
    known = {
        "lab_url": lab.url,
        "lab_ca": lab.ca_file,
        "lab_user": lab.username,
        "lab_password": lab.password,
        "ansible_python_interpreter": str(interpreter),
    }
    command = [str(interpreter.parent / "ansible-playbook"), "-i", "localhost,", "-c", "local"]
    command += ["--check"] if check else []
    command += ["-e", json.dumps(known | values), str(HERE / f"{name}.yml")]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            command,
            env=_environment(home),
            cwd=home,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    said = done.stdout[max(done.stdout.find("{"), 0) :]
    try:
        plays = json.JSONDecoder().raw_decode(said)[0]["plays"]
    except (ValueError, KeyError):
        return Played(done.returncode or 1, done.stdout + done.stderr)
    tasks = [
        {"name": task["task"]["name"], "result": task["hosts"]["localhost"]}
        for each in plays
        for task in each["tasks"]
        if "localhost" in task["hosts"]
    ]
    return Played(done.returncode, done.stdout + done.stderr, tasks)


def program(name: str, lab: Lab | SimpleNamespace, *arguments: str, timeout_s: float = 300) -> list[str]:
    """Run one of the SDK's programs against a lab; the lines that it prints."""
    command = [str(python()), str(HERE / f"{name}.py"), lab.url, lab.ca_file, lab.username, *arguments]
    with tempfile.TemporaryDirectory() as home:
        known = _environment(home) | {"LAB_PASSWORD": lab.password}
        done = subprocess.run(
            command, env=known, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    assert done.returncode == 0, f"{name}: {done.stdout}\n{done.stderr}"
    assert not re.search(r"Traceback|Warning", done.stderr), done.stderr
    return done.stdout.splitlines()


def _environment(home: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        "LC_ALL": "C.UTF-8",
        **kept,
        "HOME": home,
        "ANSIBLE_HOME": home,
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "true",
    }
