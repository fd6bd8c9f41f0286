"""Reading a policy: strict, with file, line and key in every error."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rhevmig.errors import ConfigError
from rhevmig.policy import Policy, Roles, Waiver, load_policy


def read(folder: Path, text: str) -> Policy:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def test_a_whole_policy(tmp_path: Path) -> None:
    """Every part is read; a day may stand without quotes."""
    policy = read(
        tmp_path,
        """
name: lab
roles: {storage: [san, nas], separate: [management, migration]}
thresholds: {migration_link_gbit: 25}
provenance: {migration_link_gbit: network standard}
waivers:
  - {check: NET-010, id: abc, reason: spare, until: 2027-03-31, by: me}
""",
    )
    assert policy.roles == Roles(storage=("san", "nas"), separate=("management", "migration"))
    assert policy.threshold("migration_link_gbit", 10) == 25
    assert policy.origin("migration_link_gbit", "DOC") == "network standard"
    assert policy.threshold("drift_window_h", 24) == 24
    assert policy.origin("drift_window_h", "local") == "local"
    assert policy.waivers[0].until == "2027-03-31"


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "{}"])
def test_an_empty_file_is_the_default_policy(tmp_path: Path, text: str) -> None:
    """A policy demands nothing by being empty."""
    assert read(tmp_path, text) == Policy()


@pytest.mark.parametrize(
    ("text", "line", "key", "word"),
    [
        ("name: a\nthresholds:\n  link: 2\n", 3, "$.thresholds.link", "no such key"),
        ("rolls: {}\n", 1, "$.rolls", "no such key"),
        ("name: a\nroles:\n  storage: san\n", 3, "$.roles.storage", "array"),
        ("\n\nname: 3\n", 3, "$.name", "str"),
        ("thresholds: {migration_link_gbit: fast}", 1, "$.thresholds.migration_link_gbit", "float"),
        ("name: a\nname: b\n", 2, "$.name", "twice"),
        ("waivers:\n- {check: A}\n", 2, "$.waivers[0]", "missing"),
        (
            "waivers:\n- {check: A, id: b, reason: r, by: m,\n   until: 2027-13-01}\n",
            3,
            "$.waivers[0].until",
            "no day",
        ),
        ("- a\n", 1, "$", "object"),
        ("name: [\n", 2, "$", "expected"),
        ("a: &x [*x]\n", 1, "$.a[0]", "itself"),
        ("? [a]\n: 1\n", 1, "$", "word"),
        ("!!python/object:os.system a\n", 1, "$", "cannot be read"),
        ("checks: []\n", 1, "$.checks", "not supported"),
    ],
)
def test_an_error_names_file_line_and_key(tmp_path: Path, text: str, line: int, key: str, word: str) -> None:
    """One clear line: where, which key, what is wrong."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    error = caught.value
    assert (error.line, error.key) == (line, key)
    assert error.message.startswith(f"{tmp_path / 'site.yaml'}:{line}: {key}: ")
    assert word in error.message
    assert "\n" not in error.message
    assert error.exit_code == 2


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """No such file, a folder, and bytes that are no text are usage errors."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "binary"):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_policy(path)


def test_a_waiver_ends_with_its_last_day_in_utc() -> None:
    """It holds to the last second of the day, wherever the machine stands."""
    waiver = Waiver(check="A", id="b", reason="r", until="2027-03-31", by="me")
    assert waiver.holds_at(datetime(2027, 3, 31, 23, 59, 59, tzinfo=UTC))
    assert not waiver.holds_at(datetime(2027, 4, 1, tzinfo=UTC))
