"""Behaviour with each input of a replay left out: how much of the agreement rests on it.

`PYTHONPATH=tests:. python -m verification.ablation` runs every moving recording once per input and writes
ablation.yaml, from which docs/lab-fidelity.md is made. A slow test runs the same and compares.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
import yaml

from verification.evidence import MOVING, Score, outcomes, score
from verification.inputs import INPUTS

FILE = Path(__file__).with_name("ablation.yaml")
NOTHING, EVERYTHING = "nothing", "all of these"


class Ablation(msgspec.Struct, frozen=True, kw_only=True):
    """Behaviour in the moving recordings without one input."""

    behaviour: Score
    acts: Score


def measure(without: Collection[str]) -> Ablation:
    """Replay all moving recordings without these inputs."""
    found = list(outcomes(without=without, names=MOVING))
    return Ablation(behaviour=score(found, "behaviour"), acts=score(found, "behaviour", acts=True))


def rows() -> Mapping[str, Collection[str]]:
    """The rows of the table: what is left out."""
    return {NOTHING: (), **{name: (name,) for name in INPUTS}, EVERYTHING: tuple(INPUTS)}


def read() -> dict[str, Ablation]:
    """The table as last measured."""
    return msgspec.convert(yaml.safe_load(FILE.read_text()), type=dict[str, Ablation])


def main() -> None:
    """Measure and write the table."""
    measured = {name: msgspec.to_builtins(measure(without)) for name, without in rows().items()}
    FILE.write_text(
        "# Written by `python -m verification.ablation`.\n" + yaml.safe_dump(measured, sort_keys=False)
    )


if __name__ == "__main__":
    main()
