"""Users with their passwords and roles, and what they may see and do.

There are four kinds of callers, as recorded: an administrator, a reader of everything, a user with roles
on single objects, and a user without permissions, who gets a token and is then refused.
"""

from __future__ import annotations

import hmac
from enum import Enum

from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import Entity, World

#: Roles that make an administrator or a reader when they are granted on everything.
ADMIN_ROLES = frozenset(("SuperUser", "DataCenterAdmin", "ClusterAdmin", "HostAdmin"))
READ_ROLES = frozenset(("ReadOnlyAdmin",))


class Standing(Enum):
    """The kind of a caller."""

    #: Everything.
    ADMIN = "admin"
    #: Reads everything, changes nothing.
    READER = "reader"
    #: Sees the objects on which it has roles.
    USER = "user"
    #: Has no permission at all.
    NONE = "none"


class Caller:
    """The user behind a request."""

    def __init__(self, user: Entity, standing: Standing, objects: frozenset[str]) -> None:
        self.user = user
        self.standing = standing
        # Ids of the objects on which it has roles.
        self.objects = objects

    @property
    def login(self) -> str:
        """The name as events show it: `admin@internal-authz`."""
        return self.user.text("user_name")


def add_user(world: World, login: str, password: str | None, *, user_id: str | None = None) -> Entity:
    """A user `name@profile`; with None as password no one can log in."""
    name, _, profile = login.rpartition("@")
    principal = name or login
    authz = f"{profile or 'internal'}-authz"
    domain = next((entity for entity in world.all("domains")), None)
    user_id = user_id or world.new_id("user", login)
    attrs: Tree = {
        "name": principal,
        "department": "",
        "domain_entry_id": user_id.encode().hex().upper(),
        "email": "admin@localhost" if principal == "admin" else "",
        "last_name": "",
        "namespace": "*",
        "principal": principal,
        "user_name": f"{principal}@{authz}",
        "domain": {"@id": domain.id if domain else authz.encode().hex().upper(), "name": authz},
    }
    user = world.add("users", user_id, attrs)
    user.lab["password"] = password
    return user


def find_account(world: World, principal: str, profile: str) -> Entity | None:
    """The user of that login, or None."""
    wanted = f"{principal}@{profile}-authz"
    return next((user for user in world.all("users") if user.text("user_name") == wanted), None)


def profiles(world: World) -> frozenset[str]:
    """The authentication profiles that exist."""
    return frozenset(
        user.text("user_name").rpartition("@")[2].removesuffix("-authz") for user in world.all("users")
    ) | {"internal"}


def password_fits(user: Entity, password: str) -> bool:
    """Whether the password is the user's."""
    known = user.lab.get("password")
    return isinstance(known, str) and hmac.compare_digest(known.encode(), password.encode())


def caller_of(world: World, user: Entity) -> Caller:
    """The caller with the permissions of that user."""
    names: dict[str, list[Entity | None]] = {}
    for permission in _permissions_of(world, user):
        role = world.find("roles", permission.ref("role"))
        if role is not None:
            names.setdefault(role.name, []).append(permission.parent)
    everywhere = {
        name for name, objects in names.items() if None in objects or any(_is_user(obj) for obj in objects)
    }
    if everywhere & ADMIN_ROLES:
        return Caller(user, Standing.ADMIN, frozenset())
    if everywhere & READ_ROLES:
        return Caller(user, Standing.READER, frozenset())
    objects = frozenset(obj.id for found in names.values() for obj in found if obj is not None)
    return Caller(user, Standing.USER if names else Standing.NONE, objects)


def _is_user(entity: Entity | None) -> bool:
    return entity is not None and entity.place == "users"


def _permissions_of(world: World, user: Entity) -> list[Entity]:
    found = [item for item in world.all("permissions") if item.ref("user") == user.id]
    for place in (
        "users",
        "clusters",
        "vms",
        "hosts",
        "datacenters",
        "storagedomains",
        "disks",
        "templates",
        "networks",
    ):
        found += [item for item in world.all(f"{place}/permissions") if item.ref("user") == user.id]
    return found


def may_see(world: World, caller: Caller, entity: Entity) -> bool:
    """Whether a filtered list shows the entity to that caller."""
    place = entity.place
    if place in ("vms", "disks"):
        return any(
            vm.id in caller.objects or vm.ref("cluster") in caller.objects for vm in _vms_of(world, entity)
        )
    if place == "users":
        return entity is caller.user
    if place in ("networks", "vnicprofiles"):
        return _network_shown(world, caller, entity)
    return True


def _vms_of(world: World, entity: Entity) -> list[Entity]:
    if entity.place == "vms":
        return [entity]
    attachments = world.referring("vms/diskattachments", "disk", entity.id)
    return [item.parent for item in attachments if item.parent is not None]


def _network_shown(world: World, caller: Caller, entity: Entity) -> bool:
    """Management networks, which every user sees, and the networks of the caller's VMs."""
    network = entity if entity.place == "networks" else world.find("networks", entity.ref("network"))
    if network is None:
        return False
    if any("management" in str(part.get("usages")) for part in _parts_of(world, network)):
        return True
    profiles = world.referring("vnicprofiles", "network", network.id)
    nics = [nic for profile in profiles for nic in world.referring("vms/nics", "vnic_profile", profile.id)]
    return any(nic.parent is not None and may_see(world, caller, nic.parent) for nic in nics)


def _parts_of(world: World, network: Entity) -> list[Entity]:
    clusters = world.referring("clusters", "data_center", network.ref("data_center") or "")
    found = [world.find("clusters/networks", network.id, cluster) for cluster in clusters]
    return [part for part in found if part is not None]
