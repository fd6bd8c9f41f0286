"""The three engines that a contract is held against: a lab over HTTPS, its recording, a live one."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rhevmig.clock import ManualClock, SystemClock
from rhevmig.errors import RhevmigError
from rhevmig.inventory import Inventory
from rhevmig.lab.fault_injection.injector import InjectedFault
from rhevmig.lab.lab import Lab, serve
from rhevmig.lab.scenario.model import load_scenario
from rhevmig.testing import cassette
from rhevmig.testing.vcr_pycurl.network_guard import no_network, no_waiting
from tests.contract.adapter import acts, reads, refusals, troubles
from tests.contract.adapter.site import CONTRACTS, Contract, Site, missing

CASSETTES = Path(__file__).parents[3] / "cassettes" / "adapter"
SCENARIO = CASSETTES / "scenario.yaml"
#: Importing these is what declares the contracts.
DECLARED = (acts, reads, refusals, troubles)
#: Words that stand in no cassette and no error: passwords of the scenario, and what contracts try instead.
SECRETS = (
    "contract-admin-word",
    "contract-reader-word",
    "contract-nobody-word",
    "not-the-word",
    "not-a-token",
)
#: Where nobody is: a replay that asked the network would fail.
NOWHERE = "https://engine.invalid/ovirt-engine/api"

_ID = "00000000-0000-4000-8000-0000000000{}"
_VMS = {
    "movable": _ID.format("b1"),
    "large": _ID.format("b2"),
    "pinned": _ID.format("b3"),
    "down": _ID.format("b4"),
}
_HOSTS = {"source": _ID.format("a1"), "other": _ID.format("a2")}


class _Rehearsed(Site):
    """The scenario's engine; the client's time is its own, so random pauses of retries change nothing."""

    username = "admin@internal"
    password = "contract-admin-word"

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(load_scenario(SCENARIO).start or ManualClock().now())

    def vm(self, kind: str) -> str:
        return _VMS[kind]

    def host(self, kind: str) -> str:
        return _HOSTS[kind]

    def cluster(self) -> str:
        return _ID.format("c1")

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)


class LabSite(_Rehearsed):
    """A lab that listens, and real libcurl; its time stands still unless waited for."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.url, self.ca_file, self._lab = lab.url, lab.ca_file, lab

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        self._lab.advance(seconds)

    def trouble(self, kind: str, path: str, **values: Any) -> None:
        fault = msgspec.convert({"kind": kind, "path": path, **values}, InjectedFault)
        self._lab.engine.parts["faults"].plant(fault)


class ReplaySite(_Rehearsed):
    """A recording of that lab; there is no engine, no network and no waiting."""

    url = NOWHERE

    def trouble(self, kind: str, path: str, **values: Any) -> None:
        """It was recorded with what it led to."""


class LiveSite(Site):
    """A real engine, named by the environment; only the VM named there is ever really to move."""

    live = True

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()
        self.clock = SystemClock()
        self.url = environ["RHEVMIG_LIVE_URL"]
        self.username = environ.get("RHEVMIG_LIVE_USERNAME", "admin@internal")
        self.password = environ.get("RHEVMIG_LIVE_PASSWORD", "")
        self.ca_file = environ.get("RHEVMIG_LIVE_CAFILE")
        self.insecure = environ.get("RHEVMIG_LIVE_INSECURE") == "1"
        self._vm = environ.get("RHEVMIG_LIVE_VM")
        self._run = uuid.uuid4().hex[:8]

    def mark(self, name: str) -> str:
        return f"{name}-{self._run}"[:36]

    @functools.cached_property
    def _inventory(self) -> Inventory:
        with self.connect() as own:
            self._clients.remove(own)
            return own.inventory()

    def vm(self, kind: str) -> str:
        vms = self._inventory.vms
        if kind in ("movable", "large") and self._vm:
            return self._inventory.vm(self._vm).id
        kinds = {
            "movable": lambda vm: vm.status == "up" and vm.affinity == "migratable",
            "pinned": lambda vm: vm.status == "up" and vm.affinity == "pinned",
            "down": lambda vm: vm.status == "down",
        }
        found = next((vm.id for vm in vms if kinds.get(kind, lambda _: False)(vm)), None)
        return found or missing(f"this engine has no VM that is {kind}")

    def host(self, kind: str) -> str:
        vm = self._inventory.vm(self.vm("movable"))
        if kind == "source":
            return str(vm.host_id)
        hosts = (h.id for h in self._inventory.hosts if h.is_up and h.cluster_id == vm.cluster_id)
        return next((id for id in hosts if id != vm.host_id), None) or missing("no other host is up")

    def cluster(self) -> str:
        return self._inventory.vm(self.vm("movable")).cluster_id

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)


