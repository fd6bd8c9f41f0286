"""Events."""

from __future__ import annotations

from rhevmig.engine.mapping.conversions import any_text_of, integer_of, utc_of
from rhevmig.engine.mapping.fields import FieldTable, reference, same, value, words
from rhevmig.inventory import Event

EVENT = FieldTable(
    Event,
    "event",
    same("correlation_id"),
    words("severity"),
    id=value("id", integer_of),
    code=value("code", lambda code: code or 0),
    time=value("time", utc_of),
    description=value("description", any_text_of),
    vm_id=reference("vm"),
    host_id=reference("host"),
    cluster_id=reference("cluster"),
    data_center_id=reference("data_center"),
    storage_domain_id=reference("storage_domain"),
    user_id=reference("user"),
)
