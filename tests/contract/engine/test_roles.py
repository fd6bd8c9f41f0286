"""What an account may not see becomes unobserved, with the reason and the smallest role that helps."""

from __future__ import annotations

import pytest
from contract.engine.conftest import CASSETTES, RECORDED, connected

from rhevmig.errors import PermissionDenied
from rhevmig.inventory import Inventory
from rhevmig.testing import serve

ROLES = CASSETTES / "roles"


def as_role(name: str) -> Inventory:
    """The inventory as an account saw it; what its cassette lacks is the administrator's."""
    with serve([ROLES / f"{name}.json.xz", RECORDED]) as engine, connected(engine) as client:
        return client.inventory()


def test_a_reader_sees_everything() -> None:
    """ReadOnlyAdmin, the smallest role that the remedies name, leaves nothing unobserved."""
    assert as_role("reader").unobserved == ()


def test_what_an_operator_may_not_see_is_told() -> None:
    """UserVmManager of one cluster: refusals, missing elements and 404s are all told, nothing is made up."""
    inventory = as_role("operator")
    missing = {(one.kind, one.what, one.id) for one in inventory.unobserved}
    assert missing == {
        ("cluster", "affinitygroups", None),
        ("cluster_level", "cpu_types", None),
        ("host", "nics", None),
        ("option", "ServerCPUList", None),
        ("vm", "host", None),
        ("vm", "placement_policy", None),
    }
    assert all(one.reason and "ReadOnlyAdmin" in one.remedy for one in inventory.unobserved)
    assert len(inventory.vms) == 8
    assert all(vm.host_id is None and vm.affinity is None for vm in inventory.vms)
    assert all(host.nics is None for host in inventory.hosts)
    assert all(level.cpu_types == () for level in inventory.cluster_levels)


def test_one_refused_relation_does_not_cost_the_others() -> None:
    """What else was to be followed on the same list is still read, each by itself."""
    inventory = as_role("operator")
    assert any(host.network_attachments for host in inventory.hosts)
    assert inventory.cluster_networks
    assert inventory.affinity_groups == ()


def test_an_account_without_any_role() -> None:
    """A token is given, then every call is refused: one error, with what to do."""
    with serve([ROLES / "nobody.json.xz", RECORDED]) as engine, pytest.raises(PermissionDenied) as caught:
        connected(engine)
    assert "not authorized to perform login" in caught.value.message
    assert "role" in caught.value.remedy
