"""The pytest plugin: `engine_cassette`, `@pytest.mark.cassette`, `--record-cassettes`.

Loaded by pytest's entry point in every session, so it imports nothing but pytest until a test asks for a
cassette.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rhevmig.testing.vcr_pycurl.cassette import EngineCassette

_PROPERTY = "rhevmig_cassette"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--record-cassettes`."""
    parser.getgroup("cassettes", "cassettes of rhevmig").addoption(
        "--record-cassettes",
        choices=("none", "once", "all"),
        default=None,
        help="none: only replay; once: record what is missing; all: record anew. Default: none where the "
        "variable CI is set, once elsewhere.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker."""
    config.addinivalue_line(
        "markers",
        "cassette(path=None, *, record_mode=None, network=False, waiting=False, **options): "
        "the test talks to an engine through a cassette; options are those of rhevmig.testing.cassette",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marked test needs no fixture argument; the cassette is in before any other fixture talks."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and item.get_closest_marker("cassette") and "engine_cassette" not in names:
            names.insert(0, "engine_cassette")


@pytest.fixture
def engine_cassette(request: pytest.FixtureRequest) -> Iterator[EngineCassette]:
    """The test's own cassette, replayed or recorded; vcrpy's Cassette.

    It lies beside the test: `cassettes/<module>/<test>.yaml`, or where the marker says.
    """
    from rhevmig.testing.vcr_pycurl.cassette import cassette
    from rhevmig.testing.vcr_pycurl.network_guard import no_network, no_waiting

    path, options = _wanted(request)
    mode: Any = options.pop("record_mode", None) or _mode(request.config)
    network, waiting = options.pop("network", False), options.pop("waiting", False)
    if mode == "all":
        options.setdefault("drop_unused_requests", True)
    replays = mode == "none" or (mode == "once" and path.exists())
    with contextlib.ExitStack() as stack:
        if replays and not network:
            stack.enter_context(no_network())
        if replays and not waiting:
            stack.enter_context(no_waiting())
        used = stack.enter_context(cassette(path, record_mode=mode, **options))
        yield used
    request.node.user_properties.append((_PROPERTY, _told(request.config, path, used, replays)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gathers what the tests' cassettes told, also from other processes."""
    if report.when == "teardown":
        for name, told in report.user_properties:
            if name == _PROPERTY and isinstance(told, dict):
                _gathered[str(told["path"])] = told


_gathered: dict[str, dict[str, Any]] = {}


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Shows each cassette's engine, age and what was not asked for."""
    if not _gathered:
        return
    terminalreporter.section("cassettes")
    for path, told in sorted(_gathered.items()):
        terminalreporter.line(f"{path}: {told['line']}")
        for request in told["unused"][:5]:
            terminalreporter.line(f"    not asked for: {request}")
        if len(told["unused"]) > 5:
            terminalreporter.line(f"    and {len(told['unused']) - 5} more")
    _gathered.clear()


def _wanted(request: pytest.FixtureRequest) -> tuple[Path, dict[str, Any]]:
    marker = request.node.get_closest_marker("cassette")
    options = dict(marker.kwargs) if marker else {}
    given = marker.args[0] if marker and marker.args else options.pop("path", None)
    folder = request.path.parent
    if given is not None:
        return folder / given, options
    name = re.sub(r"[^\w.-]+", "-", request.node.name).strip("-")
    owner = f"{request.cls.__name__}." if request.cls else ""
    return folder / "cassettes" / request.path.stem / f"{owner}{name}.yaml", options


def _mode(config: pytest.Config) -> str:
    chosen = config.getoption("--record-cassettes")
    return chosen or ("none" if os.environ.get("CI") else "once")


def _told(config: pytest.Config, path: Path, used: EngineCassette, replays: bool) -> dict[str, Any]:
    from rhevmig.testing.show import age_of, engine_of

    with contextlib.suppress(ValueError):
        path = path.relative_to(config.rootpath)
    unused = [f"{one.method} {one.uri}" for one in used.unplayed()] if replays else []
    what = f"{used.play_count} of {len(used)} replayed" if replays else f"{len(used)} recorded"
    facts = [what, f"engine {engine_of(used) or 'unknown'}", age_of(used)]
    return {"path": str(path), "line": ", ".join(facts), "unused": unused}
