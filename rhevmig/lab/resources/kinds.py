"""Kinds of objects as a table: what a new one needs, what it has at first, which names are refused.

`add_entity`, `edit_entity` and `remove_entity` apply the table. Kinds with further consequences have handlers
in other modules, which use these functions where they fit.
"""

from __future__ import annotations

import re

import msgspec

from rhevmig.lab.api.action_registry import create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.resources.changes import merged, refuse_taken, require
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref, text_at
from rhevmig.lab.state.store import Entity


class ValueLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine's validation requires of one member."""

    path: str
    #: The text must match it entirely.
    pattern: str = ""
    #: Bounds of a number; 0 is always allowed if `or_zero`.
    low: int | None = None
    high: int | None = None
    or_zero: bool = False
    #: What the number is divided by before it is compared: bytes per MiB.
    divisor: int = 1
    #: The engine's text and the name of its attribute.
    text: str
    attribute: str

    def allows(self, value: str) -> bool:
        """Whether the engine accepts the value."""
        if self.pattern:
            return re.fullmatch(self.pattern, value) is not None
        if not value.strip().lstrip("+-").isdigit():
            return False
        number = int(value) // self.divisor
        within = (self.low is None or number >= self.low) and (self.high is None or number <= self.high)
        return within or (self.or_zero and number == 0)


class ResourceKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of object."""

    #: As the engine calls it in "Bookmark [name] required for add".
    words: str = ""
    #: Members that a new one needs.
    needs: tuple[str, ...] = ("name",)
    #: Members of a new one where nothing is sent, in addition to `data/defaults.yaml`.
    base: Tree = {}
    #: Members of a body that are not kept.
    skip: tuple[str, ...] = ()
    #: The member that refers to the object above.
    parent: str = ""
    #: What values of its members must be like.
    limits: tuple[ValueLimit, ...] = ()
    #: Key of the text that refuses a second one below the same object.
    only_one: str = ""
    #: The member whose text is its id, if the engine generates none.
    id_from: str = ""
    #: Key of the text that refuses a name in use, on creation and on change.
    name_in_use: str = ""
    edit_name_in_use: str = ""
    #: The reference that bounds where names are unique; else the object above, else everywhere.
    within: str = ""
    #: Event codes of creation, change and removal; 0 writes none. They are about the object above.
    events: tuple[int, int, int] = (0, 0, 0)


#: Letters of any script, digits, `_`, `.` and `-`.
_NAME = r"[\w.-]+"
_PERCENTS: Tree = {
    "cluster_hard_limit_pct": "20",
    "cluster_soft_limit_pct": "80",
    "storage_hard_limit_pct": "20",
    "storage_soft_limit_pct": "80",
}

#: Kinds that the table describes completely: the recordings show none of them being changed, so the members
#: that are required are those of the API's documentation, and no events are written.
SIMPLE_KINDS: dict[str, ResourceKind] = {
    "bookmarks": ResourceKind(words="Bookmark", needs=("name", "value")),
    "clusters/cpuprofiles": ResourceKind(words="CpuProfile", parent="cluster"),
    "datacenters/qoss": ResourceKind(words="Qos", needs=("name", "type"), parent="data_center"),
    "datacenters/quotas": ResourceKind(words="Quota", base=_PERCENTS, parent="data_center"),
    "hosts/nics/networklabels": ResourceKind(
        words="NetworkLabel", needs=(), parent="host_nic", id_from="@id"
    ),
    "macpools": ResourceKind(
        words="MacPool", needs=("name", "ranges"), base={"allow_duplicates": "false", "default_pool": "false"}
    ),
    "networks/networklabels": ResourceKind(words="NetworkLabel", needs=(), parent="network", id_from="@id"),
    "storageconnections": ResourceKind(words="StorageConnection", needs=("type",)),
    "storagedomains/diskprofiles": ResourceKind(words="DiskProfile", parent="storage_domain"),
    "schedulingpolicies": ResourceKind(
        words="SchedulingPolicy", base={"default_policy": "false", "locked": "false"}
    ),
    "vms/watchdogs": ResourceKind(
        words="Watchdog", needs=("action", "model"), parent="vm", only_one="WATCHDOG_EXISTS"
    ),
}

KINDS: dict[str, ResourceKind] = {
    **SIMPLE_KINDS,
    "affinitylabels": ResourceKind(
        words="AffinityLabel", name_in_use="LABEL_NAME_IN_USE", events=(10380, 10382, 10384)
    ),
    "clusters": ResourceKind(
        words="Cluster",
        needs=("name", "dataCenter.name|id"),
        skip=("management_network", "networks"),
        name_in_use="CREATE_CLUSTER_NAME_IN_USE",
        edit_name_in_use="EDIT_CLUSTER_NAME_IN_USE",
    ),
    "clusters/affinitygroups": ResourceKind(
        words="AffinityGroup",
        limits=(
            ValueLimit(
                path="name",
                pattern=_NAME,
                text="Cannot {action} Affinity Group. Name field is invalid.",
                attribute="affinityGroup.name",
            ),
        ),
        parent="cluster",
        name_in_use="GROUP_NAME_IN_USE",
        events=(10350, 10352, 10354),
    ),
    "datacenters": ResourceKind(
        words="DataCenter",
        name_in_use="DATA_CENTER_NAME_IN_USE",
        edit_name_in_use="DATA_CENTER_NAME_IN_USE",
    ),
    "disks": ResourceKind(
        words="Disk",
        needs=("provisionedSize", "format"),
        skip=("storage_domains", "storage_domain", "name", "disk_profile"),
    ),
    "events": ResourceKind(words="Event", needs=("description", "severity", "origin", "customId")),
    "hosts": ResourceKind(
        words="Host",
        needs=("name", "address"),
        skip=("root_password", "cluster"),
        name_in_use="HOST_NAME_IN_USE",
        edit_name_in_use="HOST_EDIT_NAME_IN_USE",
    ),
    "hosts/fenceagents": ResourceKind(
        words="Agent",
        needs=("address", "order", "type", "username", "password"),
        base={"encrypt_options": "false"},
        skip=("password",),
        parent="host",
    ),
    "networks": ResourceKind(
        words="Network",
        limits=(
            ValueLimit(
                path="vlan.@id",
                low=0,
                high=4094,
                text="VLAN ID must be a number between 0 and 4094.",
                attribute="network.vlanId",
            ),
            ValueLimit(path="mtu", low=68, or_zero=True, text="mtu value invalid", attribute="network.mtu"),
        ),
        skip=("data_center", "display", "required"),
        name_in_use="CREATE_NETWORK_NAME_IN_USE",
        within="data_center",
    ),
    "storagedomains": ResourceKind(
        words="StorageDomain",
        needs=("type", "storage", "host.id|name"),
        skip=("host", "storage"),
        name_in_use="STORAGE_NAME_IN_USE",
    ),
    "tags": ResourceKind(words="Tag", skip=("parent",), name_in_use="TAG_NAME_IN_USE", events=(432, 0, 0)),
    "templates": ResourceKind(
        words="Template",
        needs=("name", "vm.id|name"),
        skip=("vm", "version"),
        name_in_use="TEMPLATE_NAME_IN_USE",
    ),
    "vms": ResourceKind(
        words="Vm",
        limits=(
            ValueLimit(
                path="name",
                pattern=".{1,255}",
                text="size must be between 1 and 255",
                attribute="vmStatic.name",
            ),
            ValueLimit(
                path="name",
                pattern=_NAME,
                text="Can not {action} VM. The given name contains special characters. Only lower-case and "
                "upper-case letters, numbers, '_', '-', '.' are allowed.",
                attribute="vmStatic.name",
            ),
            ValueLimit(
                path="memory",
                low=1,
                divisor=2**20,
                text="must be greater than or equal to 1",
                attribute="vmStatic.memSizeMb",
            ),
        ),
        skip=("cluster", "template", "original_template", "host"),
    ),
    "vms/diskattachments": ResourceKind(
        words="DiskAttachment", needs=("bootable", "interface"), skip=("disk", "vm")
    ),
    "vms/nics": ResourceKind(
        words="Nic",
        limits=(
            ValueLimit(
                path="mac.address",
                pattern="([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}",
                text='MAC address must be in format "HH:HH:HH:HH:HH:HH" where H is a hexadecimal character '
                "(either a digit or A-F, case is insignificant).",
                attribute="nic.macAddress",
            ),
        ),
        skip=("vm",),
        parent="vm",
        name_in_use="NIC_NAME_IN_USE",
    ),
    "vnicprofiles": ResourceKind(
        words="VnicProfile",
        needs=("name", "network.id|name"),
        skip=("network",),
        name_in_use="PROFILE_NAME_IN_USE",
        within="network",
    ),
}


def check_new(context: RequestContext, place: str, sent: Tree, *, parent: Entity | None = None) -> None:
    """Refuse a body that lacks a required member or has a name in use."""
    kind = KINDS[place]
    require(kind.words, sent, *kind.needs)
    refuse_invalid(place, sent, action="add")
    if kind.only_one and parent is not None and context.world.children(parent, place.rpartition("/")[2]):
        raise context.refusal(kind.only_one)
    if not kind.name_in_use:
        return
    if kind.within and parent is not None:
        among = context.world.referring(place, kind.within, parent.id)
    elif parent is not None:
        among = context.world.children(parent, place.rpartition("/")[2])
    else:
        among = list(context.world.all(place))
    refuse_taken(context, kind.name_in_use, text_at(sent, "name"), among)


def refuse_invalid(place: str, sent: Tree, *, action: str) -> None:
    """Refuse values that the engine's validation does not accept, all of them at once."""
    texts = []
    for limit in KINDS[place].limits:
        value = text_at(sent, limit.path)
        if value and not limit.allows(value):
            # on creation the engine validates numbers twice
            times = 2 if action == "add" and limit.low is not None and limit.divisor > 1 else 1
            texts += [limit.text.format(action=action), f"Attribute: {limit.attribute}"] * times
    if texts:
        raise EngineFault(400, f"[{', '.join(texts)}]", in_action=False)


