"""The engine's bandwidth arithmetic and fair sharing of links."""

from __future__ import annotations

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhevmig.errors import InvalidArgument
from rhevmig.precopy import bandwidth
from rhevmig.precopy.bandwidth import (
    Flow,
    MigrationLink,
    fair_share,
    migration_bandwidth,
    parallel_connections,
)


def test_the_examples_in_the_docstrings_run() -> None:
    """Documentation of the arithmetic is what it does."""
    assert doctest.testmod(bandwidth).failed == 0


@pytest.mark.parametrize(
    ("settings", "mib_s", "limited_by", "notes"),
    [
        ({"assignment_method": "hypervisor_default"}, 52, "vdsm_default", 0),
        ({"assignment_method": "custom", "custom_value_mbps": 1000}, 62, "custom", 0),
        ({"assignment_method": "custom", "custom_value_mbps": 9}, 52, "vdsm_default", 1),
        ({"assignment_method": "auto"}, 52, "vdsm_default", 2),
        ({"assignment_method": "auto", "source": MigrationLink(link_mbps=1000)}, 62, "source_link", 1),
        ({"assignment_method": "auto", "destination": MigrationLink(link_mbps=0)}, 52, "vdsm_default", 2),
        (
            {
                "assignment_method": "auto",
                "source": MigrationLink(link_mbps=10_000),
                "destination": MigrationLink(link_mbps=25_000, qos_mbps=30_000),
                "max_migrations": 1,
            },
            1250,
            "source_link",
            0,
        ),
    ],
)
def test_bandwidth_of_one_migration(
    settings: dict[str, object], mib_s: int, limited_by: str, notes: int
) -> None:
    """The lower end decides, QoS before link, divided by the policy's migrations, cut off to whole MiB/s."""
    found = migration_bandwidth(**settings)  # type: ignore[arg-type]
    assert (found.mib_s, found.limited_by, len(found.assumptions)) == (mib_s, limited_by, notes)
    assert found.bytes_s == mib_s * 2**20


def test_parallel_connections_leave_one_migration_at_a_time() -> None:
    """The bandwidth is still divided by the policy's number, as the engine does."""
    found = migration_bandwidth(assignment_method="custom", custom_value_mbps=25_000, connections=2)
    assert (found.mib_s, found.max_migrations) == (1562, 1)
    plain = migration_bandwidth(assignment_method="custom", custom_value_mbps=25_000, vm_max_migrations=1)
    assert plain.max_migrations == 1


@pytest.mark.parametrize(
    ("asked", "connections"),
    [
        ({"policy": "auto", "host_mbps": 10_000, "vcpus": 64}, None),
        ({"policy": "auto", "host_mbps": 40_000, "vcpus": 64}, 3),
        ({"policy": "auto", "host_mbps": 100_000, "vcpus": 1}, None),
        ({"policy": "auto", "host_mbps": None, "vcpus": 8}, None),
        ({"policy": "auto_parallel", "host_mbps": None, "vcpus": 1}, 2),
        ({"policy": "disabled", "host_mbps": 100_000, "vcpus": 8}, None),
        ({"policy": "disabled", "host_mbps": 100_000, "vcpus": 8, "zero_copy": True}, 8),
        ({"policy": "auto", "host_mbps": 1000, "vcpus": 8, "zero_copy": True}, 2),
        ({"policy": "custom", "host_mbps": None, "vcpus": 4, "custom": 16}, 4),
        ({"policy": "custom", "host_mbps": None, "vcpus": 1, "custom": 16}, 2),
        ({"policy": "custom", "host_mbps": None, "vcpus": 512, "custom": 400}, 255),
    ],
)
def test_connections_as_the_engine_counts_them(asked: dict[str, object], connections: int | None) -> None:
    """One per 10240 Mbit/s, not more than vCPUs or 255, at least two or none."""
    assert parallel_connections(**asked) == connections  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "asked", [{"assignment_method": "fast"}, {"assignment_method": "custom"}, {"assignment_method": ""}]
)
def test_unknown_methods_are_refused(asked: dict[str, str]) -> None:
    """A method the engine does not have is bad input."""
    with pytest.raises(InvalidArgument):
        migration_bandwidth(**asked)  # type: ignore[arg-type]


def test_unknown_parallel_policies_are_refused() -> None:
    """So is a policy, and a custom one without its number."""
    for asked in ({"policy": "many"}, {"policy": "custom"}):
        with pytest.raises(InvalidArgument):
            parallel_connections(host_mbps=1, vcpus=1, **asked)  # type: ignore[arg-type]


flows = st.dictionaries(
    st.integers(0, 20),
    st.builds(
        Flow,
        links=st.lists(st.sampled_from("abcd"), max_size=3).map(tuple),
        cap_bytes_s=st.none() | st.floats(0, 100),
    ),
    max_size=12,
)


@given(flows=flows, capacities=st.dictionaries(st.sampled_from("abcd"), st.floats(0, 200)))
def test_a_fair_share_fills_links_and_never_overfills(
    flows: dict[int, Flow], capacities: dict[str, float]
) -> None:
    """No link carries more than it can, no flow exceeds its cap, and none could have more for free."""
    shares = fair_share(flows, capacities_bytes_s=capacities)
    assert shares.keys() == flows.keys()
    load = {
        link: sum(share for key, share in shares.items() if link in flows[key].links) for link in capacities
    }
    for link, value in load.items():
        assert value <= capacities[link] + 1e-6
    for key, share in shares.items():
        cap = flows[key].cap_bytes_s
        is_capped = cap is not None and share >= cap - 1e-6
        is_blocked = any(load[link] >= capacities[link] - 1e-6 for link in flows[key].links if link in load)
        assert is_capped or is_blocked or math.isinf(share)
