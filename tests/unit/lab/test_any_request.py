"""Whatever is asked: an answer of the engine's kind, no mistake of the lab's own, reading changes nothing."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rhevmig.lab.api import schema
from rhevmig.lab.api.routes import TOPS
from tests.unit.lab.worlds import Driven, driven

LAB: list[Driven] = []
STATUSES = {200, 201, 202, 400, 401, 403, 404, 405, 409, 415, 500, 501}

NAMES = sorted({part for path in schema.places() for part in path.split("/")} | TOPS)
ODD = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
IDS = st.sampled_from(["{vm}", "{host}", "{cluster}", "00000000-0000-0000-0000-000000000000", "x"]) | ODD
PATHS = st.lists(st.tuples(st.sampled_from(NAMES), IDS), min_size=1, max_size=3).map(
    lambda steps: "/".join(part for step in steps for part in step)
)
PARTS = st.builds(lambda path, cut: path.rpartition("/")[0] if cut else path, PATHS, st.booleans())
SEARCH = st.sampled_from(
    [
        "name=web*",
        "host=host01",
        "status=up and",
        "or or",
        "vms.name=x",
        "name!=web01 sortby name desc page 2",
        "(",
        '"',
    ]
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "search": SEARCH | ODD,
        "max": st.sampled_from(["0", "-1", "2", "many", ""]),
        "from": st.sampled_from(["0", "-5", "x", "99999999999999999999"]),
        "follow": st.sampled_from(["nics", "nics.statistics", "host", "..", "cluster.networks", "no_such"])
        | ODD,
        "all_content": st.sampled_from(["true", "maybe"]),
        "filter": st.sampled_from(["true", "x"]),
        "migration_target_of": st.sampled_from(["{vm}", "{vm},x", ","]),
        "next_run": st.sampled_from(["true", "x"]),
    },
)
BODIES = st.sampled_from(
    [
        b"",
        b"<action/>",
        b"<vm><name>a</name></vm>",
        b"<vm><nics><nic/></nics></vm>",
        b"<action><host><name>host02</name></host><force>maybe</force></action>",
        b"{}",
        b"\xff\xfe",
        b"<a><b></a>",
        b"<vm><memory>-7</memory></vm>",
        b"<vm><memory>9999999999999999999999</memory></vm>",
        b"<network><vlan id='x'/></network>",
        b"<disk><provisioned_size>1</provisioned_size></disk>",
        b"<action><job><description>d</description></job></action>",
        b"<affinity_group><vms><vm/></vms></affinity_group>",
        b"<host><cluster/></host>",
    ]
) | st.binary(max_size=30)
TYPES = st.sampled_from(
    ["application/xml", "application/json", "text/plain", "", "application/xml; charset=nonsense"]
)


def _lab() -> Driven:
    if not LAB:
        LAB.append(driven())
    return LAB[0]


def _filled(text: str, lab: Driven) -> str:
    ids = {"vm": ("vms", "web01"), "host": ("hosts", "host01"), "cluster": ("clusters", "intel")}
    for key, (place, name) in ids.items():
        text = text.replace(f"{{{key}}}", lab.id_of(place, name))
    return text


def _query(parts: dict[str, str], lab: Driven) -> str:
    return "&".join(f"{key}={quote(_filled(value, lab))}" for key, value in parts.items())


def _state(lab: Driven) -> list[object]:
    return [(entity.path, entity.version) for entity in lab.world if entity.place not in ("events",)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=PARTS, query=QUERIES, kind=TYPES)
def test_reading_anything_is_answered_and_changes_nothing(path, query, kind):
    """Any path below /api, any parameters."""
    lab = _lab()
    before = _state(lab)
    target = f"{quote(_filled(path, lab))}?{_query(query, lab)}"
    answer = lab.ask("GET", target, **{"content-type": kind})
    assert answer.status in STATUSES
    assert lab.lab.engine.mistakes == []
    assert _state(lab) == before


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"]),
    path=PARTS,
    action=st.sampled_from(
        ["", "/migrate", "/deactivate", "/start", "/setupnetworks", "/end", "/clear", "/no"]
    ),
    body=BODIES,
    kind=TYPES,
)
def test_writing_anything_is_answered_as_an_engine_does(method, path, action, body, kind):
    """Any method, path and body: a fault or an act, never a mistake of the lab's own."""
    lab = driven()
    headers = {"authorization": lab.authorization, "content-type": kind}
    target = f"/ovirt-engine/api/{quote(_filled(path, lab))}{action}"
    answer = lab.lab.handle(method, target, "", headers, body)
    assert answer.status in STATUSES | {412, 413}
    assert lab.lab.engine.mistakes == []
    lab.lab.advance(5)