def add_entity(
    context: RequestContext,
    place: str,
    sent: Tree,
    *,
    parent: Entity | None = None,
    base: Tree | None = None,
    members: Tree | None = None,
    entity_id: str = "",
) -> Entity:
    """A new entity from a body that was checked.

    Args:
        parent: the object above it.
        base: members where nothing is sent, in addition to the table's.
        members: members that the engine sets, not the body.
        entity_id: its id, if it is not a new one.
    """
    kind = KINDS[place]
    given = text_at(sent, kind.id_from) if kind.id_from else entity_id
    if kind.id_from and not given:
        raise EngineFault(400, f"{kind.words} [id] required for add", reason="Incomplete parameters")
    first = {**defaults.default_attrs(place), **kind.base, **(base or {})}
    attrs = {**merged(context, place, first, sent, skip=kind.skip), **(members or {})}
    if kind.parent and parent is not None:
        attrs[kind.parent] = ref(parent.id)
    return context.world.add(place, given or context.world.new_id(), attrs, parent=parent)


def edit_entity(
    context: RequestContext,
    entity: Entity,
    sent: Tree,
    *,
    skip: tuple[str, ...] = (),
    members: Tree | None = None,
) -> None:
    """Change an entity by a body, except for the members that the table or `skip` leaves out."""
    kind = KINDS[entity.place]
    refuse_invalid(entity.place, sent, action="edit")
    if kind.edit_name_in_use and "name" in sent:
        among = context.world.all(entity.place)
        refuse_taken(context, kind.edit_name_in_use, text_at(sent, "name"), among, besides=entity)
    attrs = merged(context, entity.place, entity.attrs, sent, skip=(*kind.skip, kind.parent, *skip))
    context.world.update(entity, {**attrs, **(members or {})})


def remove_entity(context: RequestContext, entity: Entity) -> None:
    """Remove an entity and what is below it."""
    context.world.remove(entity)


def log_change(context: RequestContext, entity: Entity, step: int) -> None:
    """Write the event of the table: step 0 for creation, 1 for change, 2 for removal."""
    code = KINDS[entity.place].events[step]
    if code:
        context.log(code, entity.parent, name=entity.name)


def _register(place: str) -> None:
    @create(place)
    def add(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
        check_new(context, place, sent, parent=parent)
        return add_entity(context, place, sent, parent=parent)


for _place in SIMPLE_KINDS:
    _register(_place)
edit(*SIMPLE_KINDS, "hosts/fenceagents", "storagedomains", "tags", "templates", "vms/nics")(edit_entity)
remove(*SIMPLE_KINDS, "events", "hosts/fenceagents", "vms/nics", "vms/snapshots", "vms/tags", "hosts/tags")(
    remove_entity
)
