"""A policy that no site would write ends in one clear error, soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from rhevmig.errors import ConfigError
from rhevmig.policy import load_policy

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
TEXTS = {
    "a number where a text is expected": ("provenance: {migration_link_gbit: 2026}", "provenance"),
    "nested 5,000 deep": ("roles: " + "[" * 5000, "nested too deeply"),
    "an alias bomb": (BOMB, "more than 100,000 values"),
    "an alias of itself": ("roles: &a {storage: *a}", "contains itself"),
    "no date": ("name: 2026-99-99\nnosuch: 1", "no such key"),
    "a wrong tag": ("name: !!int x", "cannot be read as"),
    "another wrong tag": ("name: !!bool x", "cannot be read as"),
    "an unknown tag": ("name: !!python/object:os.system {}", "such"),
    "not UTF-8": ("name: \udcff", "cannot be read"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_policy_is_one_error(tmp_path: Path, name: str) -> None:
    """The error names the place or the limit."""
    text, words = TEXTS[name]
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ConfigError, match=words) if name != "an unknown tag" else pytest.raises(ConfigError):
        load_policy(file)


def test_an_endless_device_is_too_long() -> None:
    """Reading ends at the limit."""
    with pytest.raises(ConfigError, match="longer than"):
        load_policy("/dev/zero")
