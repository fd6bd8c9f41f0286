"""`snapshot` and `schema`: the inventory as a file, and the schema of that file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from rhevmig.cli.connection_options import EngineCommand, JsonFlag, Site, SnapshotFile
from rhevmig.cli.output import note, print_json, print_line, print_table
from rhevmig.inventory import Cluster, Inventory, json_schema
from rhevmig.inventory.collections import subject_of


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(cls=EngineCommand)(snapshot)
    app.command()(schema)


def snapshot(
    *,
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="write the inventory to this file")] = None,
    source: SnapshotFile = None,
    targets: Annotated[
        bool,
        typer.Option(
            "--targets", help="also ask the engine where each running VM could go (about 35 ms per VM)"
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Read the engine once and save the inventory; without FILE print a summary."""
    site: Site = context.obj
    inventory = site.inventory(source, detail={"targets": None} if targets else {})
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
    engine, instant = inventory.engine, inventory.instant
    read_at = f"{instant.started_at:%Y-%m-%d %H:%M:%S} UTC"
    print_line(f"Engine {engine.version or '?'} at {engine.url}, read {read_at}")
    print_table(
        ("data center", "cluster", "level", "CPU type", "hosts", "VMs"),
        (_row(inventory, cluster) for cluster in inventory.clusters),
    )
    if instant.is_torn:
        print_line(f"not consistent: {len(instant.torn_ids)} entities changed while they were read")
    for missing in inventory.unobserved:
        print_line(f"not seen: {subject_of(missing)}: {missing.reason}")


def _row(inventory: Inventory, cluster: Cluster) -> tuple[str | None, ...]:
    data_center = inventory.find_data_center(cluster.data_center_id)
    return (
        data_center.name if data_center else None,
        cluster.name,
        cluster.version,
        cluster.cpu_type or "not set",
        _counts(host.status for host in inventory.hosts_of(cluster)),
        _counts(vm.status for vm in inventory.vms_of(cluster)),
    )


def _counts(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(Counter(words).items())) or "none"
