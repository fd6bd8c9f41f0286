"""Who holds a journal: which process on which machine, and whether it still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A process on a machine."""

    #: Process.
    pid: int = 0
    #: Machine.
    machine: str = ""
    #: When the process began, in the kernel's ticks: a number that was given again is another process.
    birth: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.machine}"

    @property
    def text(self) -> str:
        """As it is written down."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Reads what `text` wrote; anything else is nobody."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError:
            return cls()


def this_process() -> Owner:
    """The process that asks."""
    pid = os.getpid()
    return Owner(pid=pid, machine=_machine(), birth=_birth(pid) or "")


def is_dead(owner: Owner) -> bool:
    """Whether a process is certainly no more: never certain of another machine, always after a reboot."""
    if not owner.pid:
        return True
    if owner.machine != _machine():
        return owner.machine.partition("/")[0] == socket.gethostname()
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    birth = _birth(owner.pid)
    return birth is not None and bool(owner.birth) and birth != owner.birth


def _machine() -> str:
    """Name and boot of the machine: after a reboot all of its processes are others."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        boot = "-"
    return f"{socket.gethostname()}/{boot}"


def _birth(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    #: a zombie only waits to be counted
    return None if len(fields) < 20 else ("zombie" if fields[0] == "Z" else fields[19])
