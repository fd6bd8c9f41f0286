"""`connect()` and the session that it returns."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

import msgspec

from rhevmig.clock import Clock, SystemClock
from rhevmig.engine.certificate import explained
from rhevmig.engine.consistency import mended
from rhevmig.engine.details import Detail, detail_of, with_detail, with_needed
from rhevmig.engine.error_mapping import NO_ROLE_REMEDY, V3_REMEDY
from rhevmig.engine.list_reader import Reader
from rhevmig.engine.migration_port import EnginePort
from rhevmig.engine.sdk_connection import ask_plainly
from rhevmig.engine.settings import Settings, settings_of
from rhevmig.engine.snapshot_reader import Root, read_inventory, read_root
from rhevmig.engine.transport import Transport
from rhevmig.errors import (
    AuthenticationFailed,
    CertificateUntrusted,
    EngineError,
    EngineNotFound,
    NotAnEngine,
    PermissionDenied,
    RhevmigError,
)
from rhevmig.inventory import Engine, Inventory


class EngineClient:
    """A session with one engine; a context manager, usable by any number of threads."""

    def __init__(self, transport: Transport, root: Root) -> None:
        self._transport = transport
        self._root = root
        self._port = EnginePort(transport, root.engine)

    def __repr__(self) -> str:
        return f"EngineClient({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Address of the API."""
        return self._transport.settings.url

    @property
    def engine(self) -> Engine:
        """Which engine this is, as read when the session began."""
        return self._root.engine

    @property
    def clock(self) -> Clock:
        """The clock of this session."""
        return self._transport.clock

    @property
    def engine_time(self) -> datetime | None:
        """The engine's clock when the session began; None where it reported none."""
        return self._root.engine_time

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._transport.requests

    def inventory(self, detail: Detail = ()) -> Inventory:
        """Everything at one instant, in a number of requests that does not depend on the number of VMs.

        Args:
          detail: what is expensive to read, by name: `targets`, `hosts`, `host_statistics`, `vms`,
            `vm_statistics`; or a mapping from these to ids or names, None for all that make sense.

        Raises: EngineError; InvalidArgument, NotFound, AmbiguousName for a detail that does not exist.
        Engine: what the account may not see is in `unobserved`; what changed meanwhile is read again, and is
        in `instant.torn_ids` where it changed once more.

        Example: `engine.inventory(detail={"targets": ["web01"]})`
        """
        wanted = detail_of(detail)
        requests_before = self._transport.requests
        root = read_root(self._transport)
        reader = Reader(self._transport, first_max=root.first_max, follows=root.follows)
        inventory = read_inventory(self._transport, reader, root)
        inventory = mended(inventory, self._transport, reader)
        inventory = with_needed(inventory, reader)
        if wanted:
            inventory = with_detail(inventory, wanted, reader)
        requests = self._transport.requests - requests_before
        instant = msgspec.structs.replace(inventory.instant, requests=requests)
        return msgspec.structs.replace(inventory, instant=instant, unobserved=reader.unobserved)

    def migration_port(self) -> EnginePort:
        """The acts and cheap readings that migrations need (`rhevmig.migration.MigrationPort`)."""
        return self._port

    def close(self) -> None:
        """Ends the session, unless the caller gave its token; a second call does nothing."""
        self._transport.close()


def connect(
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    token: str | None = None,
    ca_file: str | None = None,
    insecure: bool | None = None,
    timeout_s: float = 300.0,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    ask_password: Callable[[str], str] | None = None,
) -> EngineClient:
    """Logs in to an engine and checks that it is one.

    Args:
      url: address, or `OVIRT_URL`; a bare name means https://NAME/ovirt-engine/api.
      username: user@profile, or `OVIRT_USERNAME`.
      password: or `OVIRT_PASSWORD`, or asked for on a terminal.
      token: instead of both, or `OVIRT_TOKEN`; never revoked.
      ca_file: PEM file of the engine's CA, or `OVIRT_CAFILE`; the system's CAs by default.
      insecure: no verification of TLS, or `OVIRT_INSECURE`; False by default.
      timeout_s: seconds that one request may take.
      clock: of deadlines and waits; the system's by default.
      environ: the variables; those of the process by default.
      ask_password: asks for a password, given the prompt; on the terminal by default.

    Raises: InvalidArgument, CertificateUntrusted, AuthenticationFailed (tried once, accounts lock),
    PermissionDenied (no role at all), NotAnEngine, EngineUnreachable, EngineTimeout, EngineUnavailable.
    """
    if ask_password is None and sys.stdin is not None and sys.stdin.isatty():
        ask_password = getpass.getpass
    settings = settings_of(
        url,
        username,
        password,
        token=token,
        ca_file=ca_file,
        insecure=insecure,
        timeout_s=timeout_s,
        environ=os.environ if environ is None else environ,
        ask_password=ask_password,
    )
    transport = Transport(settings, clock=clock or SystemClock())
    try:
        root = _met(transport)
    except CertificateUntrusted as error:
        transport.close()
        raise explained(error, settings.url) from error
    except BaseException:
        transport.close()
        raise
    return EngineClient(transport, root)


def _met(transport: Transport) -> Root:
    """Logs in and reads the root.

    Raises: EngineError, which names what answers instead of an engine 4.
    """
    try:
        transport.log_in()
    except (NotAnEngine, EngineNotFound) as error:
        raise _recognised(transport.settings, error) from error
    try:
        root = read_root(transport)
    except AuthenticationFailed as error:
        if transport.settings.token is not None:
            raise
        # seen: an account without any role gets a token, and then HTTP 401 on every call
        detail = f"{transport.settings.username} may log in but has no role: {error.detail}"
        raise PermissionDenied(
            method="GET", path=error.path, status_code=401, detail=detail, remedy=NO_ROLE_REMEDY
        ) from error
    except EngineNotFound as error:
        detail = "an engine answers, but has nothing at this path"
        remedy = "The address usually ends in /ovirt-engine/api."
        raise NotAnEngine(
            method="GET", path=transport.settings.url, status_code=404, detail=detail, remedy=remedy
        ) from error
    transport.remember_engine()
    return root


def _recognised(settings: Settings, login: EngineError) -> EngineError:
    """The error for an address without a login service: RHEV 3.x, or no engine at all."""
    try:
        answer = ask_plainly(settings, settings.url)
    except RhevmigError:
        return login
    old = answer.status_code == 405 or (answer.status_code == 401 and login.status_code in (404, 405))
    if not old:
        return login
    detail = "it has no login service and refuses API version 4, as RHEV 3.x does"
    return NotAnEngine(
        method="GET", path=settings.url, status_code=answer.status_code, detail=detail, remedy=V3_REMEDY
    )
