"""How a rehearsal compares answers: everything, but what nobody can know or simulated hosts made up."""

from __future__ import annotations

import re

import msgspec
from lxml import etree

from rhevmig.lab.http.request import LabResponse
from rhevmig.recordings.exchange import Exchange
from verification.compare import Comparison


class RehearsalComparison(Comparison):
    """Statistics are figures of simulated hosts: only their names and the migration's progress count."""

    def difference(self, exchange: Exchange, answer: LabResponse) -> str:
        """The first difference, or nothing."""
        if "/jobs" in exchange.target and exchange.status == 200 and answer.status == 200:
            exchange = msgspec.structs.replace(exchange, body=_steps_sorted(exchange.answer).encode())
            answer = LabResponse(answer.status, _steps_sorted(answer.text).encode(), answer.headers)
        if not exchange.target.endswith("/statistics") or exchange.status != 200 or answer.status != 200:
            return super().difference(exchange, answer)
        recorded, found = (_figures(text) for text in (exchange.answer, answer.text))
        if sorted(recorded) != sorted(found):
            return f"statistics {sorted(set(recorded) ^ set(found))} on one side only"
        name = "migration.progress"
        same = recorded.get(name) == found.get(name)
        return "" if same else f"{name} {found.get(name)} instead of {recorded.get(name)}"


def _steps_sorted(text: str) -> str:
    """Steps by what they are below: the engine lists them by the ids of their parents, which it makes up."""
    root = etree.fromstring(text.encode())
    for steps in root.iter("steps"):
        known = {str(step.get("id")): step for step in steps}

        def key(
            step: etree._Element, known: dict[str, etree._Element] = known
        ) -> tuple[tuple[str, int], ...]:
            parent = step.find("parent_step")
            above = known.get(str(parent.get("id"))) if parent is not None else None
            own = (str(step.findtext("description")), int(step.findtext("number") or 0))
            return (*(key(above) if above is not None else ()), own)

        ordered = sorted(steps, key=key)
        for step in list(steps):
            steps.remove(step)
        steps.extend(ordered)
    return '<?xml version="1.0"?>\n' + etree.tostring(root, encoding="unicode")


def _figures(text: str) -> dict[str, str]:
    return {
        str(item.findtext("name")): str(item.findtext("values/value/datum"))
        for item in etree.fromstring(text.encode())
    }


def accepted(path: str, recorded: str, found: str) -> bool:
    """Texts that differ by what nobody can know: ids the engine made up, figures of simulated hosts."""
    if path.endswith("/correlation_id"):
        return bool(re.fullmatch(r"[0-9a-f]{5,8}", recorded) and re.fullmatch(r"[0-9a-f]{1,8}", found))
    return path.endswith("/host/max_scheduling_memory") or "/host/summary/" in path
