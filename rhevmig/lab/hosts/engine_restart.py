"""The engine stops and starts again while its hosts go on, as recorded in `engine-restart-*`.

What it had started it no longer knows: running jobs are gone, event 63 is never written, the VMs arrive
all the same. Finished and failed jobs stay. Sessions are forgotten, tokens live on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rhevmig.lab.hosts.maintenance import Maintenance
from rhevmig.lab.migration.lifecycle import Migrations
from rhevmig.lab.scheduling.scheduler import in_hash_order
from rhevmig.lab.state.event_publisher import SYSTEM, EventPublisher

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState

#: Seconds after its start at which the engine elects storage pool managers, and until they have it.
ELECTION_S = 9.76
ELECTED_S = 0.2
#: The highest compatibility version; lower data centers get event 10812.
NEWEST = "4.8"


class EngineRestart:
    """Stops and starts what the engine itself remembers."""

    def __init__(
        self, engine: EngineState, migrations: Migrations, maintenance: Maintenance, publisher: EventPublisher
    ) -> None:
        self.engine = engine
        self.world = engine.world
        self.migrations = migrations
        self.maintenance = maintenance
        self.publisher = publisher

    def stop(self) -> None:
        """The engine is gone; the hosts are not."""
        self.migrations.forget()
        self.maintenance.forget()
        for job in list(self.world.all("jobs")):
            if job.text("status") == "started":
                self.world.remove(job)

    def come_back(self) -> None:
        """The engine starts."""
        for center in self.world.all("datacenters"):
            version = f"{center.text('version.major')}.{center.text('version.minor')}"
            if center.text("status") == "up" and version != NEWEST:
                self.publisher.publish(10812, center, data_center=center.name, version=version, newest=NEWEST)
        self.publisher.publish(10780)
        for cluster in self.world.all("clusters"):
            if cluster.flag("upgrade_in_progress"):
                changes = {
                    "upgrade_in_progress": "false",
                    "upgrade_percent_complete": "0",
                    "upgrade_correlation_id": None,
                }
                self.world.update(cluster, changes)
        self.world.agenda.after(ELECTION_S, self._elect, "SPM election")

    def _elect(self) -> None:
        for center in in_hash_order(self.world.all("datacenters")):
            clusters = self.world.referring("clusters", "data_center", center.id)
            hosts = [
                host for cluster in clusters for host in self.world.referring("hosts", "cluster", cluster.id)
            ]
            manager = next((host for host in hosts if host.text("spm.status") == "spm"), None)
            if manager is None or center.text("status") not in ("up", "problematic"):
                continue
            own_id = self.publisher.own_correlation_id()
            event = self.publisher.publish(
                980, manager, center, by=SYSTEM, correlation_id=own_id, data_center=center.name
            )
            if event is not None:  # recorded: unlike at a hand-over, host and cluster are named
                cluster_id = manager.ref("cluster")
                cluster = self.world.find("clusters", cluster_id)
                self.world.set(event, "cluster", {"@id": cluster_id, "name": cluster.name if cluster else ""})
            address = manager.text("address") or manager.name
            self.world.agenda.after(ELECTED_S, partial(self._elected, address, center.name), "SPM elected")

    def _elected(self, address: str, center: str) -> None:
        event = self.publisher.publish(204, host=address, address=address, data_center=center)
        if event is not None:
            self.world.set(event, "host", {"name": address})
