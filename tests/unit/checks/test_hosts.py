"""HOST-002: a cluster needs two hosts that are up, or nothing in it can migrate."""

from __future__ import annotations

from builders import a_host, an_inventory

from rhevmig.inventory import Unobserved
from tests.unit.checks.judged import findings, statuses, the_unknown


def test_host_002_passes_with_two_hosts_up() -> None:
    """Two hosts that are up are enough, whatever the others do."""
    hosts = (a_host("h1"), a_host("h2"), a_host("h3", status="maintenance"))
    finding = findings("HOST-002", an_inventory(hosts=hosts))["cl"]
    assert (finding.status, finding.message) == ("pass", "2 of its 3 hosts are up")


def test_host_002_fails_with_one_host() -> None:
    """A cluster of one host can migrate nothing; the remedy is another host, not an activation."""
    finding = findings("HOST-002", an_inventory(hosts=(a_host("h1"),)))["cl"]
    assert finding.status == "fail"
    assert finding.message == "h1 is its only host: no VM can migrate"
    assert "second host" in finding.remedy


def test_host_002_fails_with_one_host_up() -> None:
    """The hosts that are not up are named with their status and in the remedy."""
    hosts = (a_host("h1"), a_host("h2", status="maintenance"), a_host("h3", status="non_operational"))
    finding = findings("HOST-002", an_inventory(hosts=hosts))["cl"]
    assert finding.message == "only h1 is up: no VM can migrate"
    assert finding.remedy == "Activate or repair h2, h3."
    assert [row.observed for row in finding.evidence] == ["1 of 3", "maintenance", "non_operational"]
    none_up = findings("HOST-002", an_inventory(hosts=hosts[1:]))["cl"]
    assert none_up.message == "none of its hosts is up: no VM can migrate"


def test_host_002_is_unknown_where_hosts_were_not_read() -> None:
    """A cluster whose hosts the account does not see may have any number of them."""
    unseen = Unobserved(kind="host", what="all", reason="HTTP 403", remedy="ReadOnlyAdmin")
    assert "ReadOnlyAdmin" in the_unknown("HOST-002", an_inventory(hosts=(), unobserved=(unseen,))).remedy
    assert statuses("HOST-002", an_inventory(hosts=())) == {"cl": "not_applicable"}
