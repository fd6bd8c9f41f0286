"""The pytest plugin: `engine_cassette`, `@pytest.mark.cassette`, `--record-cassettes`.

pytest loads it in every session by its entry point, so it imports nothing but pytest until a test uses a
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
        help="none: only replay; once: record missing cassettes; all: record again. Default: none if the "
        "variable CI is set, otherwise once.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker."""
    config.addinivalue_line(
        "markers",
        "cassette(path=None, *, record_mode=None, network=False, waiting=False, **options): "
        "the test uses a cassette; options are those of rhevmig.testing.cassette",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marked test needs no fixture argument; its cassette is in use before any other fixture."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and item.get_closest_marker("cassette") and "engine_cassette" not in names:
            names.insert(0, "engine_cassette")


@pytest.fixture
def engine_cassette(request: pytest.FixtureRequest) -> Iterator[EngineCassette]:
    """The test's cassette, replayed or recorded; vcrpy's Cassette.

    The file is `cassettes/<module>/<test>.yaml` next to the test, or the one that the marker names.
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
    request.node.user_properties.append((_PROPERTY, _report(request.config, path, used, replays)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collects the reports of the tests' cassettes, also from xdist's workers."""
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name == _PROPERTY and isinstance(value, dict):
                _reports[str(value["path"])] = value


_reports: dict[str, dict[str, Any]] = {}


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints each cassette's engine, age and unused requests."""
    if not _reports:
        return
    terminalreporter.section("cassettes")
    for path, found in sorted(_reports.items()):
        terminalreporter.line(f"{path}: {found['line']}")
        for request in found["unused"][:5]:
            terminalreporter.line(f"    not requested: {request}")
        if len(found["unused"]) > 5:
            terminalreporter.line(f"    and {len(found['unused']) - 5} more")
    _reports.clear()


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


def _report(config: pytest.Config, path: Path, used: EngineCassette, replays: bool) -> dict[str, Any]:
    from rhevmig.testing.show import facts_of

    with contextlib.suppress(ValueError):
        path = path.relative_to(config.rootpath)
    unused = [f"{one.method} {one.uri}" for one in used.unplayed()] if replays else []
    count = f"{used.play_count} of {len(used)} replayed" if replays else f"{len(used)} recorded"
    return {"path": str(path), "line": f"{count}, {facts_of(used)}", "unused": unused}
