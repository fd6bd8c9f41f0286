"""What a scenario of the failure taxonomy expects: the act, what the engine answers, what it comes to.

Data for tests of clients: a correct client, told to do `act` on that lab, concludes `verdict` with
`posts` migrate requests at most, and knows that `action` is what can be done about it.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client is told to do."""

    #: VM to migrate.
    migrate: str | None = None
    #: Named destination.
    host: str | None = None
    #: Named destination cluster.
    cluster: str | None = None
    #: With `force`.
    force: bool = False
    #: With the VMs that affinity ties to it.
    closure: bool = False
    #: VM whose migration to cancel.
    cancel: str | None = None
    #: Host to put into maintenance.
    deactivate: str | None = None
    #: Path below the API to read.
    read: str | None = None
    #: Password to log in with, to see it refused.
    login: str | None = None
    #: Simulated seconds after the lab's start.
    at_s: float = 0.0


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes of it."""

    #: Row of the failure taxonomy.
    row: int
    #: What the client does.
    act: Act
    #: Status code of the answer; 0 = no answer arrives.
    status: int
    #: Part of the answer's text.
    text: str = ""
    #: Simulated seconds to wait before looking at the end.
    after_s: float = 120.0
    #: `status@host` of the VM in the end.
    vm: str | None = None
    #: Name of the VM's cluster in the end.
    vm_cluster: str | None = None
    #: `status` of the host put into maintenance in the end.
    host: str | None = None
    #: Codes of events about the VM and with the request's id, in order.
    events: list[int] = []
    #: Codes of events that are written besides.
    also: list[int] = []
    #: The job's status in the end; "" = there is none.
    job: str | None = None
    #: What a correct client concludes: a verdict of a migration, or fit, blocked, stuck, retried, stopped.
    verdict: str
    #: P fix the configuration, B wait, T repeat, A another host, U look, O a person, - nothing.
    action: Literal["P", "B", "T", "A", "U", "O", "-"]
    #: Migrate requests that a correct client sends at most.
    posts: int = 1
