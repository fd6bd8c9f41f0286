"""`upgradecheck`, `upgrade` and `install` of a host: installed, rebooted, back to where it was.

Which updates a host has is what its `update_available` says; an upgrade takes them away. The order of
statuses and events is that of the engine's UpgradeHost, UpgradeHostInternal and HostUpgradeCallback.
"""

from __future__ import annotations

from rhevmig.lab.actions.hosts import bring_up
from rhevmig.lab.api.action_registry import Acted, act
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.state.attribute_values import Tree, text_at
from rhevmig.lab.state.event_publisher import SYSTEM
from rhevmig.lab.state.store import Entity
from rhevmig.lab.subsystems import Subsystems, subsystems_of

#: Simulated seconds: looking for updates, between looks at the host's maintenance, installing, rebooting.
CHECK_S = 8.0
LOOK_S = 5.0
INSTALL_S = 90.0
REBOOT_S = 120.0


@act("hosts", "upgradecheck")
def check_for_upgrade(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Look for updates; the answer comes at once, what was found a little later as an event."""
    if host.text("status") not in ("up", "non_operational"):
        raise refuse("UPGRADE_CHECK_STATUS", language=context.language)
    publisher = subsystems_of(context.engine).publisher
    publisher.publish(884, host, correlation_id=context.correlation_id, host=host.name)

    def found() -> None:
        message = "found updates for packages vdsm" if host.flag("update_available") else "no updates found."
        publisher.publish(885, host, correlation_id=context.correlation_id, host=host.name, message=message)

    context.world.agenda.after(CHECK_S, found, f"updates of {host.name}")
    return Acted(shown=host)


@act("hosts", "upgrade")
def upgrade(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Upgrade a host that has updates; it is brought into maintenance first, where it is not yet."""
    status = host.text("status")
    if status not in ("up", "maintenance", "non_operational"):
        raise refuse("UPGRADE_STATUS", language=context.language)
    if not host.flag("update_available"):
        raise refuse("UPGRADE_NO_UPDATES", language=context.language)
    run = _Upgrade(context, host, reboot=text_at(action, "reboot", "true") != "false")
    run.subsystems.publisher.publish(
        840, host, by=context.caller.user, correlation_id=context.correlation_id, host=host.name
    )
    run.begin()
    return Acted(shown=host)


class _Upgrade:
    """One host on its way through an upgrade."""

    def __init__(self, context: RequestContext, host: Entity, *, reboot: bool) -> None:
        self.subsystems: Subsystems = subsystems_of(context.engine)
        self.world = context.world
        self.host = host
        self.user = context.caller.user
        self.correlation_id = context.correlation_id
        self.reboot = reboot
        self.was_in_maintenance = host.text("status") == "maintenance"

    def begin(self) -> None:
        if not self.was_in_maintenance:
            try:
                self.subsystems.maintenance.check(self.host)
            except EngineFault:
                self._give_up()
                return
            self.subsystems.maintenance.begin(
                self.host, user=self.user, correlation_id=self.correlation_id, reason=""
            )
        self._look()

    def _after(self, seconds: float, act_: str) -> None:
        self.world.agenda.after(seconds, getattr(self, act_), f"upgrade of {self.host.name}")

    def _look(self) -> None:
        """Wait for maintenance; any other status means that it failed."""
        status = self.host.text("status")
        if status == "preparing_for_maintenance":
            self._after(LOOK_S, "_look")
        elif status == "maintenance":
            self.world.set(self.host, "status", "installing")
            self._after(INSTALL_S, "_installed")
        else:
            self._give_up()

    def _give_up(self) -> None:
        for code in (17, 841):
            self.subsystems.publisher.publish(
                code, self.host, by=self.user, correlation_id=self.correlation_id, host=self.host.name
            )

    def _installed(self) -> None:
        if self.host.text("status") != "installing":
            return
        self.world.set(self.host, "update_available", False)
        code = 888 if self.reboot else 842
        self.subsystems.publisher.publish(
            code, self.host, correlation_id=self.correlation_id, host=self.host.name
        )
        if self.reboot:
            self.world.set(self.host, "status", "reboot")
            self._after(REBOOT_S, "_rebooted")
        else:
            self._come_back()

    def _rebooted(self) -> None:
        if self.host.text("status") == "reboot":
            own_id = self.subsystems.publisher.own_correlation_id()
            self.subsystems.publisher.publish(
                197, self.host, by=SYSTEM, correlation_id=own_id, host=self.host.name
            )
            self._come_back()

    def _come_back(self) -> None:
        if self.was_in_maintenance:
            self.world.set(self.host, "status", "maintenance")
            return
        self.world.set(self.host, "status", "initializing")
        self.world.agenda.after(
            2.0, lambda: bring_up(self.subsystems, self.host), f"{self.host.name} after upgrade"
        )


@act("hosts", "install")
def reinstall(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Install a host again; it stays in maintenance unless it shall be activated."""
    if host.text("status") not in ("maintenance", "install_failed"):
        raise refuse("INSTALL_STATUS", language=context.language)
    if not text_at(action, "root_password") and "ssh" not in action:
        raise refuse("INSTALL_PASSWORD", language=context.language)
    _Reinstall(context, host, action).begin()
    return Acted(shown=host)


class _Reinstall:
    """One host on its way through an installation."""

    def __init__(self, context: RequestContext, host: Entity, action: Tree) -> None:
        self.subsystems: Subsystems = subsystems_of(context.engine)
        self.world = context.world
        self.host = host
        self.correlation_id = context.correlation_id
        self.reboot = text_at(action, "reboot", "true") != "false"
        self.activate = text_at(action, "activate", "false") == "true"

    def begin(self) -> None:
        self.world.set(self.host, "status", "installing")
        self.world.agenda.after(INSTALL_S, self._installed, f"install {self.host.name}")

    def _installed(self) -> None:
        if self.host.text("status") != "installing":
            return
        self.subsystems.publisher.publish(
            504, self.host, correlation_id=self.correlation_id, host=self.host.name
        )
        if self.reboot:
            self.world.set(self.host, "status", "reboot")
            self.world.agenda.after(REBOOT_S, self._ready, f"reboot {self.host.name}")
        else:
            self._ready()

    def _ready(self) -> None:
        if not self.activate:
            self.world.set(self.host, "status", "maintenance")
            return
        self.world.set(self.host, "status", "initializing")
        self.world.agenda.after(
            2.0, lambda: bring_up(self.subsystems, self.host), f"activate {self.host.name}"
        )
