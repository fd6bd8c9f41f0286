"""The product's scheduling and the lab's scheduler agree on ten thousand random pairs of VM and host."""

from __future__ import annotations

import pytest
from random_worlds import WORLDS, Comparison, missing_refusals

pytestmark = pytest.mark.slow


def test_ten_thousand_random_pairs_agree() -> None:
    """Never yes where the lab refuses; each filter refuses twenty times; unknown in two per cent at most."""
    comparison = Comparison()
    for seed in range(WORLDS):
        comparison.compare(seed)
    assert comparison.pairs >= 5_000
    assert comparison.ours_yes == []
    assert comparison.ours_no == []
    assert missing_refusals(comparison, least=20) == {}
    assert comparison.unknown["pairs"] <= comparison.pairs * 0.02
