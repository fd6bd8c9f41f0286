"""Records the adapter's cassettes from the lab: `python -m tests.contract.adapter.record [NAME…]`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from rhevmig.testing import cassette
from tests.contract.adapter.backends import CASSETTES, cassette_of, held, served
from tests.contract.adapter.site import CONTRACTS, Contract


def record(contract: Contract, path: Path) -> object:
    """Runs a contract on a new lab and writes what went over the wire; returns its outcome."""
    with served() as site, cassette(path, record_mode="all", before_record_request=_anywhere):
        return held(contract, site)


def _anywhere(request: Any) -> Any:
    """The port of a lab is another one each time, and no part of the contract."""
    request.uri = request.uri.replace(urlsplit(request.uri).netloc, "engine.lab.example", 1)
    return request


def main(names: list[str]) -> int:
    """Records the contracts named, or all; what no contract asks for any more is removed."""
    unknown = sorted(set(names) - set(CONTRACTS))
    if unknown:
        print(f"no such contract: {', '.join(unknown)}; there are {', '.join(CONTRACTS)}", file=sys.stderr)
        return 2
    with TemporaryDirectory(dir=CASSETTES) as folder:
        for name in names or CONTRACTS:
            path = Path(folder) / cassette_of(name).name
            record(CONTRACTS[name], path)
            print(f"{name}: {path.stat().st_size:,} bytes")
            path.replace(cassette_of(name))
    if not names:
        wanted = {cassette_of(name) for name in CONTRACTS}
        for path in set(CASSETTES.glob("*.yaml.xz")) - wanted:
            path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
