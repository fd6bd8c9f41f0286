"""All recordings of acts rehearsed one after the other, and why the few answers differ that do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rhevmig.lab.simulated_engine import SimulatedEngine
from rhevmig.recordings.exchange import Exchange
from verification.compare import Verdict
from verification.recorded_events import recorded_events
from verification.replay import Rehearsal
from verification.timeline import Chronicle

#: Recordings in which something moves, stops or comes back, in the order of time.
MOVING: tuple[str, ...] = (
    "migrate-unnamed",
    "migrate-named",
    "migrate-named-by-name-and-bad-names",
    "migrate-twice",
    "migrate-refused-same-host",
    "migrate-refused-down",
    "migrate-cancel",
    "migrate-named-fails",
    "migrate-unnamed-fails-always",
    "migrate-unnamed-fails-once-then-reruns",
    "migrate-never-converges",
    "migrate-destination-dies",
    "migrate-pinned-and-user-migratable",
    "migrate-refused-network",
    "affinity-groups",
    "maintenance-blocked-by-pinned",
    "migrate-refused-memory",
    "migrate-refused-cpu",
    "maintenance-and-back",
    "maintenance-no-room",
    "cross-cluster",
    "paused-by-io-error",
    "snapshot-then-migrate",
    "nic-down-and-slow",
    "host-non-responsive-with-vms",
    "host-dies-during-migration",
    "engine-restart",
    "foreign-ansible-maintenance",
    "maintenance-user-migratable-and-stuck",
    "maintenance-stuck-resolved-by-force",
    "campaign-of-twelve",
)

#: Why exchanges differ, by recording and number.
REASONS: Mapping[tuple[str, int], str] = {
    ("migrate-refused-network", 5): "an attachment made again later has another id in the crawl",
    ("migrate-refused-network", 22): "the simulated host agent failed to plug a NIC; the lab's hosts plug it",
    ("migrate-refused-network", 47): "what follows from that NIC in the list of NICs",
    ("snapshot-then-migrate", 3): "the recorded snapshot never ended; the lab's does",
    ("snapshot-then-migrate", 6): "the recorded snapshot never ended; the lab's does",
    ("foreign-ansible-maintenance", 15): "a VM's arrival and the SPM's leaving lie milliseconds apart",
    ("foreign-ansible-maintenance", 33): "profiles of a data center that only this account's list shows",
    ("maintenance-user-migratable-and-stuck", 1): "the graphics address that a move left minutes before",
    ("campaign-of-twelve", 67): "a hand-over took a few hundredths of a second less than the lab's",
}
_RESTART = ("engine-restart-before", "engine-restart-during", "engine-restart-after")


def joined(recordings: Mapping[str, Sequence[Exchange]]) -> dict[str, list[Exchange]]:
    """The recordings with those around the engine's restart as one."""
    found = {name: list(items) for name, items in recordings.items() if name not in _RESTART}
    restart = [item for name in _RESTART for item in recordings.get(name, ())]
    return {**found, "engine-restart": restart} if restart else found


def rehearse(
    crawled: list[Exchange], recordings: Mapping[str, Sequence[Exchange]], names: Sequence[str] = MOVING
) -> dict[str, list[Verdict]]:
    """The verdicts on each recording, all in their order of time."""
    known = joined(recordings)
    chronicle = Chronicle(crawled, known)
    seen = recorded_events(item for items in (crawled, *known.values()) for item in items)
    verdicts: dict[str, list[Verdict]] = {}
    for name in chronicle.order:
        if name in names:
            world = chronicle.world_before(name)
            verdicts[name] = Rehearsal(SimulatedEngine(world), known[name], seen).run()
    return verdicts
