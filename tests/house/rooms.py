"""What the house tests know about the code: its modules, their imports, the table in setup.cfg."""

from __future__ import annotations

import ast
import configparser
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rhevmig"
WORDS = {"errors", "terms", "units", "clock", "events", "files", "_version"}


@dataclass(frozen=True, eq=False)
class Module:
    """One source file of the product."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        parts = self.name.split(".")
        if len(parts) == 1:
            return "top"
        return "words" if parts[1] in WORDS else parts[1]

    @cached_property
    def imports(self) -> set[str]:
        """Full names of all modules imported, wherever in the file, type checking included."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}: relative import"
                found.update({node.module or ""})
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Call) and _is_dynamic_import(node):
                argument = node.args[0] if node.args else None
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found.add(argument.value)
        return found


def _is_dynamic_import(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in ("import_module", "__import__")


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(ROOT).with_suffix("")
        parts = [part for part in relative.parts if part != "__init__"]
        found.append(Module(".".join(parts), path, ast.parse(path.read_text())))
    return tuple(found)


@cache
def table(section: str) -> dict[str, frozenset[str]]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return {key: frozenset(value.split()) for key, value in parser[f"rhevmig:{section}"].items()}


@cache
def rooms_by_module() -> dict[str, str]:
    return {module.name: module.room for module in modules()}


def inner_imports(module: Module) -> set[str]:
    """Imports of the product itself, as the names of its modules."""
    known = rooms_by_module()
    return {name for name in module.imports if name in known and name != module.name}


def folder_cycles(room: str) -> list[str]:
    """Cycles between the folders of one room, each as `a → b → a (module imports module)`.

    A module that lies in no folder counts as a folder of its own; a package's `__init__`, which only names
    what its modules hold, does not count.
    """
    arrows: dict[str, dict[str, str]] = {}
    for module in modules():
        if module.room != room or module.path.name == "__init__.py":
            continue
        for other in inner_imports(module):
            parts = other.split(".")
            here = module.name.split(".")[-1 if room == "words" else 2]
            if len(parts) > 2 and parts[1] == room and parts[2] != here:
                arrows.setdefault(here, {}).setdefault(parts[2], f"{module.name} imports {other}")
    found = []

    def visit(folder: str, trail: tuple[str, ...]) -> None:
        if folder in trail:
            ring = (*trail[trail.index(folder) :], folder)
            why = "; ".join(arrows[a][b] for a, b in pairwise(ring))
            if folder == min(ring):
                found.append(f"{room}: {' → '.join(ring)} ({why})")
            return
        if folder in done:
            return
        for other in sorted(arrows.get(folder, {})):
            visit(other, (*trail, folder))
        done.add(folder)

    done: set[str] = set()
    for folder in sorted(arrows):
        visit(folder, ())
    return found
