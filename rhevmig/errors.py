"""Every error that rhevmig raises on purpose, in one tree.

Each class carries typed fields, builds its sentence from a template, and knows its remedy, its exit
code and whether reading again may help. A finding or the outcome of a migration is data, not an error.

RhevmigError
├─ UsageError
│  ├─ ConfigError
│  ├─ ExtraMissing
│  └─ InvalidArgument
├─ OutputFailed
├─ InventoryError
│  ├─ NotFound
│  ├─ AmbiguousName
│  ├─ FieldMissing
│  ├─ SnapshotDamaged
│  └─ SnapshotVersion
├─ EngineError
│  ├─ EngineUnreachable
│  ├─ EngineTimeout
│  ├─ NotAnEngine
│  ├─ EngineUnavailable
│  ├─ CertificateUntrusted
│  ├─ AuthenticationFailed
│  ├─ PermissionDenied
│  ├─ EngineNotFound
│  ├─ EngineConflict
│  └─ EngineRejected
├─ MigrationError
│  ├─ NotMigratable
│  ├─ MigrationTimeout
│  └─ PlanOutdated
├─ JournalError
│  ├─ JournalCorrupt
│  ├─ JournalClaimed
│  └─ JournalVersion
├─ CassetteError
└─ LabError
   └─ ScenarioInvalid
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(kw_only_default=True, eq_default=False)
class _Fields(Exception):
    """Makes every error below a dataclass with keyword-only fields."""

    def __init_subclass__(cls) -> None:
        dataclass(kw_only=True, eq=False)(cls)


class RhevmigError(_Fields):
    """The root: catch this one to catch all that rhevmig raises on purpose."""

    #: The sentence, with the fields in braces.
    template: ClassVar[str] = "{detail}"
    #: What to do about it when the place that raised knew nothing better.
    default_remedy: ClassVar[str] = ""
    #: The exit code of the command (`docs/cli.md`).
    exit_code: ClassVar[int] = 1
    #: Whether *reading* again may succeed; says nothing about repeating an act.
    retryable: ClassVar[bool] = False

    detail: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        if not self.remedy:
            self.remedy = self.default_remedy

    @property
    def code(self) -> str:
        """The class as a stable word for JSON, e.g. `engine-unreachable`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()

    @property
    def message(self) -> str:
        """The sentence on one line, without the remedy."""
        values = {field.name: _text(getattr(self, field.name)) for field in fields(self)}
        return " ".join(self.template.format(**values).split()).rstrip(" :—")

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), {field.name: getattr(self, field.name) for field in fields(self)}))

    def as_dict(self) -> dict[str, Any]:
        """The error as plain data for `--json`."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"error": self.code, "message": self.message, **own, "exit_code": self.exit_code}


def _rebuild(kind: type[RhevmigError], values: dict[str, Any]) -> RhevmigError:
    return kind(**values)


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(item) for item in value)
    return str(value)


class UsageError(RhevmigError):
    """The caller asked for something that cannot be meant."""

    exit_code: ClassVar[int] = 2


class ConfigError(UsageError):
    """A file that configures rhevmig says something it must not."""

    template: ClassVar[str] = "{file}: {key}: {detail}"

    file: str
    key: str = "$"
    line: int | None = None


class ExtraMissing(UsageError):
    """An optional part of rhevmig is not installed."""

    template: ClassVar[str] = "{name} needs the extra {extra} {detail}"

    name: str
    extra: str

    def __post_init__(self) -> None:
        self.remedy = self.remedy or f"Install it: pip install 'rhevmig[{self.extra}]'."


class InvalidArgument(UsageError):
    """An argument is not of the kind expected."""

    template: ClassVar[str] = "{name} is {value!s}, expected {expected}"

    name: str
    value: object
    expected: str


class OutputFailed(RhevmigError):
    """A file could not be written; what stood there before still stands."""

    template: ClassVar[str] = "cannot write {path}: {detail}"
    default_remedy: ClassVar[str] = "Choose a folder you may write to, with room left on its disk."

    path: str


class InventoryError(RhevmigError):
    """The inventory, or a file of one, does not hold what was asked of it."""

    exit_code: ClassVar[int] = 2


class NotFound(InventoryError):
    """No entity of that kind has this name or id."""

    template: ClassVar[str] = "no {kind} has the name or id {key!s} {detail}"
    default_remedy: ClassVar[str] = "Names are case-sensitive; `rhevmig snapshot --json` lists them all."

    kind: str
    key: str


class AmbiguousName(InventoryError):
    """Several entities share the name."""

    template: ClassVar[str] = "{count} entities of kind {kind} share the name {name}: {ids}"
    default_remedy: ClassVar[str] = "Give the id instead of the name."

    kind: str
    name: str
    ids: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many share the name."""
        return len(self.ids)

    @property
    def message(self) -> str:
        """The sentence on one line."""
        return self.template.format(count=self.count, kind=self.kind, name=self.name, ids=", ".join(self.ids))


