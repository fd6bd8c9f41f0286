"""Events."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.values import moment, needed, ref, word
from rhevmig.inventory import Event


def event_of(item: Any) -> Event:
    """An event."""
    return Event(
        id=int(needed(item.id, kind="event", id=item.id, field="id")),
        code=item.code or 0,
        time=moment(item.time),
        severity=word(item.severity),
        description=item.description or "",
        correlation_id=item.correlation_id,
        vm_id=ref(item.vm),
        host_id=ref(item.host),
        cluster_id=ref(item.cluster),
        data_center_id=ref(item.data_center),
        storage_domain_id=ref(item.storage_domain),
        user_id=ref(item.user),
    )