# ── running a contract ───────────────────────────────────────────────────────────────────────────


def cassette_of(name: str, folder: Path = CASSETTES) -> Path:
    """The recording of a contract."""
    return folder / f"{name}.yaml.xz"


@contextlib.contextmanager
def served() -> Iterator[LabSite]:
    """A new lab, the same each time."""
    with serve(SCENARIO, speed=0.0, relay=True) as lab:
        yield LabSite(lab)


@contextlib.contextmanager
def _replayed(path: Path) -> Iterator[ReplaySite]:
    with no_network(), no_waiting() as slept, cassette(path, record_mode="none") as used:
        yield ReplaySite()
    assert used.all_played, f"not asked for: {[f'{one.method} {one.uri}' for one in used.unplayed()]}"
    assert not [seconds for seconds in slept if seconds > 0.1], "a replay waited"


def live_contracts(environ: Mapping[str, str]) -> list[str]:
    """Contracts that a live engine can run: without the scenario's users and faults.

    Those that change something need a VM that may be migrated, in RHEVMIG_LIVE_VM.
    """
    may_change = bool(environ.get("RHEVMIG_LIVE_VM"))
    return [
        name
        for name, contract in CONTRACTS.items()
        if not contract.rehearsed and (may_change or not contract.changes)
    ]


def outcome_of(contract: Contract, backend: str, path: Path | None = None) -> object:
    """What a contract returned on a backend, or the error it ended with: plain data, without addresses.

    Args: path (of another recording than the contract's own).
    """
    if backend == "live":
        opened: contextlib.AbstractContextManager[Site] = contextlib.nullcontext(LiveSite(os.environ))
    else:
        opened = served() if backend == "lab" else _replayed(path or cassette_of(contract.name))
    with opened as site:
        return held(contract, site)


def held(contract: Contract, site: Site) -> object:
    """Runs a contract at a site and ends its sessions."""
    try:
        result = contract.run(site)
    except RhevmigError as error:
        if contract.raises is None or type(error) is not contract.raises:
            raise
        return plain(_told(error), site)
    finally:
        site.close()
    assert contract.raises is None, f"it did not end with {contract.raises}, but with {result}"
    return plain(result, site)


def _told(error: RhevmigError) -> dict[str, Any]:
    """All that an error tells, proven to tell no secret."""
    told = {"class": type(error).__name__, "text": str(error), **error.as_dict()}
    assert not [word for word in SECRETS if word in str(told)], type(error).__name__
    return told


#: Milliseconds, ports and byte counts in what libcurl says.
_FIGURES = re.compile(r"\b(after|port) \d+( ms| milliseconds)?|\b\d+ (?:out of \d+ )?bytes")


def plain(value: object, site: Site) -> Any:
    """Builtins, with neither the address of a server nor the figures of one transfer."""
    value = msgspec.to_builtins(value, enc_hook=str) if not isinstance(value, str) else value
    if isinstance(value, dict):
        return {str(key): plain(item, site) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, site) for item in value]
    if isinstance(value, str):
        address = site.url.removesuffix("/api")
        server = address.partition("//")[2].partition("/")[0]
        text = value.replace(address, "https://ENGINE/ovirt-engine").replace(server, "ENGINE")
        return _FIGURES.sub("N", text.replace(server.partition(":")[0], "ENGINE"))
    return value
