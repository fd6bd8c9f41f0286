"""Files of inventories: lossless, whole or not at all, and one clear error for everything else."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest
from unit.inventory.made_up import an_inventory

from rhevmig.errors import FileDamaged, FileVersion, InventoryError, OutputFailed
from rhevmig.inventory import SNAPSHOT, Inventory, json_schema, load


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return an_inventory(1).save(tmp_path / "dc.json")


@pytest.mark.parametrize("seed", range(25))
def test_saving_and_loading_loses_nothing(seed: int, tmp_path: Path) -> None:
    """Whatever stands in whichever field, the loaded inventory equals the saved one, and saves the same."""
    inventory = an_inventory(seed)
    path = inventory.save(tmp_path / "a.json")
    again = load(path)
    assert again == inventory
    assert again.save(tmp_path / "b.json").read_bytes() == path.read_bytes()


def test_every_field_was_tried() -> None:
    """The made-up inventories do set each field of each kind, so a new field cannot be forgotten here."""
    tried: dict[type, set[str]] = {}

    def visit(value: object) -> None:
        if isinstance(value, msgspec.Struct):
            told = tried.setdefault(type(value), set())
            for name in value.__struct_fields__:
                part = getattr(value, name)
                if part not in (None, (), {}):
                    told.add(name)
                visit(part)
        elif isinstance(value, tuple | dict):
            for part in value.values() if isinstance(value, dict) else value:
                visit(part)

    for seed in range(25):
        visit(an_inventory(seed))
    missing = {kind.__name__: set(kind.__struct_fields__) - told for kind, told in tried.items()}
    assert {name: fields for name, fields in missing.items() if fields} == {}
    assert len(tried) > 25


def test_none_is_not_zero(tmp_path: Path) -> None:
    """What was not observed stays not observed, and what is empty or zero stays that."""
    inventory = an_inventory(3)
    host = msgspec.structs.replace(inventory.hosts[0], memory_bytes=0, vms_total=None, nics=(), tags=None)
    path = msgspec.structs.replace(inventory, hosts=(host,)).save(tmp_path / "dc.json")
    again = load(path).hosts[0]
    assert (again.memory_bytes, again.vms_total, again.nics, again.tags) == (0, None, (), None)


def test_a_file_cut_anywhere(saved: Path, tmp_path: Path) -> None:
    """Cut at any point, a file is a damaged snapshot with its name, never half an inventory."""
    content = saved.read_bytes()
    cut = tmp_path / "cut.json"
    ends = {0, 1, 10, 50, len(content) - 2, *range(0, len(content) - 2, max(1, len(content) // 60))}
    for end in ends:
        cut.write_bytes(content[:end])
        with pytest.raises(FileDamaged) as caught:
            load(cut)
        assert "cut.json" in caught.value.message
        assert "\n" not in caught.value.message


@pytest.mark.parametrize("found", [SNAPSHOT.schema_version + 1, 99, "2", None, 0])
def test_another_schema(found: object, saved: Path) -> None:
    """A newer schema is told as that, with what this version reads."""
    content = json.loads(saved.read_bytes())
    content["schema_version"] = found
    content["inventory"]["something_new"] = [{"of": "the future"}]
    saved.write_text(json.dumps(content))
    with pytest.raises(FileVersion) as caught:
        load(saved)
    assert caught.value.found == found
    assert str(SNAPSHOT.schema_version) in caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"<vms/>",
        b"---\nyaml: true\n",
        b"\xff\xfe\x00\x01",
        b"PK\x03\x04",
        gzip.compress(b"{}", mtime=0),
        b'{"format": "other-tool", "schema_version": 1}',
        b'{"format": 5, "schema_version": 1}',
        b'{"format": "rhevmig-inventory", "schema_version": 1}',
        b'{"format": "rhevmig-inventory", "schema_version": 1, "written_by": "x", "inventory": {}}',
        b'{"format": "rhevmig-inventory", "schema_version": 1, "written_by": "x", "inventory": []}',
    ],
)
def test_files_of_something_else(content: bytes, tmp_path: Path) -> None:
    """Foreign files, other formats and empty ones are one error each."""
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(InventoryError) as caught:
        load(path)
    assert caught.value.exit_code == 2
    assert "other.json" in caught.value.message


def test_a_value_of_the_wrong_kind_is_told_with_its_place(saved: Path) -> None:
    """A damaged value is named by its path inside the file."""
    content = json.loads(saved.read_bytes())
    content["inventory"]["instant"]["requests"] = "many"
    saved.write_text(json.dumps(content))
    with pytest.raises(FileDamaged, match=r"\$\.inventory\.instant\.requests"):
        load(saved)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file and a folder are damaged snapshots too, not tracebacks."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(FileDamaged):
            load(path)


def test_saving_where_nothing_can_be_written(saved: Path) -> None:
    """Where writing fails, one error names the path and what stood there before still stands."""
    before = saved.read_bytes()
    with pytest.raises(OutputFailed) as caught:
        an_inventory(2).save(saved / "inside-a-file.json")
    assert "inside-a-file.json" in caught.value.message
    with pytest.raises(OutputFailed):
        an_inventory(2).save(saved.parent / "no-such-folder" / "dc.json")
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_saving_over_an_older_file(saved: Path) -> None:
    """A second save replaces the file as a whole and leaves nothing beside it."""
    an_inventory(2).save(saved)
    assert load(saved) == an_inventory(2)
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_schema_describes_the_file(saved: Path) -> None:
    """The JSON Schema names every top-level part of a file and each kind of entity, with its fields."""
    schema = json_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    definitions = schema["$defs"]
    assert set(definitions["Inventory"]["properties"]) == set(Inventory.__struct_fields__)
    top = definitions["Snapshot"]["properties"]
    assert set(json.loads(saved.read_bytes())) == set(top)
    assert "memory_bytes" in definitions["Host"]["properties"]


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom"])
def test_devices_are_not_read_to_their_end(device: str) -> None:
    """A device that never ends is refused after its first bytes."""
    with pytest.raises(FileDamaged):
        load(device)


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_deep_nesting(opening: str, tmp_path: Path) -> None:
    """A hundred thousand levels are a damaged file, not the end of the program."""
    path = tmp_path / "deep.json"
    for body in (
        opening * 100_000,
        '{"format":"rhevmig-inventory","schema_version":1,"x":' + opening * 100_000,
    ):
        path.write_text(body)
        with pytest.raises(FileDamaged):
            load(path)


def test_fields_of_older_versions_are_ignored(saved: Path) -> None:
    """A snapshot that still has fields which the model no longer has is read as if it had none."""
    content = json.loads(saved.read_bytes())
    before = load(saved)
    for host in content["inventory"]["hosts"]:
        host["hardware_version"] = "1.0"
    content["inventory"]["a_collection_of_the_past"] = [{"id": "x"}]
    saved.write_text(json.dumps(content))
    assert load(saved) == before
