"""Recordings of a real engine, made by other means, replay unchanged through the SDK's own code."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import ovirtsdk4 as sdk
import pycurl
import pytest
from ovirtsdk4 import types
from ovirtsdk4.reader import Reader
from ovirtsdk4.writer import Writer
from ovirtsdk4.xml import XmlReader

from rhevmig import testing
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.recordings.exchange import Exchange

ACTS = Path(__file__).parents[2] / "cassettes" / "engine-acts"
URL = "https://another.example:8443/ovirt-engine/api"
METHODS = {
    "migrate": "migrate",
    "cancelmigration": "cancel_migration",
    "activate": "activate",
    "deactivate": "deactivate",
}


def written(thing: object) -> object:
    """An SDK object as the XML that the SDK writes for it; a list as a list of those."""
    if thing is None:
        return None
    if isinstance(thing, list):
        return [written(item) for item in thing]
    return Writer.write(thing)


def recorded(exchange: Exchange) -> object:
    """What the SDK should hand out for a recorded answer, read past its transport."""
    if exchange.status >= 400:
        said = exchange.body.decode().partition("<detail>")[2].partition("</detail>")[0]
        return ("error", exchange.status, said)
    if exchange.method == "POST":
        return None
    return written(Reader.read(XmlReader(io.BytesIO(exchange.body))))


def asked(connection: sdk.Connection, exchange: Exchange) -> object:
    """The same call through the SDK's services."""
    parts = urlsplit(exchange.uri)
    path = parts.path.removeprefix("/ovirt-engine/api/")
    query = dict(parse_qsl(parts.query))
    try:
        if exchange.method == "POST":
            path, _, action = path.rpartition("/")
            reason = b"kernel update" in (exchange.request_body or b"")
            given = {"reason": "kernel update"} if reason else {}
            return getattr(connection.service(path), METHODS[action])(query=query, **given)
        service = connection.service(path)
        names = {"from": "from_"}
        arguments = {
            names.get(key, key): int(value) if value.isdigit() else value for key, value in query.items()
        }
        return written(service.list(**arguments) if hasattr(service, "list") else service.get(**arguments))
    except sdk.Error as error:
        return ("error", error.code, error.fault.detail if error.fault else "")


@pytest.mark.parametrize(
    "name", ["migrate-unnamed", "migrate-cancel", "maintenance-and-back", "engine-restart-after"]
)
def test_the_recorded_calls_give_the_recorded_objects_in_order(name: str) -> None:
    """The same objects, the same exceptions and the same order; every exchange is played, once."""
    exchanges = read_cassette(ACTS / f"{name}.yaml.xz")
    logs_in = exchanges[0].uri.endswith("/token")
    waiting = [one for one in exchanges if not (one is exchanges[0] and logs_in)]
    with testing.cassette(ACTS / f"{name}.yaml.xz", record_mode="none") as played:
        connection = sdk.Connection(
            url=URL, username="admin@internal", password="any", token=None if logs_in else "any"
        )
        while waiting:
            exchange = waiting.pop(0)
            if exchange.status == 401 and waiting and waiting[0].uri.endswith("/token"):
                del waiting[0]  # the SDK logs in again and repeats its call by itself
                exchange = waiting.pop(0)
            elif exchange.uri.endswith("/token"):
                connection = sdk.Connection(url=URL, username="admin@internal", password="any")
                continue
            assert asked(connection, exchange) == recorded(exchange), exchange.uri
        assert played.all_played
        assert played.unplayed() == []


def test_a_migration_is_watched_to_its_end() -> None:
    """A program written for a live engine polls the recorded migration from migrating to up elsewhere."""
    with testing.cassette(ACTS / "migrate-unnamed.yaml.xz", record_mode="none"):
        system = sdk.Connection(url=URL, username="admin@internal", password="any").system_service()
        vm = next(one for one in system.vms_service().list(search="cluster=tulsa-intel and status=up")
                  if one.name == "app01")  # fmt: skip
        service = system.vms_service().vm_service(vm.id)
        service.migrate(query={"correlation_id": "rec-unnamed-095b4751"})
        seen = [service.get()]
        while seen[-1].status != types.VmStatus.UP:
            seen.append(service.get())
        assert [one.status.value for one in seen] == ["migrating", "migrating", "migrating", "up"]
        assert seen[-1].host.id != vm.host.id


def test_refused_logins_keep_their_words_and_order() -> None:
    """Each refusal is the SDK's AuthError with the engine's text; what plain HTTP asked is there as well."""
    exchanges = read_cassette(ACTS / "login-refused.yaml.xz")
    with testing.cassette(ACTS / "login-refused.yaml.xz", record_mode="none") as played:
        for user in ("admin@internal", "nobody@internal", "admin", "admin@nowhere"):
            with pytest.raises(sdk.AuthError, match=f"Cannot authenticate user '{user}"):
                sdk.Connection(url=URL, username=user, password="any").authenticate()
        for exchange in exchanges[4:]:
            form = dict(parse_qsl((exchange.request_body or b"").decode()))
            curl = pycurl.Curl()
            curl.setopt(pycurl.URL, "https://elsewhere.example/ovirt-engine/sso/oauth/token")
            curl.setopt(
                pycurl.POSTFIELDS, urlencode({**form, "password": "any"} if "password" in form else form)
            )
            body = curl.perform_rb()
            assert (curl.getinfo(pycurl.RESPONSE_CODE), body) == (exchange.status, exchange.body)
        assert played.all_played
