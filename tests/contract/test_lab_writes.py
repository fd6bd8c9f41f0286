"""Writes of odd and wrong bodies: the lab answers as the recorded engine does, as far as the count says."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from lxml import etree

from rhevmig.lab import Lab, open_lab, sign_in
from rhevmig.lab.http.request import LabResponse
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.recordings.exchange import Exchange

ROOT = Path(__file__).parents[2]
#: Exchanges that agree today; the number may only grow.
AGREEING = 165


class Replay:
    """The recorded requests, sent to a lab; ids of created objects are translated."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.authorization = sign_in(lab.engine, lab.username, lab.password)
        self.ids: dict[str, str] = {}

    def _translated(self, text: str) -> str:
        for recorded, own in self.ids.items():
            text = text.replace(recorded, own)
        return text

    def send(self, exchange: Exchange) -> LabResponse:
        self.lab.advance(max(0.0, _instant(exchange) - self.lab.clock.now_s))
        headers = {**exchange.request_headers, "authorization": self.authorization}
        path = self._translated(exchange.target.partition("?")[0])
        body = self._translated(exchange.request_text).encode()
        answer = self.lab.handle(exchange.method, path, exchange.query, headers, body)
        recorded_id, own_id = _root_id(exchange.answer), _root_id(answer.text)
        if exchange.status == answer.status == 201 and recorded_id and own_id:
            self.ids[recorded_id] = own_id
        return answer


def _instant(exchange: Exchange) -> float:
    return datetime.fromisoformat(exchange.header("x-recorded-at") or "").timestamp()


def _root_id(text: str) -> str | None:
    return etree.fromstring(text.encode()).get("id") if text.startswith("<?xml") else None


def summary(status: int, text: str) -> tuple[object, ...]:
    """What has to agree: the status, a fault's reason and detail, else the elements of the answer."""
    if not text.startswith("<?xml"):
        return (status, re.sub(r"@[0-9a-f]+", "", text) if len(text) < 100 else "page")
    root = etree.fromstring(text.encode())
    fault = root if root.tag == "fault" else root.find("fault")
    if fault is not None:
        return (status, root.tag, fault.findtext("reason"), fault.findtext("detail"))
    below = sorted({str(child.tag) for child in root} - {"link", "actions"})
    return (status, root.tag, *below)


def differences() -> list[str]:
    replay = Replay(open_lab(Path(__file__).parent / "lab_writes.yaml"))
    found = []
    for number, exchange in enumerate(read_cassette(ROOT / "cassettes" / "lab-writes" / "writes.json.xz")):
        answer = replay.send(exchange)
        recorded, own = summary(exchange.status, exchange.answer), summary(answer.status, answer.text)
        if exchange.method == "HEAD":
            own = (answer.status, "")  # the server leaves the body out
        if recorded != own:
            request = f"{number} {exchange.method} {exchange.path} {exchange.request_text[:300]}"
            found.append(f"{request}\n  engine {recorded}\n  lab    {own}")
    return found


def test_writes_agree_with_the_recorded_engine() -> None:
    """Refusals with reason and text, successes with their elements; a failure lists the differences."""
    count = len(read_cassette(ROOT / "cassettes" / "lab-writes" / "writes.json.xz"))
    found = differences()
    assert count - len(found) >= AGREEING, "\n".join([f"{count - len(found)} of {count}", *found])
