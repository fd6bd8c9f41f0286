"""Every remedy fits the state that it presumes: no host is activated that is up, no right asked for twice.

All findings, obstacles and reasons of many situations are walked. A remedy that no rule below knows fails, so
a new remedy needs its rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from rhevmig.checks import Status, check
from rhevmig.inventory import (
    DiskAttachment,
    Host,
    HostDevice,
    Inventory,
    StorageDomainAttachment,
    Unobserved,
    Vm,
)
from rhevmig.policy import Policy, Roles
from rhevmig.scheduling import scheduler_of
from tests.builders import (
    BROADWELL,
    EPYC,
    HASWELL,
    NETWORKS,
    SECURE_HASWELL,
    a_cluster,
    a_data_center,
    a_disk,
    a_drift_event,
    a_group,
    a_host,
    a_level,
    a_vm,
    an_inventory,
    cluster_networks,
    usual_nics,
    with_nic,
    without_network,
)
from tests.nic_situations import SITUATIONS, inventory_of
from tests.recorded import recorded_inventory

DECLARED = Policy(roles=Roles(storage=("storage",)))
APART = a_group("g", vms=("web01", "app"), vms_rule="apart")
INACTIVE = StorageDomainAttachment(data_center_id="dc", storage_domain_id="nfs", status="maintenance")
UNREAD = Unobserved(kind="host", id="h2", what="nics", reason="HTTP 403", remedy="Grant HostViewer.")


class Case(NamedTuple):
    """A remedy in its state."""

    inventory: Inventory
    policy: Policy
    #: The host or VM that it is about; None for clusters, networks, data centers and the engine.
    host: Host | None
    vm: Vm | None
    remedy: str
    message: str
    missing: str


def status(*words: str) -> Callable[[Case], bool]:
    return lambda case: case.host is not None and case.host.status in words


def is_off(case: Case) -> bool:
    """The hosts that the remedy is about are not up."""
    if case.host is not None:
        return not case.host.is_up
    named = [host for host in case.inventory.hosts if re.search(rf"\b{re.escape(host.name)}\b", case.remedy)]
    return bool(named) and not any(host.is_up for host in named)


def vm(**values: object) -> Callable[[Case], bool]:
    return lambda case: case.vm is not None and all(getattr(case.vm, k) == v for k, v in values.items())


def always(_: Case) -> bool:
    return True


#: Attributes that the engine has only after a host reported them.
ENGINE_MAY_NOT_KNOW = ("host.cpu", "host_nic.speed", "api.time")
#: Remedy → what has to be true where it is given.
RULES: dict[str, Callable[[Case], bool]] = {
    r"^Activate (?!the storage)": is_off,
    r"^Add a (second )?host to the cluster": lambda c: len(c.inventory.hosts) == 1,
    r"^Refresh the (host's )?capabilities": lambda c: c.host is None or c.host.is_up,
    r"then sync the host's networks|^Sync the networks": lambda c: c.host is None or c.host.is_up,
    r"^Take the snapshot from the engine itself": lambda c: c.inventory.instant.clock_offset_s is None,
    r"^Read again from a machine closer": lambda c: (c.inventory.instant.round_trip_s or 0) > 0.1,
    r"^Let the engine and this machine follow": lambda c: abs(c.inventory.instant.clock_offset_s or 0) > 5,
    r"^Repair its time service": lambda c: any(e.code == 604 for e in c.inventory.events),
    r"^Declare it in the policy": lambda c: "storage" not in c.policy.roles.storage,
    r"^Correct roles.storage": lambda c: bool(c.policy.roles.storage),
    r"^Set the cluster's CPU type": lambda c: any(k.cpu_type is None for k in c.inventory.clusters),
    r"^Update microcode": lambda c: c.host is not None and c.host.cpu_type != SECURE_HASWELL,
    r"^Give each vendor": lambda c: len({h.cpu_vendor for h in c.inventory.hosts}) > 1,
    r"^Consider it when buying": lambda c: len({h.cpu_type for h in c.inventory.hosts}) > 1,
    r"^Give the migration network a faster NIC": status("up"),
    r"^Create a migration network": lambda c: "management" in c.message or "migrat" in c.message,
    r"^Give each of these roles": lambda c: "not separated" in c.message,
    r"^Tag all but one": lambda c: "untagged" in c.message,
    r"^Attach the storage network": status("up"),
    r"^Move the VMs to a data center": lambda c: "local" in c.message,
    r"^Activate the storage domain": lambda c: any(
        each.status != "active" for each in c.inventory.storage_attachments
    ),
    r"^Set its placement policy": vm(affinity="pinned"),
    r"^Migrate it with force": vm(affinity="user_migratable"),
    r"^Deactivate the disk": lambda c: c.vm is not None
    and any(d.uses_scsi_reservation for d in c.vm.disk_attachments or ()),
    r"^Repair its storage and resume": vm(status="paused", status_detail="eio"),
    r"^Wait until the migration": vm(status="migrating"),
    r"^Only a running VM": lambda c: c.vm is not None and c.vm.status not in ("up", "migrating"),
    r"^Check its host": lambda c: c.vm is not None and c.vm.status in ("not_responding", "unknown"),
    r"^Wait (until|for) the operation": lambda c: c.vm is not None
    and (c.vm.status == "image_locked" or any(d.status == "locked" for d in c.inventory.disks)),
    r"^Repair the image": lambda c: any(d.status == "illegal" for d in c.inventory.disks),
    r"^Bring the host back": lambda c: any(not h.is_up for h in c.inventory.hosts),
    r"^Detach the devices": lambda c: c.vm is not None and bool(c.vm.host_devices),
    r"^Grant HostViewer": lambda c: bool(c.inventory.unobserved),
    # A right helps where something was refused, and never for what the engine itself may not know.
    r"ReadOnlyAdmin": lambda c: bool(c.inventory.unobserved) or not c.missing.startswith(ENGINE_MAY_NOT_KNOW),
}  # fmt: skip


def situations() -> Iterator[tuple[Inventory, Policy]]:
    yield recorded_inventory(), Policy()
    yield recorded_inventory(), DECLARED
    yield an_inventory(), Policy(roles=Roles(storage=("nowhere",)))
    for situation in SITUATIONS.values():
        yield inventory_of(situation), DECLARED
    for one in (
        {"hosts": (a_host("h1"),)},
        {"hosts": (a_host("h1"), a_host("h2", status="maintenance"))},
        {"hosts": (a_host("h1"), a_host("h2", status="maintenance", cpu_type=None, cpu_name=None))},
        {"hosts": (a_host("h1"), a_host("h2", cpu_type=None))},
        {"hosts": (a_host("h1"), a_host("h2", cpu_type=None, cpu_name=None))},
        {"hosts": (a_host("h1", cpu_type=SECURE_HASWELL), a_host("h2", cpu_type=BROADWELL))},
        {"hosts": (a_host("h1"), a_host("h2", cpu_type=EPYC, cpu_name="AMD EPYC"))},
        {"hosts": (a_host("h1", nics=None), a_host("h2", network_attachments=None, nics=None))},
        {"hosts": (a_host("h1"), without_network(a_host("h2"), "storage"))},
        {"hosts": (a_host("h1", nics=with_nic(usual_nics(1), "eth1.100", mtu=1500)), a_host("h2"))},
        {"hosts": (a_host("h1"), a_host("h2", status="non_responsive")), "vms": (a_vm(host_id="h2"),)},
        {"clusters": (a_cluster(cpu_type=None),)},
        {"clusters": (a_cluster(cpu_type=HASWELL),), "cluster_levels": (a_level(with_flags=False),)},
        {"cluster_levels": ()},
        {"cluster_networks": ()},
        {"cluster_networks": cluster_networks(migration=())},
        {"networks": tuple(msgspec.structs.replace(n, vlan_id=None) for n in NETWORKS)},
        {"networks": tuple(msgspec.structs.replace(n, vlan_id=7) for n in NETWORKS)},
        {"data_centers": (a_data_center(local=True),)},
        {"storage_domains": (), "storage_attachments": ()},
        {"disks": ()},
        {"disks": (a_disk(a_vm().disk_attachments[0].disk_id, status="locked"),)},
        {"disks": (a_disk(a_vm().disk_attachments[0].disk_id, status="illegal"),)},
        {"storage_attachments": (INACTIVE,)},
        {"events": (a_drift_event(),)},
        {"events": ()},
        {"instant": msgspec.structs.replace(an_inventory().instant, clock_offset_s=None)},
        {"instant": msgspec.structs.replace(an_inventory().instant, clock_offset_s=60.0)},
        {"instant": msgspec.structs.replace(an_inventory().instant, round_trip_s=30.0)},
        {"unobserved": (UNREAD,), "hosts": (a_host("h1"), a_host("h2", nics=None))},
        {"affinity_groups": (APART,), "vms": (a_vm(), a_vm("app"))},
    ):  # fmt: skip
        yield an_inventory(**one), Policy()
        yield an_inventory(**one), DECLARED
    for difference in vm_differences():
        yield an_inventory(vms=(a_vm(**difference),)), DECLARED


def vm_differences() -> Iterator[dict[str, Any]]:
    yield from ({"affinity": word} for word in ("pinned", "user_migratable", None))
    for word in ("migrating", "down", "not_responding", "unknown", "image_locked", "suspended"):
        yield {"status": word}
    yield {"status": "paused", "status_detail": "eio"}
    yield {"host_devices": (HostDevice(id="d", name="pci_0", host_id="h1"),)}
    yield {"disk_attachments": (DiskAttachment(disk_id="disk", active=True, uses_scsi_reservation=True),)}
    yield from ({name: None} for name in ("nics", "disk_attachments", "host_devices", "memory_bytes"))


def cases() -> Iterator[Case]:
    for inventory, policy in situations():
        for f in check(inventory, policy):
            if f.status in (Status.FAIL, Status.UNKNOWN, Status.ERROR):
                host = inventory.find_host(f.scope.id) if f.scope.kind == "host" else None
                vm_ = inventory.find_vm(f.scope.id) if f.scope.kind == "vm" else None
                yield Case(inventory, policy, host, vm_, f.remedy, f.message, f.missing or "")
        for vm_ in inventory.vms:
            if not vm_.is_running:
                continue
            explanation = scheduler_of(inventory).explain(vm_)
            for obstacle in explanation.obstacles:
                missing = str(obstacle.evidence.get("missing", ""))
                yield Case(inventory, policy, None, vm_, obstacle.remedy, obstacle.sentence, missing)


def test_every_remedy_fits_its_state() -> None:
    """No remedy is given where what it presumes is not so, and each is known to the rules."""
    wrong, unknown, seen = set(), set(), set()
    for case in cases():
        known = [pattern for pattern in RULES if re.search(pattern, case.remedy)]
        seen.update(known)
        if not known:
            unknown.add(f"{case.message!r}: {case.remedy!r}")
        about = case.host.name if case.host else case.vm.name if case.vm else ""
        wrong |= {f"{about}: {case.message!r}: {case.remedy!r}" for p in known if not RULES[p](case)}
    assert not wrong, "\n".join(sorted(wrong))
    assert not unknown, "\n".join(sorted(unknown))
    never = set(RULES) - seen - {r"^Only a running VM"}
    assert not never, f"no situation leads to {sorted(never)}"
