"""How the links are shared among the copies under way, worked out only where something has changed.

A link that its users cannot fill even at their caps does not couple them: a change of one affects the
others only while a VM is paused. So a change touches the copies on the same links, and
from there spreads over links that can be full.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import NamedTuple

from rhevmig.precopy.bandwidth import Flow, fair_share

#: What a copy gets whose links nothing limits, bytes per second.
_PLENTY_BYTES_S = 1e12


class Share(NamedTuple):
    """What the links give one copy, bytes per second."""

    #: While its VM runs.
    rate_bytes_s: float
    #: While its VM is paused or already runs on the destination; the copy's own cap does not apply.
    stop_bytes_s: float


class _User(NamedTuple):
    flow: Flow
    capacities_bytes_s: Mapping[Hashable, float]


class Links:
    """Who crosses which link."""

    def __init__(self, factor: Callable[[Hashable], float]) -> None:
        #: What part of its capacity a link gives at this moment.
        self._factor = factor
        self._users: dict[str, _User] = {}
        self._on: dict[Hashable, dict[str, None]] = {}

    def enter(
        self, key: str, capacities_bytes_s: Mapping[Hashable, float], cap_bytes_s: float | None
    ) -> None:
        """A copy begins; links it shares with others know their capacity from the newest."""
        self._users[key] = _User(
            Flow(links=tuple(capacities_bytes_s), cap_bytes_s=cap_bytes_s), capacities_bytes_s
        )
        for link in capacities_bytes_s:
            self._on.setdefault(link, {})[key] = None

    def leave(self, key: str) -> tuple[Hashable, ...]:
        """A copy is over: the links it leaves."""
        user = self._users.pop(key, None)
        if user is None:
            return ()
        for link in user.flow.links:
            self._on[link].pop(key, None)
        return user.flow.links

    def shares(self, links: Iterable[Hashable] | None = None) -> dict[str, Share]:
        """What everybody gets who is touched by a change on these links; None: everybody."""
        capacities: dict[Hashable, float] = {}
        touched = self._touched(links, capacities)
        flows = {key: self._users[key].flow for key in touched}
        rates = fair_share(flows, capacities_bytes_s=capacities)
        shares: dict[str, Share] = {}
        for key, flow in flows.items():
            rate = min(rates[key], _PLENTY_BYTES_S)
            stop = min([capacities[link] / len(self._on[link]) for link in flow.links], default=rate)
            shares[key] = Share(rate, stop)
        return shares

    def _touched(self, links: Iterable[Hashable] | None, capacities: dict[Hashable, float]) -> list[str]:
        """The copies to look at; notes the capacities of all links they cross."""
        seen: dict[str, None] = {}
        waiting: list[str] = []

        def see(link: Hashable) -> None:
            for key in self._on.get(link, ()):
                if key not in seen:
                    seen[key] = None
                    waiting.append(key)

        for link in self._on if links is None else links:
            see(link)
        while waiting:
            for link in self._users[waiting.pop()].flow.links:
                if link not in capacities:
                    capacities[link] = self._capacity(link)
                    if self._can_be_full(link, capacities[link]):
                        see(link)
        return list(seen)

    def _capacity(self, link: Hashable) -> float:
        newest = next(reversed(self._on[link]))
        return self._users[newest].capacities_bytes_s[link] * self._factor(link)

    def _can_be_full(self, link: Hashable, capacity_bytes_s: float) -> bool:
        wanted = 0.0
        for key in self._on[link]:
            cap = self._users[key].flow.cap_bytes_s
            if cap is None:
                return True
            wanted += cap
        return wanted > capacity_bytes_s
