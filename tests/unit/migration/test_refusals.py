"""Refusals by the engine's own catalogue: every rule is a text of the engine, every text finds its rule."""

from __future__ import annotations

import lzma
import re
from functools import cache
from pathlib import Path

import pytest

from rhevmig.migration import RefusalClass
from rhevmig.migration.refusals import _rules, classify_text

CATALOGUE = Path(__file__).parents[3] / "cassettes" / "engine-catalogue" / "engine-messages.properties.xz"
MESSAGES = _rules().messages
#: Class that the engine's text must get: public cases of hosts that were given up at the first storage task.
WANTED = {
    "VDS_CANNOT_MAINTENANCE_SPM_WITH_RUNNING_TASKS": "B",
    "VDS_CANNOT_MAINTENANCE_SPM_CONTENDING": "B",
    "VDS_CANNOT_MAINTENANCE_HOST_WITH_RUNNING_OPERATIONS": "B",
    "VDS_CANNOT_MAINTENANCE_NO_ALTERNATE_HOST_FOR_HOSTED_ENGINE": "P",
    "CANNOT_MAINTENANCE_VDS_RUN_VMS_NO_OTHER_RUNNING_VDS": "P",
    "VDS_CANNOT_MAINTENANCE_VDS_HAS_AFFINITY_VMS": "P",
    "VDS_CANNOT_MAINTENANCE_VM_HAS_PLUGGED_DISK_SNAPSHOT": "P",
    "VDS_CANNOT_MAINTENANCE_GLUSTER_QUORUM_CANNOT_BE_MET": "O",
    "VDS_CANNOT_MAINTENANCE_UNSYNCED_ENTRIES_PRESENT_IN_GLUSTER_BRICKS": "B",
    "VDS_CANNOT_MAINTENANCE_VDS_IS_NOT_RESPONDING_AND_IS_SPM": "O",
    "ACTION_TYPE_FAILED_CANNOT_RUN_ACTION_ON_NON_MANAGED_VM": "P",
    "ACTION_TYPE_FAILED_DISK_IS_BEING_TRANSFERRED": "B",
    "ACTION_TYPE_FAILED_DISK_IS_BEING_MIGRATED": "B",
    "ACTION_TYPE_FAILED_VM_IS_BEING_EXPORTED": "B",
    "ACTION_TYPE_FAILED_VM_IS_BEING_CLONED": "B",
    "ACTION_TYPE_FAILED_VM_IS_DURING_A_BACKUP_CHECKPOINT_REMOVAL": "B",
}


@cache
def catalogue() -> dict[str, str]:
    """The engine's texts by key."""
    lines = lzma.decompress(CATALOGUE.read_bytes()).decode().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {
        key.strip(): text.replace("\\n", "\n").replace("\\:", ":").replace("\\=", "=")
        for key, _, text in pairs
    }


def sent(text: str, action: str = "migrate", kind: str = "VM") -> str:
    """The text as the engine sends it in a fault."""
    filled = text.replace("${action}", action).replace("${type}", kind)
    return f"[{re.sub(r'[$][{][a-zA-Z]+[}]', 'web-01 (a.b)', filled)}]"


@pytest.mark.parametrize("key", MESSAGES)
def test_every_rule_is_a_text_of_the_engine(key):
    """The text is the catalogue's, and what the engine makes of it gets the rule's key, class and remedy."""
    rule = MESSAGES[key]
    assert " ".join(catalogue()[key].split()) == rule.text
    for action, kind in (("migrate", "VM"), ("maintenance", "Host")):
        found = classify_text(sent(catalogue()[key], action, kind), status_code=409)
        assert (found.key, found.kind) == (rule.key, rule.kind)
        assert found.remedy


@pytest.mark.parametrize(("key", "kind"), WANTED.items())
def test_refusals_of_maintenance_have_their_class(key, kind):
    """A condition that passes is requested again; a configuration is not; a risk is left to a person."""
    found = classify_text(sent(catalogue()[key]), status_code=409)
    assert found.key != "unrecognised"
    assert found.kind == RefusalClass(kind)
    assert "sentence" not in found.remedy


def test_texts_outside_the_catalogue_are_examples_of_their_rule():
    """Each further pattern finds a text that was recorded, or that the engine's backend writes."""
    examples = {
        "entity_not_found": "Entity not found: 1234",
        "malformed_id": "Invalid UUID string: web01",
        "host_network_error": "[Network error during communication with the Host.]",
        "migration_error": "[Fatal error during migration]",
        "internal_error": "[Internal Engine Error]",
        "vm_status": "[Cannot migrate VM. VM is in NotResponding status]",
    }
    assert {rule.key for rule in _rules().others} == set(examples)
    assert {classify_text(text).key for text in examples.values()} == set(examples)


def test_the_end_of_a_message_may_differ_between_versions():
    """The distinctive sentence decides, not the hint after it."""
    found = classify_text("[Cannot migrate VM: VM is locked. Please try later.]")
    assert (found.key, found.kind) == ("vm_locked", RefusalClass.BLOCKED)


def test_a_text_without_a_rule_is_left_to_an_administrator():
    """An unknown text is neither repeated nor taken for anything."""
    assert classify_text("[Cannot migrate VM. The moon is full.]").kind == RefusalClass.OPERATOR
