"""Correlation ids: campaign, move and attempt behind a request, in 36 characters.

The engine drops every character outside `[0-9A-Za-z_-]` and cuts the rest at 36, silently, so an id that
does not fit would come back as another one. Ours always fit.
"""

from __future__ import annotations

import random
import re
from datetime import datetime
from enum import StrEnum

import msgspec

#: What the engine keeps of an id (its CurrentFilter).
MAX_LENGTH = 36

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CAMPAIGN = re.compile(r"[0-9a-z]{1,16}\Z")
_ID = re.compile(r"rm-(?P<campaign>[0-9a-z]{1,16})-(?P<act>[mcda])(?P<move>\d{1,6})-(?P<attempt>\d{1,4})\Z")


class Act(StrEnum):
    """The kind of a request."""

    MIGRATE = "m"
    CANCEL = "c"
    DEACTIVATE = "d"
    ACTIVATE = "a"


class CorrelationId(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a correlation id.

    >>> str(CorrelationId(campaign_id="261123k3f9q2", act=Act.MIGRATE, move=12, attempt=1))
    'rm-261123k3f9q2-m12-1'
    """

    campaign_id: str
    act: Act
    #: Number of the move in the campaign; 0 for requests to the host.
    move: int
    #: From 1.
    attempt: int

    def __post_init__(self) -> None:
        if (
            not _CAMPAIGN.match(self.campaign_id)
            or not 0 <= self.move < 10**6
            or not 0 < self.attempt < 10**4
        ):
            raise ValueError(f"no correlation id can be made of {self!r}")

    def __str__(self) -> str:
        return f"rm-{self.campaign_id}-{self.act.value}{self.move}-{self.attempt}"


def parse_correlation_id(text: str | None) -> CorrelationId | None:
    """The parts of an id of ours; None for any other id."""
    match = _ID.match(text or "")
    if match is None:
        return None
    return CorrelationId(
        campaign_id=match["campaign"],
        act=Act(match["act"]),
        move=int(match["move"]),
        attempt=int(match["attempt"]),
    )


def new_campaign_id(now: datetime, rng: random.Random) -> str:
    """A name for a campaign: the day and six random characters, so that two of one day differ."""
    return now.strftime("%y%m%d") + "".join(rng.choice(_ALPHABET) for _ in range(6))
