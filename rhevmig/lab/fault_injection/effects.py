"""What each kind of fault does: to a request, to an answer, to a copy, or to the world."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import partial
from itertools import pairwise

from rhevmig.lab.fault_injection.spec import InjectedFault
from rhevmig.lab.http.faults import message
from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.migration.guest_load import Workload
from rhevmig.lab.migration.lifecycle import Migration
from rhevmig.lab.migration.memory_transfer import BROKE, LOST_DESTINATION, Copy
from rhevmig.lab.state.store import Entity
from rhevmig.lab.subsystems import Subsystems

HTML = "text/html;charset=UTF-8"
_PROXY_PAGE = "<html><head><title>503 Service Unavailable</title></head><body>No engine.</body></html>"
_STARTING_PAGE = (
    "<html><head><title>Error</title></head><body>invalid_grant: The provided authorization grant"
    " for the auth code has expired.</body></html>"
)
#: Simulated seconds for which an engine that has just started knows no session yet (recorded: about one).
WARMING_S = 1.0


class FaultTargets:
    """What faults act on."""

    def __init__(self, subsystems: Subsystems) -> None:
        self.subsystems = subsystems
        self.world = subsystems.world
        #: The engine is away until then, and how that looks from outside.
        self.away_until_s = 0.0
        self.warming_until_s = 0.0
        self.behind_proxy = False
        self.in_maintenance = False

    def vms(self, pattern: str | None) -> list[Entity]:
        """VMs by name or pattern."""
        return [vm for vm in self.world.all("vms") if pattern is not None and fnmatchcase(vm.name, pattern)]

    def hosts(self, pattern: str | None) -> list[Entity]:
        """Hosts by name or pattern."""
        return [
            host
            for host in self.world.all("hosts")
            if pattern is not None and fnmatchcase(host.name, pattern)
        ]

    def vm_in(self, path: str) -> Entity | None:
        """The VM that a path names."""
        return self._named(path, "vms")

    def host_in(self, path: str) -> Entity | None:
        """The host that a path names."""
        return self._named(path, "hosts")

    def _named(self, path: str, place: str) -> Entity | None:
        parts = path.strip("/").split("/")
        known = [self.world.find(place, two) for one, two in pairwise(parts) if one == place]
        return known[0] if known else None

    def during_outage(self, request: LabRequest) -> LabResponse | None:
        """The answer while the engine is away, has just come back, or takes no commands."""
        now_s = self.world.clock.now_s
        if now_s < self.away_until_s:
            if self.behind_proxy:
                return LabResponse(503, _PROXY_PAGE.encode(), [("Content-Type", HTML)])
            answer = LabResponse(503, b"")
            answer.fate = "silent" if self.away_until_s - now_s < WARMING_S else "reset"
            return answer
        if now_s < self.warming_until_s and "/sso/" not in request.path:
            return LabResponse(401, _STARTING_PAGE.encode(), [("Content-Type", HTML)])
        if self.in_maintenance and request.method in ("POST", "PUT", "DELETE") and "/api/" in request.path:
            text = message("ENGINE_MAINTENANCE")
            return _fault(409, f"[{text}]", in_action=request.method == "POST")
        return None


def _fault(status: int, detail: str, *, in_action: bool) -> LabResponse:
    fault = f"<fault>\n    <detail>{detail}</detail>\n    <reason>Operation Failed</reason>\n</fault>\n"
    if in_action:
        fault = f"<action>\n{fault}<status>failed</status>\n</action>\n"
    prolog = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return LabResponse(status, (prolog + fault).encode(), [("Content-Type", "application/xml;charset=UTF-8")])


# -- requests: the engine never sees them


def _page(targets: FaultTargets, fault: InjectedFault, request: LabRequest) -> LabResponse:
    status = 200 if fault.kind == "html" else fault.status
    text = fault.error or "<html><head><title>Welcome</title></head><body>Please log in</body></html>"
    return LabResponse(status, text.encode(), [("Content-Type", HTML)])


def _connection(targets: FaultTargets, fault: InjectedFault, request: LabRequest) -> LabResponse:
    answer = LabResponse(503, b"")
    answer.fate = "silent" if fault.kind == "silent" else "reset"
    return answer


def _expire(targets: FaultTargets, fault: InjectedFault, request: LabRequest) -> LabResponse | None:
    targets.subsystems.engine.sign_on.expire_all()
    return None


ON_REQUESTS: dict[str, Callable[[FaultTargets, InjectedFault, LabRequest], LabResponse | None]] = {
    "html": _page,
    "status": _page,
    "reset": _connection,
    "silent": _connection,
    "session_expired": _expire,
}


# -- answers: the engine has done what was asked


def _lost(fault: InjectedFault, response: LabResponse) -> LabResponse:
    response.fate = "cut" if fault.kind == "cut" else "lost"
    return response


def _cut_xml(fault: InjectedFault, response: LabResponse) -> LabResponse:
    response.body = response.body[: len(response.body) * 2 // 3]
    return response


def _slow(fault: InjectedFault, response: LabResponse) -> LabResponse:
    response.delay_s += fault.seconds
    return response


def _untyped(fault: InjectedFault, response: LabResponse) -> LabResponse:
    response.headers = [item for item in response.headers if item[0].lower() != "content-type"]
    return response


ON_ANSWERS: dict[str, Callable[[InjectedFault, LabResponse], LabResponse]] = {
    "answer_lost": _lost,
    "cut": _lost,
    "cut_xml": _cut_xml,
    "slow": _slow,
    "no_content_type": _untyped,
}


# -- copies


def _breaks(targets: FaultTargets, fault: InjectedFault, copy: Copy) -> None:
    default = LOST_DESTINATION if fault.kind == "destination_dies" else BROKE
    error = fault.error or default
    lost = fault.kind == "post_copy_loss"
    after_s = fault.after_s or 1.0

    def strike() -> None:
        if targets.subsystems.copies.active.get(copy.vm.id) is copy:
            targets.subsystems.copies.break_off(copy.vm.id, error, lost=lost)

    targets.world.agenda.after(after_s, strike, f"fault {fault.kind}")


def _source_dies(targets: FaultTargets, fault: InjectedFault, copy: Copy) -> None:
    act = partial(targets.subsystems.failures.die, copy.source)
    targets.world.agenda.after(fault.after_s or 1.0, act, "source dies")


def _restless(targets: FaultTargets, fault: InjectedFault, copy: Copy) -> None:
    memory_mib = copy.vm.number("memory") / 2**20
    copy.vm.lab["workload"] = Workload(dirty_mib_s=1e5, working_set_mib=memory_mib, nonzero=1.0)


def _guest(targets: FaultTargets, fault: InjectedFault, copy: Copy) -> None:
    act = partial(targets.subsystems.failures.guest_dies, copy.vm)
    targets.world.agenda.after(fault.after_s or 1.0, act, "guest dies")


def _unplugged(targets: FaultTargets, fault: InjectedFault, copy: Copy) -> None:
    copy.vm.lab["nics_not_replugged"] = fault.nic or "nic1"


def _downtime_unknown(targets: FaultTargets, fault: InjectedFault, copy: Copy) -> None:
    copy.vm.lab["downtime_unknown"] = True


ON_COPIES: dict[str, Callable[[FaultTargets, InjectedFault, Copy], None]] = {
    "destination_dies": _breaks,
    "copy_breaks": _breaks,
    "post_copy_loss": _breaks,
    "source_dies": _source_dies,
    "never_converges": _restless,
    "guest_dies": _guest,
    "nic_replug_fails": _unplugged,
    "downtime_unknown": _downtime_unknown,
}


# -- the world


def _each(found: Iterable[Entity], act: Callable[[Entity], object]) -> None:
    for entity in list(found):
        act(entity)


def _host_dies(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    for host in targets.hosts(fault.host):
        targets.subsystems.failures.die(host)
        if fault.seconds:
            targets.world.agenda.after(
                fault.seconds, partial(targets.subsystems.failures.revive, host), "host revives"
            )


def _host_revives(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    _each(targets.hosts(fault.host), targets.subsystems.failures.revive)


def _link(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    for host in targets.hosts(fault.host):
        if fault.nic is not None and fault.kind in ("link_down", "link_up"):
            targets.subsystems.failures.cut_nic(host, fault.nic, up=fault.kind == "link_up")
            continue
        factor = {"link_down": 0.0, "link_up": 1.0}.get(fault.kind, fault.factor)
        targets.subsystems.failures.slow_links(host, factor)


def _drift(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    _each(targets.hosts(fault.host), lambda host: targets.subsystems.failures.drift(host, int(fault.seconds)))


def _storage(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    trouble = targets.subsystems.failures
    back = fault.kind == "storage_back"
    for vm in targets.vms(fault.vm or "*"):
        (trouble.storage_is_back if back else trouble.stall_storage)(vm)
        if not back and fault.seconds:
            targets.world.agenda.after(fault.seconds, partial(trouble.storage_is_back, vm), "storage is back")


def _another_moves(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    subsystems = targets.subsystems
    for vm in targets.vms(fault.vm):
        source = targets.world.find("hosts", vm.ref("host"))
        if source is None or vm.id in subsystems.migrations.active or vm.text("status") != "up":
            continue
        passing = subsystems.scheduler.passing(vm, without={source.id})
        wanted = [host for host in passing if fault.to is None or fnmatchcase(host.name, fault.to)]
        if wanted:
            target = subsystems.scheduler.choose(vm, wanted)
            own_id = targets.world.new_id("another-actor")
            user = targets.world.find("users", targets.world.engine_facts.get("admin_id")) or next(
                iter(targets.world.all("users")), None
            )
            subsystems.migrations.start(
                Migration(vm, source, target, named=fault.to is not None, correlation_id=own_id, user=user)
            )


def _another_cancels(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    user = next(iter(targets.world.all("users")), None)
    for vm in [copy.vm] if copy is not None else targets.vms(fault.vm):
        if vm.text("status") == "migrating":
            targets.subsystems.migrations.cancel(
                vm, user=user, correlation_id=targets.world.new_id("another-actor")
            )


def _restart(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    now_s, away_s = targets.world.clock.now_s, fault.seconds or 45.0
    targets.away_until_s = now_s + away_s
    targets.warming_until_s = targets.away_until_s + WARMING_S
    targets.behind_proxy = fault.proxy
    targets.subsystems.restart.stop()
    targets.world.agenda.after(away_s, targets.subsystems.restart.come_back, "engine starts")
    if fault.refused:
        gate = targets.subsystems.engine.gate
        gate(False)
        targets.world.agenda.after(max(0.0, away_s - WARMING_S), partial(gate, True), "engine listens")


def _maintenance_mode(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    targets.in_maintenance = True
    if fault.seconds:
        targets.world.agenda.after(
            fault.seconds, partial(setattr, targets, "in_maintenance", False), "engine back"
        )


def _lock(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    locked = fault.kind == "vm_locked"
    for vm in targets.vms(fault.vm):
        vm.lab["locked"] = locked
        if locked and fault.seconds:
            targets.world.agenda.after(fault.seconds, partial(vm.lab.update, locked=False), "unlocked")


def _maintenance_asked(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    user = next(iter(targets.world.all("users")), None)
    for host in targets.hosts(fault.host):
        own_id = targets.world.new_id("another-actor")
        targets.subsystems.maintenance.begin(host, user=user, correlation_id=own_id, reason=fault.error or "")


def _ha_flag(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    for host in targets.hosts(fault.host):
        host.lab["ha_flag_fails"] = True


def _session(targets: FaultTargets, fault: InjectedFault, copy: Copy | None) -> None:
    targets.subsystems.engine.sign_on.expire_all()


ON_WORLD: dict[str, Callable[[FaultTargets, InjectedFault, Copy | None], None]] = {
    "host_dies": _host_dies,
    "host_revives": _host_revives,
    "link_down": _link,
    "link_up": _link,
    "link_slow": _link,
    "clock_drift": _drift,
    "storage_stalls": _storage,
    "storage_back": _storage,
    "another_moves": _another_moves,
    "another_cancels": _another_cancels,
    "engine_restart": _restart,
    "engine_maintenance": _maintenance_mode,
    "vm_locked": _lock,
    "vm_unlocked": _lock,
    "maintenance_asked": _maintenance_asked,
    "session_expired": _session,
    "ha_flag_fails": _ha_flag,
}
