"""Hard affinity rules as the engine's two filters read them."""

from __future__ import annotations

import msgspec
import pytest

from rhevmig.inventory import AffinityGroup, AffinityLabel, Unobserved
from rhevmig.scheduling import explain
from tests.builders import a_cluster, a_group, a_host, a_level, a_vm, an_inventory


def allowed(*groups: AffinityGroup, other_host: str | None = "h2", **extra: object) -> dict[str, str]:
    """Host → answer for web01 on h1, beside app01 on `other_host`."""
    app = a_vm("app01", host_id=other_host, status="up")
    inventory = an_inventory(
        hosts=(a_host("h1"), a_host("h2"), a_host("h3")),
        vms=(a_vm(), app),
        affinity_groups=groups,
        **extra,
    )
    return {v.host_name: v.allowed.value for v in explain(inventory, "web01")}


def test_together_leaves_only_the_others_host() -> None:
    """A hard positive rule allows only the host where the other VM runs."""
    assert allowed(a_group("pair", vms=("web01", "app01"), vms_rule="together")) == {
        "h1": "no",
        "h2": "yes",
        "h3": "no",
    }


def test_apart_takes_the_others_host_away() -> None:
    """A hard negative rule forbids the host where the other VM runs, and names it."""
    group = a_group("apart", vms=("web01", "app01"), vms_rule="apart")
    assert allowed(group) == {"h1": "yes", "h2": "no", "h3": "yes"}
    inventory = an_inventory(vms=(a_vm(), a_vm("app01", host_id="h2")), affinity_groups=(group,))
    reason = explain(inventory, "web01", "h2").verdicts[0].reasons[0]
    assert (reason.filter, "app01" in reason.sentence, reason.evidence) == (
        "VmAffinityGroups",
        True,
        {"group": "apart"},
    )


def test_a_soft_or_disabled_rule_forbids_nothing() -> None:
    """What is not enforced is no filter."""
    soft = a_group("soft", vms=("web01", "app01"), vms_rule="apart", hard=False)
    off = a_group("off", vms=("web01", "app01"))
    assert set(allowed(soft, off).values()) == {"yes"}


def test_rules_of_hosts() -> None:
    """A hard rule of hosts allows only its hosts, or all but its hosts."""
    only = a_group("only", vms=("web01",), hosts=("h3",), hosts_rule="together")
    never = a_group("never", vms=("web01",), hosts=("h3",), hosts_rule="apart")
    assert allowed(only) == {"h1": "no", "h2": "no", "h3": "yes"}
    assert allowed(never) == {"h1": "yes", "h2": "yes", "h3": "no"}


def test_members_by_label_count() -> None:
    """A host or VM that belongs by label belongs."""
    label = AffinityLabel(id="gpu", name="gpu", vm_ids=("web01",), host_ids=("h3",))
    group = msgspec.structs.replace(
        a_group("by label", vms=(), hosts_rule="together"), vm_label_ids=("gpu",), host_label_ids=("gpu",)
    )
    assert allowed(group, affinity_labels=(label,)) == {"h1": "no", "h2": "no", "h3": "yes"}


@pytest.mark.parametrize(
    ("level", "answers"),
    [
        ("4.3", {"h1": "no", "h2": "no", "h3": "yes"}),
        ("4.4", {"h1": "yes", "h2": "yes", "h3": "yes"}),
        ("4.8", {"h1": "yes", "h2": "yes", "h3": "yes"}),
        (None, {"h1": "unknown", "h2": "unknown", "h3": "yes"}),
    ],
)
def test_a_label_is_a_rule_of_hosts_below_level_4_4(level: str | None, answers: dict[str, str]) -> None:
    """A label with an implicit affinity group binds its VMs to its hosts below level 4.4 only."""
    of_level = {"clusters": (a_cluster(version=level),), "cluster_levels": (a_level("4.3"), a_level())}
    plain = AffinityLabel(id="l", name="ssd", vm_ids=("web01",), host_ids=("h3",))
    implicit = msgspec.structs.replace(plain, has_implicit_affinity_group=True)
    up = dict.fromkeys(answers, "yes")
    if level is not None:
        assert allowed(affinity_labels=(plain,), **of_level) == up
    assert allowed(affinity_labels=(implicit,), **of_level) == answers


def test_a_partner_whose_host_is_hidden_leaves_the_answer_open() -> None:
    """Where the account does not see on which host the other runs, nothing is sure."""
    group = a_group("apart", vms=("web01", "app01"), vms_rule="apart")
    assert set(allowed(group, other_host=None).values()) == {"unknown"}


def test_a_partner_that_does_not_run_ties_nothing() -> None:
    """Only running VMs anchor or exclude a host."""
    group = a_group("pair", vms=("web01", "app01"), vms_rule="together")
    inventory = an_inventory(
        vms=(a_vm(), a_vm("app01", host_id=None, status="down")), affinity_groups=(group,)
    )
    assert {v.allowed for v in explain(inventory, "web01")} == {"yes"}


def test_groups_that_could_not_be_read_leave_the_answer_open() -> None:
    """An account that may not see affinity groups gets no yes."""
    hidden = Unobserved(kind="cluster", what="affinitygroups", reason="insufficient permissions")
    assert set(allowed(unobserved=(hidden,)).values()) == {"unknown"}
    elsewhere = Unobserved(kind="cluster", id="other", what="affinitygroups", reason="refused")
    assert set(allowed(unobserved=(elsewhere,)).values()) == {"yes"}
