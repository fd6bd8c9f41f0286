"""Looking things up in an inventory."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rhevmig.errors import AmbiguousName, NotFound
from rhevmig.inventory import (
    AffinityGroup,
    AffinityLabel,
    AffinityRule,
    Cluster,
    ClusterNetwork,
    Engine,
    Host,
    Instant,
    Inventory,
    Network,
    StorageDomainAttachment,
    Unobserved,
    Vm,
)
from rhevmig.inventory.collections import subject_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SITE = Inventory(
    engine=Engine(url="https://engine.example"),
    instant=Instant(started_at=NOW, ended_at=NOW),
    clusters=(Cluster(id="c1", name="one"), Cluster(id="c2", name="two")),
    hosts=tuple(Host(id=f"h{n}", name=f"kvm{n}", cluster_id="c1", status="up") for n in (1, 2)),
    vms=(
        Vm(id="v1", name="web", cluster_id="c1", status="up", host_id="h1"),
        Vm(id="v2", name="web", cluster_id="c2", status="up", host_id="h9"),
        Vm(id="v3", name="db", cluster_id="c1", status="down", host_id="h1"),
    ),
    networks=(Network(id="n1", name="move", mtu=0), Network(id="n2", name="lan", mtu=9000)),
    cluster_networks=(ClusterNetwork(cluster_id="c1", network_id="n1", usages=("migration",)),),
    storage_attachments=(
        StorageDomainAttachment(data_center_id="d1", storage_domain_id="s1", status="active"),
    ),
    affinity_groups=(
        AffinityGroup(
            id="g1", name="apart", cluster_id="c1", vms_rule=AffinityRule(), hosts_rule=AffinityRule(),
            vm_ids=("v1",), vm_label_ids=("l1",), host_label_ids=("l1",),
        ),
    ),
    affinity_labels=(AffinityLabel(id="l1", name="gold", vm_ids=("v3",), host_ids=("h2",)),),
)  # fmt: skip


def test_by_id_and_by_name() -> None:
    """Ids win, names do too; what is not there and what two share are errors with the kind."""
    assert SITE.vm("v2").cluster_id == "c2"
    assert SITE.vm("db").id == "v3"
    with pytest.raises(NotFound, match="VM"):
        SITE.vm("nobody")
    with pytest.raises(AmbiguousName, match="v1, v2"):
        SITE.vm("web")
    assert SITE.find_vm(None) is None
    assert SITE.find_host("h9") is None


def test_who_is_where() -> None:
    """Only what runs is on a host; clusters have their hosts and VMs."""
    assert [vm.id for vm in SITE.vms_on(SITE.host("h1"))] == ["v1"]
    assert SITE.vms_on(SITE.host("h2")) == ()
    assert [host.id for host in SITE.hosts_of(SITE.cluster("one"))] == ["h1", "h2"]
    assert [vm.id for vm in SITE.vms_of(SITE.cluster("c1"))] == ["v1", "v3"]


def test_roles_of_networks_belong_to_clusters() -> None:
    """The network of a role is told per cluster; MTU 0 means the engine's default."""
    move = SITE.network_by_role(SITE.cluster("one"), "migration")
    assert move is not None
    assert move.id == "n1"
    assert SITE.network_by_role(SITE.cluster("two"), "migration") is None
    assert SITE.mtu_of(move) == 1500
    assert SITE.mtu_of(SITE.network("lan")) == 9000


def test_affinity_by_label() -> None:
    """A group holds VMs and hosts directly and through labels."""
    (group,) = SITE.affinity_groups
    assert SITE.members_of(group) == (frozenset({"v1", "v3"}), frozenset({"h2"}))


def test_storage_has_its_status_in_a_data_center() -> None:
    """The same domain may have none elsewhere."""
    assert SITE.storage_status("d1", "s1") == "active"
    assert SITE.storage_status("d2", "s1") is None
    assert SITE.storage_status(None, "s1") is None


@pytest.mark.parametrize(
    ("kind", "id", "what", "words"),
    [
        ("cluster_level", None, "all", "cluster levels (all)"),
        ("cluster_level", None, "cpu_types", "cluster levels (cpu types)"),
        ("vm", "v1", "host", "VM v1 (host)"),
        ("scheduling_policy", None, "filters", "scheduling policies (filters)"),
        ("option", None, "ServerCPUList", "option ServerCPUList"),
        ("scheduling_policy_unit", None, "all", "scheduling policy units (all)"),
    ],
)
def test_what_could_not_be_read_in_words(kind: str, id: str | None, what: str, words: str) -> None:
    """The kind of object is named, not only what is missing of it."""
    assert subject_of(Unobserved(kind=kind, id=id, what=what, reason="")) == words
