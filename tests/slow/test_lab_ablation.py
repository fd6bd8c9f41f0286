"""The ablation table of docs/lab-fidelity.md is what replaying without each input gives."""

from __future__ import annotations

import pytest
from verification.ablation import measure, read, rows

pytestmark = pytest.mark.slow


def test_the_ablation_table_is_current() -> None:
    """After a change run `PYTHONPATH=tests:. python -m verification.ablation` and `make docs`."""
    assert read() == {name: measure(without) for name, without in rows().items()}
