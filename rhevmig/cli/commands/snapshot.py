"""`snapshot` and `schema`: the inventory as a file, and what such a file looks like."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from rhevmig.cli.connection_options import JsonFlag, Site, SnapshotFile, connected
from rhevmig.cli.output import note, out, print_json, print_table
from rhevmig.inventory import Inventory, json_schema


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(snapshot)
    app.command()(schema)


@connected
def snapshot(
    *,
    site: Site,
    file: Annotated[Path | None, typer.Argument(help="write the inventory to this file")] = None,
    source: SnapshotFile = None,
    targets: Annotated[
        bool,
        typer.Option(
            "--targets", help="also ask the engine where each running VM could go (about 35 ms each)"
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Read the engine once and save what it consists of; without FILE print a summary."""
    detail = frozenset({"targets"}) if targets else frozenset()
    inventory = site.inventory(source, detail=detail)
    if file is not None:
        inventory.save(file)
        note(f"saved {file} ({file.stat().st_size / 1024:.0f} KiB)")
    if as_json:
        print_json(inventory)
    else:
        _print_summary(inventory)


def schema() -> None:
    """Print the JSON Schema of a snapshot file."""
    print_json(json_schema())


def _print_summary(inventory: Inventory) -> None:
    console = out()
    engine, instant = inventory.engine, inventory.instant
    console.print(
        f"Engine {engine.version or '?'} at {engine.url}, read {instant.started_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    rows = []
    for cluster in inventory.clusters:
        hosts, vms = inventory.hosts_of(cluster), inventory.vms_of(cluster)
        data_center = inventory.find_data_center(cluster.data_center_id)
        rows.append(
            (
                data_center.name if data_center else None,
                cluster.name,
                cluster.version,
                cluster.cpu_type or "not set",
                _counts(host.status for host in hosts),
                _counts(vm.status for vm in vms),
            )
        )
    print_table(("data center", "cluster", "level", "CPU type", "hosts", "VMs"), rows)
    if instant.is_torn:
        console.print(f"{len(instant.torn_ids)} entities changed while they were read: this instant is torn.")
    for missing in inventory.unobserved:
        console.print(f"not seen: {missing.what} ({missing.reason})", markup=False)


def _counts(words: object) -> str:
    counted = Counter(words)  # type: ignore[call-overload]
    return ", ".join(f"{count} {word}" for word, count in sorted(counted.items())) or "none"