class FieldMissing(InventoryError):
    """An entity lacks a field that the model cannot do without (id, name, status)."""

    template: ClassVar[str] = "the engine's {kind} {id} has no {field_name} {detail}"
    default_remedy: ClassVar[str] = (
        "The engine may be newer than the SDK knows; update ovirt-engine-sdk-python and report the value."
    )
    exit_code: ClassVar[int] = 1

    kind: str
    id: str
    field_name: str


class SnapshotDamaged(InventoryError):
    """A file is no snapshot of rhevmig, or only a part of one."""

    template: ClassVar[str] = "{file} is not a readable snapshot: {detail}"
    default_remedy: ClassVar[str] = "Take a new one with `rhevmig snapshot`."

    file: str


class SnapshotVersion(InventoryError):
    """A snapshot has a schema that this version of rhevmig does not read."""

    template: ClassVar[str] = "{file} has snapshot schema {found}; this rhevmig reads {supported}"
    default_remedy: ClassVar[str] = "Update rhevmig, or take a new snapshot with this version."

    file: str
    found: object
    supported: str


class EngineError(RhevmigError):
    """The engine, or what stands at its address, did not do what was asked."""

    template: ClassVar[str] = "{method} {path}: {reason} {detail}"

    method: str = ""
    path: str = ""
    status_code: int | None = None
    reason: str = ""
    correlation_id: str | None = None


class EngineUnreachable(EngineError):
    """Nothing answered: refused, reset, unknown name, cut TLS handshake."""

    template: ClassVar[str] = "no engine could be reached at {path}: {detail}"
    default_remedy: ClassVar[str] = (
        "Check the URL (https://ENGINE/ovirt-engine/api), the port and the network."
    )
    retryable: ClassVar[bool] = True


class EngineTimeout(EngineError):
    """No answer in time. After an act the outcome is unknown: look, never repeat."""

    template: ClassVar[str] = "{method} {path}: no answer in time: {detail}"
    default_remedy: ClassVar[str] = "Raise the timeout, or see why the engine is slow."
    retryable: ClassVar[bool] = True


class NotAnEngine(EngineError):
    """What answered is not the API of an engine, version 4."""

    template: ClassVar[str] = "{path} does not answer as an oVirt engine (API v4): {detail}"
    default_remedy: ClassVar[str] = (
        "The URL ends in /ovirt-engine/api on the engine itself, not on a proxy or host."
    )


class EngineUnavailable(EngineError):
    """The engine or a proxy before it answered with a server error; it may be restarting."""

    template: ClassVar[str] = "{method} {path}: the engine is not available (HTTP {status_code}) {detail}"
    default_remedy: ClassVar[str] = "It may be restarting: wait for /ovirt-engine/services/health to answer."
    retryable: ClassVar[bool] = True


class CertificateUntrusted(EngineError):
    """The TLS certificate is not signed by a CA that we were given."""

    template: ClassVar[str] = "the certificate of {path} cannot be verified: {detail}"
    default_remedy: ClassVar[str] = (
        "Download the CA from https://ENGINE/ovirt-engine/services/pki-resource"
        "?resource=ca-certificate&format=X509-PEM-CA, check it, and name it by ca_file or OVIRT_CAFILE."
    )


