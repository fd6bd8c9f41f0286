"""What may go wrong between a client and an engine, as data: `serve(..., faults=[Fault(kind="cut-xml")])`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

import msgspec

Kind = Literal[
    "cut-xml",  # 200 and a right length, the XML ends in the middle
    "cut-connection",  # the connection ends in the middle of the body
    "html",  # 200 with a page where XML is expected
    "unavailable",  # 503 with a page, as a proxy sends it while the engine restarts
    "endless",  # an answer that never ends
    "silent",  # the request is taken and never answered
    "slow",  # the right answer, `delay_s` late
    "reset",  # the connection is reset before an answer
    "empty",  # the connection is closed before an answer
    "unauthorized",  # 401 with a page, whatever token is shown
    "expired",  # the token is forgotten: 401, a new login helps
    "api-v3",  # the API answers 405 and there is no SSO service
    "proxy-page",  # a proxy's own page for everything, the login too
    "web-server",  # a web server that knows nothing of an engine
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trouble and the requests it hits."""

    #: What happens.
    kind: Kind
    #: Paths below `/ovirt-engine` that are hit, with `*` and `?`.
    path: str = "/api*"
    #: Method that is hit; None for all.
    method: str | None = None
    #: How many matching requests pass unhurt first.
    skip: int = 0
    #: How many are hit after that; None for all.
    times: int | None = None
    #: How long a `slow` answer is late.
    delay_s: float = 0.2


#: Whole servers that are no engine, or none for this account, by name.
PERSONALITIES: dict[str, tuple[Fault, ...]] = {
    "nobody": (Fault(kind="unauthorized"),),
    "api-v3": (Fault(kind="api-v3", path="*"),),
    "proxy": (Fault(kind="proxy-page", path="*"),),
    "web-server": (Fault(kind="web-server", path="*"),),
    "restarting": (Fault(kind="unavailable", path="*"),),
    "never-ending": (Fault(kind="endless"),),
}


class Trouble:
    """Decides, request by request, which fault hits. Counts; the caller holds the lock."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._seen = [0] * len(faults)

    def hits(self, method: str, path: str) -> Fault | None:
        """The first fault that hits this request."""
        for number, fault in enumerate(self._faults):
            if fault.method not in (None, method) or not fnmatchcase(path, fault.path):
                continue
            seen = self._seen[number]
            self._seen[number] += 1
            if seen >= fault.skip and (fault.times is None or seen < fault.skip + fault.times):
                return fault
        return None
