"""Names are nouns of the field, and each stands for one thing."""

from __future__ import annotations

import ast
from collections import defaultdict

from rooms import modules

#: Names that end in -ing because the field calls the thing so.
FIELD_NOUNS = {
    "balancing",
    "finding",
    "sharing",
    "mapping",
    "matching",
    "pinning",
    "planning",
    "scheduling",
    "testing",
}


def test_no_module_is_a_gerund() -> None:
    """A module is named for what it holds; -ing only where that is the field's noun."""
    wrong = [
        module.name
        for module in modules()
        if (last := module.name.rsplit(".", 1)[-1]).endswith("ing") and last.split("_")[-1] not in FIELD_NOUNS
    ]
    assert not wrong, "\n".join(wrong)


def test_no_room_is_called_for_what_it_is_not() -> None:
    """There is no utils, helpers, common, base, manager or misc anywhere."""
    banned = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert not [m.name for m in modules() if banned & set(m.name.split("."))]


def test_two_public_classes_never_share_a_name() -> None:
    """Whoever greps for a class finds one."""
    homes: dict[str, list[str]] = defaultdict(list)
    for module in modules():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module.name)
    wrong = [f"{name}: {', '.join(where)}" for name, where in sorted(homes.items()) if len(where) > 1]
    assert not wrong, "\n".join(wrong)
