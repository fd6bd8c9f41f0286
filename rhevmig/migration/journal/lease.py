"""The owner of a journal: a process on a machine, and whether it is still alive."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A process on a machine."""

    pid: int = 0
    #: Host name, start of the boot id, and number of the PID namespace.
    machine: str = ""
    #: Start time of the process in kernel ticks: a reused pid has another one.
    birth: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.machine}"

    @property
    def text(self) -> str:
        """The JSON that the journal stores."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Reads what `text` wrote; any other text is no owner."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError:
            return cls()


def this_process() -> Owner:
    """The calling process."""
    pid = os.getpid()
    return Owner(pid=pid, machine=_machine(), birth=_birth(pid) or "")


def is_alive(owner: Owner) -> bool:
    """Whether a process certainly runs: never certain for another machine or PID namespace."""
    return bool(owner.pid) and owner.machine == _machine() and not is_dead(owner)


def is_dead(owner: Owner) -> bool:
    """Whether a process has certainly ended: never certain for another machine, certain after a reboot."""
    if not owner.pid:
        return True
    if owner.machine != _machine():
        theirs, ours = owner.machine.split("/"), _machine().split("/")
        is_rebooted = theirs[0] == ours[0] and theirs[1:2] != ours[1:2]
        return is_rebooted and theirs[2:] in ([], ours[2:])
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    birth = _birth(owner.pid)
    return birth is not None and bool(owner.birth) and birth != owner.birth


def _machine() -> str:
    """Host name, boot and PID namespace: no process of an earlier boot is alive.

    In another namespace, a container's, the same pid is another process.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        namespace = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        boot = namespace = "-"
    return f"{socket.gethostname()}/{boot}/{namespace}"


def _birth(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    # a zombie has ended and only waits for its parent
    return None if len(fields) < 20 else ("zombie" if fields[0] == "Z" else fields[19])
