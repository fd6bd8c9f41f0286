"""The product's scheduling and the lab's scheduler agree on random pairs; the whole comparison is slow."""

from __future__ import annotations

from random_worlds import SPECIAL, WORLDS, Comparison


def test_random_pairs_agree() -> None:
    """Never yes where the lab refuses, never no where it accepts."""
    comparison = Comparison()
    for seed in (len(SPECIAL), WORLDS - 1):
        comparison.compare(seed)
    assert comparison.pairs >= 300
    assert comparison.ours_yes == []
    assert comparison.ours_no == []
