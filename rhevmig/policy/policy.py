"""What a site demands: declarations, thresholds with their origin, waivers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec


class Roles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What networks are for, where the engine has no word for it."""

    #: Names or ids of networks that carry storage traffic; the engine has no such role.
    storage: tuple[str, ...] = ()
    #: Roles that must not share a VLAN: of `management`, `migration`, `storage`, `display`.
    separate: tuple[str, ...] = ("management", "migration", "storage")


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures that checks compare with; what is not set keeps the check's default."""

    #: Least speed of a migration link, in Gbit/s (NET-010).
    migration_link_gbit: float | None = None
    #: Greatest distance of the engine's clock from ours, in seconds (TIME-001).
    engine_clock_offset_s: float | None = None
    #: How far back drift events count, in hours (TIME-002).
    drift_window_h: float | None = None


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A failure that the site accepts, for one object, until a day."""

    #: Check.
    check: str
    #: Engine id of the object; names move, ids do not.
    id: str
    #: Why it is accepted.
    reason: str
    #: Last day that it holds (UTC), as `2027-01-31`.
    until: str
    #: Who accepted it.
    by: str

    def holds_at(self, instant: datetime) -> bool:
        """Whether the last day, in UTC, is not over."""
        end = datetime.combine(date.fromisoformat(self.until), datetime.min.time(), UTC) + timedelta(days=1)
        return instant < end


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A site's policy (`site.yaml`); every part is optional."""

    #: Name, printed with the findings.
    name: str = "defaults"
    #: What networks are for.
    roles: Roles = Roles()
    #: Figures.
    thresholds: Thresholds = Thresholds()
    #: Where each figure comes from, by its key: a document, a vendor, a decision.
    provenance: dict[str, str] = {}
    #: Accepted failures.
    waivers: tuple[Waiver, ...] = ()

    def threshold(self, name: str, default: float) -> float:
        """The figure that the site sets, else the default."""
        value: float | None = getattr(self.thresholds, name)
        return default if value is None else value

    def origin(self, name: str, default: str) -> str:
        """Where the figure comes from."""
        if getattr(self.thresholds, name) is None:
            return default
        return self.provenance.get(name, f"policy {self.name}")
