"""The tree of errors: its drawing, its sentences, its exit codes."""

from __future__ import annotations

import pickle
import re

import pytest

from rhevmig import errors

EXIT_CODES = {1, 2, 3, 4}


def every_error() -> list[type[errors.RhevmigError]]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [
        kind for kind in kinds if issubclass(kind, errors.RhevmigError) and kind.__module__ == errors.__name__
    ]


def drawn_tree() -> dict[str, str]:
    """Child → parent, read from the drawing in the docstring."""
    parents: dict[str, str] = {}
    trail: dict[int, str] = {-1: ""}
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"([│ ]*)(?:[├└]─ )?([A-Z]\w+)", line)
        if not match:
            continue
        depth = 0 if "─" not in line else len(match.group(1)) // 3 + 1
        trail[depth] = match.group(2)
        parents[match.group(2)] = trail[depth - 1]
    return parents


def test_the_drawing_is_the_tree() -> None:
    """Every class stands in the drawing under its real parent, and nothing else does."""
    real = {kind.__name__: kind.__mro__[1].__name__ for kind in every_error()}
    real["RhevmigError"] = ""
    assert drawn_tree() == real


@pytest.mark.parametrize("kind", every_error())
def test_an_error_says_all_it_was_given_on_one_line(kind: type[errors.RhevmigError]) -> None:
    """The sentence holds each field of the template, has one line, and survives pickling."""
    values = {
        name: ("one", "two") if name in ("ids", "reasons") else f"«{name}»"
        for name, default in kind.fields.items()
        if default is errors.REQUIRED or name == "detail"
    }
    error = kind(**values)
    assert error.message
    assert "\n" not in error.message
    assert "{" not in error.message
    assert kind.exit_code in EXIT_CODES
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert error.as_dict()["error"] == error.code


def test_secrets_have_no_field() -> None:
    """No error can carry a password or a token, so none can be printed."""
    names = {name for kind in every_error() for name in kind.fields}
    assert not [name for name in names if "password" in name or "token" in name]
