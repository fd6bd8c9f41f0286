"""The architecture of design and setup.cfg, held against the code itself."""

from __future__ import annotations

import ast
import sys

from rooms import Module, folder_cycles, inner_imports, modules, rooms_by_module, table

MAX_MODULE_LINES = 500
MAX_FUNCTION_LINES = 60
MAX_POSITIONAL = 8


def test_a_module_imports_only_its_own_room_or_one_the_table_allows() -> None:
    """No arrow of the code is missing from the rooms table in setup.cfg."""
    rooms = table("rooms")
    wrong = []
    for module in modules():
        if module.room == "top":
            continue  # rhevmig/__init__.py is the public face: it names every room, and loads them lazily
        assert module.room in rooms, f"room {module.room} is not in the table of setup.cfg"
        reached = {rooms_by_module()[name] for name in inner_imports(module)} - {module.room, "top"}
        wrong += [f"{module.name} reaches into {room}" for room in sorted(reached - rooms[module.room])]
    assert not wrong, "\n".join(wrong)


def test_third_party_packages_stay_in_their_room() -> None:
    """A dependency is imported only where the table says, so each room can be had without the others."""
    allowed = table("third_party")
    wrong = []
    for module in modules():
        everywhere = allowed["everywhere"] if module.room not in allowed["not_in"] else frozenset()
        own = allowed.get(module.room, frozenset())
        roots = {name.split(".")[0] for name in module.imports} - {"rhevmig"}
        foreign = {root for root in roots if root not in sys.stdlib_module_names}
        wrong += [f"{module.name} imports {root}" for root in sorted(foreign - everywhere - own)]
    assert not wrong, "\n".join(wrong)


def test_the_table_is_a_hierarchy() -> None:
    """Rooms form floors: following the table never comes back to where it started."""
    rooms = table("rooms")
    for start in rooms:
        seen: set[str] = set()
        ahead = set(rooms[start])
        while ahead:
            room = ahead.pop()
            assert room != start, f"the table leads from {start} back to itself"
            if room not in seen:
                seen.add(room)
                ahead |= rooms[room]


def test_no_module_imports_itself_through_others() -> None:
    """There is no import cycle between modules, packages' own __init__ aside."""
    packages = {m.name for m in modules() if m.path.name == "__init__.py"}
    graph = {m.name: inner_imports(m) - packages for m in modules() if m.name not in packages}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for other in sorted(graph[name]):
            visit(other, (*trail, name))
        done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_rooms_and_folders_of_the_table_exist() -> None:
    """The table names no room that is not there, and every room is in the table."""
    there = {module.room for module in modules()} - {"top"}
    assert there == set(table("rooms"))
    assert set(table("third_party")) - {"everywhere", "not_in"} <= there


def test_no_folder_of_a_room_imports_itself_through_others() -> None:
    """Inside a room the folders form a hierarchy: following the imports never comes back."""
    wrong = [trail for room in sorted(table("rooms")) for trail in folder_cycles(room)]
    assert not wrong, "\n".join(wrong)


def test_the_lab_shares_no_judgement_with_the_product() -> None:
    """The lab reaches nothing but words, precopy and recordings, so agreeing with it proves something."""
    assert table("rooms")["lab"] == {"words", "precopy", "recordings"}


def test_sizes_stay_readable() -> None:
    """No module over 500 lines, no function over 60, no more than eight positional parameters."""
    wrong = []
    for module in modules():
        lines = len(module.path.read_text().splitlines())
        if lines > MAX_MODULE_LINES:
            wrong.append(f"{module.name} has {lines} lines")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                positional = len(node.args.posonlyargs) + len(node.args.args)
                if length > MAX_FUNCTION_LINES:
                    wrong.append(f"{module.name}.{node.name} has {length} lines")
                if positional > MAX_POSITIONAL:
                    wrong.append(f"{module.name}.{node.name} takes {positional} positional parameters")
    assert not wrong, "\n".join(wrong)


def test_public_names_are_declared_by_packages_alone() -> None:
    """`__all__` stands only in a package's `__init__`; there it is true and without doubles."""
    wrong = []
    for module in modules():
        declared = _declared(module)
        if declared is None:
            continue
        if module.path.name != "__init__.py":
            wrong.append(f"{module.name}: __all__ in a module")
        wrong += [f"{module.name}: {name} twice" for name in declared if declared.count(name) > 1]
        lazy = any(isinstance(n, ast.FunctionDef) and n.name == "__getattr__" for n in module.tree.body)
        unknown = set() if lazy else set(declared) - _bound_names(module)
        wrong += [f"{module.name}: unknown {name} in __all__" for name in sorted(unknown)]
    assert not wrong, "\n".join(wrong)


def _declared(module: Module) -> list[str] | None:
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return None


def _bound_names(module: Module) -> set[str]:
    bound: set[str] = set()
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign):
            bound.update(
                name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)
            )
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            bound.add(node.target.id)
        elif isinstance(node, ast.TypeAlias if hasattr(ast, "TypeAlias") else ()):
            bound.add(node.name.id)
    return bound
