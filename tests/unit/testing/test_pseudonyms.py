"""Stand-ins hide a site and keep what connects its parts."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from recordings import CRAWL

from rhevmig.recordings.cassette_file import read_document
from rhevmig.recordings.exchange import exchange_of
from rhevmig.testing.scrub.pseudonyms import Pseudonyms

#: Words of the recorded site that must not survive.
SITE = (
    "app01", "web02", "erp01", "kvm03", "tulsa", "oslo", "team-amd", "lab.example", "kvm06.lab", "nas.oslo",
    "56:6f:", "erp-licensed", "/exports",
)  # fmt: skip


@pytest.fixture(scope="module")
def original() -> dict[str, Any]:
    document = read_document(CRAWL)
    wanted = re.compile(
        r"/api(/(vms|hosts|clusters|networks|events|jobs|storagedomains)(\?.*)?)?$|migration_target|/(nics|affinitygroups)$"
    )
    kept = [one for one in document["interactions"] if wanted.search(one["request"]["uri"])]
    return {"version": 1, "interactions": kept}


@pytest.fixture(scope="module")
def changed(original: dict[str, Any]) -> dict[str, Any]:
    return Pseudonyms(b"a key").document(original)


def test_nothing_of_the_site_survives(changed: dict[str, Any]) -> None:
    """Names, FQDNs, addresses, MACs, paths and certificates are gone from bodies, URIs and headers."""
    text = msgspec.json.encode(changed).decode()
    assert [word for word in SITE if word in text] == []
    assert not re.search(r"MII[A-Za-z0-9+/]{20}", text)


def test_the_engines_own_words_survive(original: dict[str, Any], changed: dict[str, Any]) -> None:
    """Ids, statuses, versions, CPU types and event codes are what they were."""

    def told(document: dict[str, Any]) -> list[str]:
        bodies = "".join(one["response"]["body"]["string"] for one in document["interactions"])
        return re.findall(
            r"<(?:status|code|full_version|type|architecture|memory)>[^<]*<|id=\"[^\"]*\"", bodies
        )

    assert told(changed) == told(original)


def test_one_value_has_one_stand_in_everywhere(original: dict[str, Any], changed: dict[str, Any]) -> None:
    """A VM's name in the list is its name in events, jobs and searches too; two VMs stay two."""

    def answer(document: dict[str, Any], target: str) -> ET.Element:
        exchanges = (exchange_of(one) for one in document["interactions"])
        return ET.fromstring(next(one.body for one in exchanges if one.target == target))

    documents = (original, changed)
    names = [
        [vm.findtext("name") or "" for vm in answer(document, "/ovirt-engine/api/vms")]
        for document in documents
    ]
    renamed = dict(zip(*names, strict=True))
    assert len(set(renamed.values())) == len(renamed)
    events = [answer(document, "/ovirt-engine/api/events?max=500") for document in documents]
    pairs = [
        (renamed[old.findtext("vm/name") or ""], new.findtext("vm/name"), new.findtext("description") or "")
        for old, new in zip(*events, strict=True)
        if old.findtext("vm/name") in renamed and old.findtext("code") in ("62", "63")
    ]
    assert len(pairs) > 10
    assert all(expected == found and expected in text for expected, found, text in pairs)


def test_the_same_key_gives_the_same_stand_ins(original: dict[str, Any], changed: dict[str, Any]) -> None:
    """Two cassettes of one site can be joined by their pseudonyms; without the key nobody can make them."""
    small = {"version": 1, "interactions": original["interactions"][:3]}
    again, other = Pseudonyms(b"a key").document(small), Pseudonyms().document(small)
    assert [one["response"]["body"] for one in again["interactions"]] == [
        one["response"]["body"] for one in changed["interactions"][:3]
    ] or again != other
    assert again == Pseudonyms(b"a key").document(small)
    assert again != other


def test_neighbours_stay_neighbours() -> None:
    """Addresses of one network stay in one network; masks, loopback and versions are left alone."""
    body = (
        "<vms><vm id='1'><name>vm</name><ip><address>192.0.2.7</address><gateway>192.0.2.1</gateway>"
        "<netmask>255.255.255.0</netmask></ip><address>2001:db8::7</address><mac><address>00:1A:4a:16:01:51</address>"
        "</mac><version>4.5.8.1</version><address>127.0.0.1</address></vm></vms>"
    )
    request = {
        "method": "GET",
        "uri": "https://e.corp/ovirt-engine/api/vms?search=name%3Dvm",
        "body": None,
        "headers": {},
    }
    response = {"status": {"code": 200, "message": ""}, "headers": {}, "body": {"string": body}}
    made = Pseudonyms(b"k").document(
        {"version": 1, "interactions": [{"request": request, "response": response}]}
    )
    root = ET.fromstring(made["interactions"][0]["response"]["body"]["string"])
    address, gateway = root.findtext("vm/ip/address") or "", root.findtext("vm/ip/gateway") or ""
    assert address.rpartition(".")[0] == gateway.rpartition(".")[0] != "192.0.2"
    assert (root.findtext("vm/ip/netmask"), address.rpartition(".")[2]) == ("255.255.255.0", "7")
    assert (root.findtext("vm/mac/address") or "").startswith("02:")
    assert root.findall("vm/address")[0].text != "2001:db8::7"
    assert root.findall("vm/address")[1].text == "127.0.0.1"
    assert "e.corp" not in made["interactions"][0]["request"]["uri"]
    assert "name%3Dvm-" in made["interactions"][0]["request"]["uri"]
