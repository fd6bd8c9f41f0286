"""The lists that make an inventory, and what each follows: chosen by what they cost an engine.

Measured on an engine of 920 VMs (4.5.8): `vms` 1.0 ms a VM, with `nics` 2.1, `diskattachments` +1.3,
`hostdevices` +0.1, `tags` +0.7 (followed only where tags exist at all), `diskattachments.disk` +6.1 and
therefore joined at home from `disks` (0.2 ms a disk); statistics (30 ms a VM), all content (60 ms) and
scheduler targets (35 ms) only for entities asked for. Nothing here answers HTTP 500 (recording
`follow-refused`).
"""

from __future__ import annotations

import msgspec

from rhevmig.events import HOST_EVENTS, MIGRATION_EVENTS, EventCode

#: Relation as links spell it → attribute of the SDK's objects that holds what was followed.
ATTRIBUTES = {
    "affinitygroups": "affinity_groups",
    "diskattachments": "disk_attachments",
    "filters": "filters",
    "hostdevices": "host_devices",
    "hosts": "hosts",
    "iscsibonds": "iscsi_bonds",
    "networkattachments": "network_attachments",
    "networks": "networks",
    "nics": "nics",
    "statistics": "statistics",
    "storageconnections": "storage_connections",
    "storagedomains": "storage_domains",
    "tags": "tags",
    "unmanagednetworks": "unmanaged_networks",
    "vms": "vms",
}


class ListOf(msgspec.Struct, frozen=True, kw_only=True):
    """One list of the engine."""

    #: Path below the API.
    path: str
    #: Outermost element of the answer.
    tag: str
    #: What an `Unobserved` calls its entities.
    kind: str
    #: Relations to follow.
    follow: tuple[str, ...] = ()

    def following(self, *more: str) -> ListOf:
        """The same list with more followed."""
        return msgspec.structs.replace(self, follow=(*self.follow, *more))


def _list(path: str, tag: str, kind: str, *follow: str) -> ListOf:
    return ListOf(path=path, tag=tag, kind=kind, follow=follow)


#: The lists by name, the longest first, so that the others are read beside it.
LISTS = {
    one.path: one
    for one in (
        _list("vms", "vms", "vm", "nics", "diskattachments", "hostdevices"),
        _list("hosts", "hosts", "host", "nics", "networkattachments", "unmanagednetworks"),
        _list("disks", "disks", "disk"),
        _list("clusters", "clusters", "cluster", "networks", "affinitygroups"),
        _list("datacenters", "data_centers", "data_center", "storagedomains", "iscsibonds"),
        _list("storagedomains", "storage_domains", "storage_domain", "storageconnections"),
        _list("schedulingpolicies", "scheduling_policies", "scheduling_policy", "filters"),
        _list("schedulingpolicyunits", "scheduling_policy_units", "scheduling_policy_unit"),
        _list("affinitylabels", "affinity_labels", "affinity_label", "hosts", "vms"),
        _list("networks", "networks", "network"),
        _list("vnicprofiles", "vnic_profiles", "vnic_profile"),
        _list("storageconnections", "storage_connections", "storage_connection"),
        _list("clusterlevels", "cluster_levels", "cluster_level"),
    )
}
#: Lists whose entities may carry tags.
TAGGED = frozenset({"vms", "hosts"})


def _search(codes: frozenset[int]) -> str:
    return " or ".join(f"type={code}" for code in sorted(codes))


#: Searches for events, each with the most that is kept of it: newest first, so the oldest are left out.
#: Clock drift has a search of its own: on a busy engine other events would push it out.
EVENT_SEARCHES: tuple[tuple[str, int], ...] = (
    (_search(MIGRATION_EVENTS), 1000),
    (_search(HOST_EVENTS - {EventCode.HOST_TIME_DRIFT}), 500),
    (f"type={int(EventCode.HOST_TIME_DRIFT)}", 100),
)
