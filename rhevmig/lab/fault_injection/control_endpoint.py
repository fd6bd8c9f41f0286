"""The control endpoint: `/rhevmig-lab/…` on the lab's own port, in JSON, without a login.

| request | what it does |
|---|---|
| `GET  /rhevmig-lab/clock` | the simulated time, the speed, seconds since the start |
| `POST /rhevmig-lab/advance {"seconds": 60}` | lets simulated time pass at once |
| `GET  /rhevmig-lab/faults` | what is planted, and what struck |
| `POST /rhevmig-lab/faults {"kind": …}` | plants one (or a list); answers their numbers |
| `DELETE /rhevmig-lab/faults/3` | takes one away |
| `POST /rhevmig-lab/workload {"vm": "web*", "dirty_mib_s": 80}` | changes what VMs do to their memory |
| `GET  /rhevmig-lab/copies` | what is being copied: VM, hosts, stage, percent, bytes per second |
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import msgspec

from rhevmig.errors import ScenarioInvalid
from rhevmig.lab.fault_injection.injector import FaultInjector
from rhevmig.lab.fault_injection.spec import read_faults
from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.migration.guest_load import Workload
from rhevmig.lab.state.clock import stamp
from rhevmig.lab.subsystems import Subsystems

PREFIX = "/rhevmig-lab/"


class ControlEndpoint:
    """Answers what is not the engine's but the lab's."""

    def __init__(self, subsystems: Subsystems, faults: FaultInjector) -> None:
        self.subsystems = subsystems
        self.faults = faults
        subsystems.engine.before.insert(0, self.answer)

    def answer(self, request: LabRequest) -> LabResponse | None:
        """The answer to a request of the control endpoint, None for every other."""
        if not request.path.startswith(PREFIX):
            return None
        if request.headers.get("origin") not in (None, self.subsystems.engine.public_url):
            return _json({"error": "requests from the pages of other sites are refused"}, 403)
        parts = request.path[len(PREFIX) :].strip("/").split("/")
        try:
            sent = msgspec.json.decode(request.body) if request.body else {}
            return self._do(request.method, parts, sent)
        except (msgspec.MsgspecError, ScenarioInvalid, ValueError, TypeError) as error:
            return _json({"error": str(error)}, 400)

    def _do(self, method: str, parts: list[str], sent: Any) -> LabResponse:
        key = (method, parts[0])
        if key == ("GET", "clock"):
            clock = self.subsystems.world.clock
            return _json(
                {"now": clock.stamp(), "speed": clock.speed, "elapsed_s": clock.now_s - clock.start_s}
            )
        if key == ("POST", "advance"):
            return self._advance(float(sent["seconds"]))
        if key == ("GET", "faults"):
            return self._list()
        if key == ("POST", "faults"):
            found = read_faults(sent if isinstance(sent, list) else [sent], file="<request>")
            return _json({"planted": [self.faults.plant(fault) for fault in found]}, 201)
        if key == ("DELETE", "faults") and len(parts) == 2:
            return _json({"removed": self.faults.remove(int(parts[1]))})
        if key == ("POST", "workload"):
            return self._work(dict(sent))
        if key == ("GET", "copies"):
            return self._copies()
        return _json({"error": f"the lab has no {method} {PREFIX}{'/'.join(parts)}"}, 404)

    def _advance(self, seconds: float) -> LabResponse:
        """Time passes once this answer is on its way: what is due then happens before the next request."""
        if not 0 <= seconds < 1e9:
            raise ValueError(f"seconds is {seconds}, expected 0 or more")
        clock = self.subsystems.world.clock
        clock.add(seconds)
        clock.freeze(None)
        self.subsystems.world.agenda.run_due()
        clock.freeze(clock.running_s)
        return _json({"now": clock.stamp()})

    def _list(self) -> LabResponse:
        planted = [
            {"number": number, "met": item.met, "hit": item.hit, **msgspec.to_builtins(item.fault)}
            for number, item in self.faults.planted.items()
        ]
        struck = [{"at": stamp(at_s), "name": name, "whom": whom} for at_s, name, whom in self.faults.log]
        return _json({"planted": planted, "struck": struck})

    def _work(self, sent: dict[str, Any]) -> LabResponse:
        pattern = str(sent.pop("vm"))
        load = msgspec.convert(sent, type=Workload)
        found = [vm for vm in self.subsystems.world.all("vms") if fnmatchcase(vm.name, pattern)]
        for vm in found:
            vm.lab["workload"] = load
            self.subsystems.copies.reload(vm)
        return _json({"vms": [vm.name for vm in found]})

    def _copies(self) -> LabResponse:
        return _json(
            {
                "copies": [
                    {
                        "vm": copy.vm.name,
                        "source": copy.source.name,
                        "destination": copy.destination.name,
                        "stage": copy.stage,
                        "percent": copy.progress,
                        "bytes_s": round(copy.rate_bytes_s),
                        "network": copy.path.network.name if copy.path and copy.path.network else None,
                        "fell_back": bool(copy.path and copy.path.fell_back),
                    }
                    for copy in self.subsystems.copies.active.values()
                ]
            }
        )


def _json(content: dict[str, Any], status: int = 200) -> LabResponse:
    return LabResponse(status, msgspec.json.encode(content), [("Content-Type", "application/json")])
