"""Events that the engine writes on its own behalf or for a user."""

from __future__ import annotations

from typing import Any

from rhevmig.lab.state.event_log import EventLog
from rhevmig.lab.state.store import Entity, World

#: The user in events about what the engine does by itself.
SYSTEM = "SYSTEM"


def duration_words(seconds: float) -> str:
    """A duration as the engine writes it: `1 minute 12 seconds`, `0 seconds`."""
    whole = int(seconds)
    parts = [
        (whole // 86400, "day"),
        (whole // 3600 % 24, "hour"),
        (whole // 60 % 60, "minute"),
        (whole % 60, "second"),
    ]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    while len(parts) > 1 and parts[-1][0] == 0:
        parts.pop()
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts)


class EventPublisher:
    """Writes events with the references and the user that each type shows."""

    def __init__(self, world: World, events: EventLog) -> None:
        self.world = world
        self.events = events

    def own_correlation_id(self) -> str:
        """A correlation id of eight hex digits, as the engine generates for what it starts by itself."""
        return self.world.new_id("own-correlation")[:8].lstrip("0") or "1"

    def publish_own(self, code: int, *about: Entity | None, **values: Any) -> Entity | None:
        """Write an event of what the engine does by itself: user SYSTEM, a correlation id of the engine."""
        return self.publish(code, *about, by=SYSTEM, correlation_id=self.own_correlation_id(), **values)

    def publish(
        self,
        code: int,
        *about: Entity | None,
        by: Entity | str = "",
        correlation_id: str | None = None,
        **values: Any,
    ) -> Entity | None:
        """Write an event. `by`: the user it shows, SYSTEM, or "" for none; texts may name it as `{user}`."""
        name = by if isinstance(by, str) else by.text("user_name") or by.name
        whose = () if isinstance(by, str) else (by,)
        values.setdefault("user", name)
        event = self.events.write(code, *about, *whose, correlation_id=correlation_id, **values)
        if event is None:
            return None
        if by == SYSTEM:
            self.world.set(event, "user", {"name": SYSTEM})
        return event
