"""A request costs the lab what it cost a measured engine."""

from __future__ import annotations

import pytest

from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.http.request_costs import cost_s

API = "/ovirt-engine/api"


def cost(path: str, query: str = "", *, rows: int = 0, place: str = "vm", method: str = "GET") -> float:
    body = "<list>" + "".join(f'\n    <{place} id="{n}">\n    </{place}>' for n in range(rows)) + "\n</list>"
    return cost_s(LabRequest(method, f"{API}/{path}", query), LabResponse(200, body.encode()))


@pytest.mark.parametrize(
    ("path", "query", "rows", "measured_s"),
    [
        ("vms", "max=10000", 920, 0.90),
        ("vms", "follow=nics&max=10000", 920, 1.9),
        ("vms", "follow=nics,disk_attachments&max=10000", 920, 3.6),
        ("vms", "follow=nics,diskattachments.disk&max=10000", 920, 9.2),
        ("vms", "follow=statistics&max=10000", 920, 28),
        ("vms", "all_content=true&max=10000", 920, 56),
        ("hosts", "", 12, 2.0),
        ("hosts", "max=100", 12, 0.015),
        ("hosts", "migration_target_of=a,b,c,d,e&max=100", 4, 0.161),
        ("vms", "search=host%3Dkvm01&max=100", 10, 6.0),
        ("vms", "search=id%3Da+or+id%3Db&max=100", 10, 0.040),
        ("events", "max=1", 1, 0.003),
        ("vms/x", "", 0, 0.040),
    ],
)
def test_a_request_takes_about_as_long_as_measured(
    path: str, query: str, rows: int, measured_s: float
) -> None:
    """The table of the measured engine is met within a factor of two, line by line."""
    assert measured_s / 2 <= cost(path, query, rows=rows) <= measured_s * 2


def test_an_unlimited_list_of_hosts_is_a_hundred_times_dearer() -> None:
    """The measured trap that a client must feel: `max` makes the difference."""
    assert cost("hosts", rows=12, place="host") > 80 * cost("hosts", "max=100", rows=12, place="host")