class AuthenticationFailed(EngineError):
    """The engine does not accept who we say we are; never tried twice, accounts lock."""

    template: ClassVar[str] = "the engine refuses the login{who}: {detail}"
    default_remedy: ClassVar[str] = (
        "Check user@profile and password by hand before trying again: accounts lock."
    )

    user: str = ""

    @property
    def who(self) -> str:
        """The user as a part of the sentence."""
        return f" of {self.user}" if self.user else ""

    @property
    def message(self) -> str:
        """The sentence on one line."""
        return self.template.format(who=self.who, detail=self.detail)


class PermissionDenied(EngineError):
    """The account may not see or do this."""

    template: ClassVar[str] = "{method} {path}: the account may not do this: {detail}"
    default_remedy: ClassVar[str] = (
        "Reading needs ReadOnlyAdmin on the system; migrating a role with migrate_vm."
    )


class EngineNotFound(EngineError):
    """The engine knows no such object."""

    template: ClassVar[str] = "{method} {path}: the engine knows no such object {detail}"
    default_remedy: ClassVar[str] = "It may have been removed meanwhile; read the inventory again."


class EngineConflict(EngineError):
    """The engine refuses now (HTTP 409); `is_transient` tells whether waiting can help."""

    is_transient: bool = False


class EngineRejected(EngineError):
    """The engine refuses for good: the request does not fit its rules."""


class MigrationError(RhevmigError):
    """A migration cannot be asked for, or did not end as demanded by `check=True`."""

    exit_code: ClassVar[int] = 3

    vm_id: str = ""
    vm_name: str = ""
    correlation_id: str | None = None
    source_host_id: str | None = None
    destination_host_id: str | None = None
    phase: str = ""


class NotMigratable(MigrationError):
    """The VM cannot move now, for the reasons named."""

    template: ClassVar[str] = "VM {vm_name} cannot migrate: {reasons}"

    reasons: tuple[str, ...]


class MigrationTimeout(MigrationError):
    """We stopped waiting; the engine may still be at it."""

    template: ClassVar[str] = "VM {vm_name} was still {last_status} after {waited_s} s"
    default_remedy: ClassVar[str] = "`rhevmig resume` settles it by looking; nothing was repeated."

    waited_s: float
    last_status: str


class PlanOutdated(MigrationError):
    """The engine is no longer as the plan assumes."""

    template: ClassVar[str] = "the plan no longer fits the engine: {detail}"
    default_remedy: ClassVar[str] = "Make a new plan from a fresh inventory."
    exit_code: ClassVar[int] = 2


class JournalError(RhevmigError):
    """The journal cannot be used; nothing was started without it."""

    template: ClassVar[str] = "journal {url}: {detail}"

    url: str


class JournalCorrupt(JournalError):
    """The file is damaged or is no journal."""

    template: ClassVar[str] = "journal {url} cannot be read: {detail}"
    default_remedy: ClassVar[str] = "Keep the file for the record and name a new one."


class JournalClaimed(JournalError):
    """Another process works with the journal."""

    template: ClassVar[str] = "journal {url} is in use by {owner}"
    default_remedy: ClassVar[str] = (
        "Wait for it, or use `rhevmig status` to look; a dead owner is taken over by resume."
    )

    owner: str


class JournalVersion(JournalError):
    """The journal has a schema that this version does not read."""

    template: ClassVar[str] = "journal {url} has schema {found}; this rhevmig reads {supported}"
    default_remedy: ClassVar[str] = (
        "Finish that campaign with the version that wrote it, or name a new journal."
    )

    found: object
    supported: str


class CassetteError(RhevmigError):
    """A cassette cannot be read, recorded or replayed."""

    template: ClassVar[str] = "cassette {path}: {detail}"
    exit_code: ClassVar[int] = 2

    path: str


class LabError(RhevmigError):
    """The simulated engine cannot do what was asked of it."""

    exit_code: ClassVar[int] = 2


class ScenarioInvalid(LabError):
    """A scenario file says something it must not."""

    template: ClassVar[str] = "{file}: line {line}: {detail}"

    file: str
    line: int | None = None
