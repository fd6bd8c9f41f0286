"""Answers of a real engine with something wrong in them: an error of the tree each, quick and silent."""

from __future__ import annotations

import random
import time
from functools import partial

import pytest
from contract.engine.conftest import CASSETTES

from rhevmig.engine.mapping import EVENT, HOST, VM
from rhevmig.engine.request import EngineRequest
from rhevmig.engine.sdk_connection import converted
from rhevmig.errors import RhevmigError
from rhevmig.recordings.cassette_file import read_cassette

REQUEST = EngineRequest(url="https://engine.example/ovirt-engine/api", path="vms")
FOLLOWED = frozenset({"nics", "diskattachments", "hostdevices", "tags", "networkattachments"})
TABLES = {"vms": VM, "hosts": HOST, "events": EVENT}
PIECES = (
    b"",
    b"<",
    b"</vm>",
    b"<x>",
    b"&",
    b"&#0;",
    b"\x00",
    b"\xff",
    b"]]>",
    b"<!--",
    b"-1",
    b"1e400",
    b"abc",
    b"true",
)


@pytest.fixture(scope="module")
def answers() -> dict[str, list[bytes]]:
    """The first objects of recorded lists, each as a list of one."""
    found: dict[str, list[bytes]] = {}
    for exchange in read_cassette(CASSETTES / "snapshots" / "administrator.json.xz"):
        tag = exchange.path
        if tag in TABLES and exchange.status == 200 and b" id=" in exchange.body:
            item = {"vms": b"vm", "hosts": b"host", "events": b"event"}[tag]
            start = exchange.body.index(b"<%s " % item)
            end = exchange.body.index(b"</%s>" % item, start) + len(item) + 3
            text = b"<%s>%s</%s>" % (tag.encode(), exchange.body[start:end], tag.encode())
            found.setdefault(tag, []).append(text)
    assert set(found) == set(TABLES)
    return found


def test_garbled_answers(answers: dict[str, list[bytes]], capfd: pytest.CaptureFixture[str]) -> None:
    """Thousands of changes at random places: read, or refused by a clear error; nothing on the terminal."""
    chance = random.Random(20261126)
    start, refused, rounds = time.process_time(), 0, 3_000
    messages: set[str] = set()
    for _ in range(rounds):
        tag = chance.choice(sorted(answers))
        content = bytearray(chance.choice(answers[tag]))
        for _ in range(chance.randrange(1, 4)):
            place, length = chance.randrange(len(content)), chance.randrange(12)
            content[place : place + length] = chance.choice(PIECES)
        convert = partial(TABLES[tag], followed=FOLLOWED)
        try:
            converted(bytes(content), REQUEST, tag=tag, convert=convert)
        except RhevmigError as error:
            refused += 1
            messages.add(error.message)
    assert refused > rounds / 4
    assert not [message for message in messages if "\n" in message or len(message) > 1000]
    assert time.process_time() - start < 60
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("tag", "xml"),
    [
        ("events", "<events><event><code>1</code></event></events>"),
        ("events", '<events><event id="x"><code>1</code></event></events>'),
        ("networks", '<networks><network id="n"><name>a</name><vlan id="x"/></network></networks>'),
        ("hosts", '<hosts><host id="h"><name>a</name><status>up</status></host></hosts>'),
    ],
)
def test_objects_without_what_they_need(tag: str, xml: str) -> None:
    """An event without index, a VLAN that is not a number, a host without cluster: one clear error each."""
    from rhevmig.engine.mapping import MAPPINGS
    from rhevmig.inventory import Event
    from rhevmig.inventory.collections import COLLECTIONS

    model = COLLECTIONS[tag].model if tag in COLLECTIONS else Event
    assert model is not None
    with pytest.raises(RhevmigError) as caught:
        converted(xml.encode(), REQUEST, tag=tag, convert=MAPPINGS[model])
    assert "\n" not in caught.value.message
