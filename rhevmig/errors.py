"""The errors of rhevmig as one tree.

Each class has typed fields, a template for its message, a remedy, an exit code, and whether reading again
may succeed. A finding and the outcome of a migration are data, not errors.

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
│  ├─ FileDamaged
│  └─ FileVersion
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
│  ├─ MigrationFailed
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
from typing import Any, ClassVar, Final, dataclass_transform

#: The default of a field that must be given.
REQUIRED: Final = object()


@dataclass_transform(kw_only_default=True, eq_default=False)
class _Fields(Exception):
    """Gives every error below an `__init__` with its annotated fields as keywords.

    `dataclass` would do the same, but it compiles code for each class: half of the time that the command
    needs to start.
    """

    #: Field → default value, parents first.
    fields: ClassVar[dict[str, object]] = {}

    def __init_subclass__(cls) -> None:
        own = {
            name: vars(cls).get(name, REQUIRED)
            for name, kind in cls.__annotations__.items()
            if not kind.startswith("ClassVar")
        }
        cls.fields = {**cls.fields, **own}

    def __init__(self, **values: object) -> None:
        missing = [
            name for name, default in self.fields.items() if default is REQUIRED and name not in values
        ]
        unknown = values.keys() - self.fields.keys()
        if missing or unknown:
            raise TypeError(f"{type(self).__name__}: missing {missing}, unknown {sorted(unknown)}")
        super().__init__()
        for name, default in self.fields.items():
            setattr(self, name, values.get(name, default))
        self.__post_init__()

    def __post_init__(self) -> None:
        """Completes the fields; subclasses override it."""

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.fields)})"
        )


class RhevmigError(_Fields):
    """The root of the tree."""

    #: The message, with the fields in braces.
    template: ClassVar[str] = "{detail}"
    #: The remedy of an error that was raised without a more specific one.
    default_remedy: ClassVar[str] = ""
    #: Exit code of the command (`docs/cli.md`).
    exit_code: ClassVar[int] = 1
    #: Whether reading again may succeed. An action is never repeated because of it.
    retryable: ClassVar[bool] = False

    detail: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        if not self.remedy:
            self.remedy = self.default_remedy

    @property
    def code(self) -> str:
        """The name of the class for JSON, e.g. `engine-unreachable`; stable."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()

    @property
    def message(self) -> str:
        """The message on one line, without the remedy."""
        values = {name: _text(getattr(self, name)) for name in self.fields}
        return " ".join(self.template.format(**values).split()).rstrip(" :—")

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), {name: getattr(self, name) for name in self.fields}))

    def as_dict(self) -> dict[str, Any]:
        """The error as plain data for `--json`."""
        own = {name: getattr(self, name) for name in self.fields}
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
    """The command or the call is wrong."""

    exit_code: ClassVar[int] = 2


class ConfigError(UsageError):
    """A configuration file is not valid."""

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
    """An argument has a wrong value."""

    template: ClassVar[str] = "{name} is {value!s}, expected {expected}"

    name: str
    value: object
    expected: str


class OutputFailed(RhevmigError):
    """A file cannot be written; an existing file is unchanged."""

    template: ClassVar[str] = "cannot write {path}: {detail}"
    default_remedy: ClassVar[str] = "Choose a folder that you may write to, on a disk with free space."

    path: str


class InventoryError(RhevmigError):
    """An inventory, or the file of one, cannot be used as requested."""

    exit_code: ClassVar[int] = 2


class NotFound(InventoryError):
    """No entity of that kind has this name or id."""

    template: ClassVar[str] = "no {kind} has the name or id {key!s} {detail}"
    default_remedy: ClassVar[str] = "Names are case-sensitive; `rhevmig snapshot --json` lists them."

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
        """The number of entities with this name."""
        return len(self.ids)

    @property
    def message(self) -> str:
        """The message on one line."""
        return self.template.format(count=self.count, kind=self.kind, name=self.name, ids=", ".join(self.ids))


class FieldMissing(InventoryError):
    """An entity lacks a field that the model requires (id, name, status)."""

    template: ClassVar[str] = "the engine's {kind} {id} has no {field_name} {detail}"
    default_remedy: ClassVar[str] = (
        "The engine may be newer than the SDK; update ovirt-engine-sdk-python and report the value."
    )
    exit_code: ClassVar[int] = 1

    kind: str
    id: str
    field_name: str


class FileDamaged(InventoryError):
    """A file is not what rhevmig wrote: cut, of another kind, or with a wrong value."""

    template: ClassVar[str] = "{file} is not a readable {kind}: {detail}"

    kind: str
    file: str


class FileVersion(InventoryError):
    """A file has a schema that this version of rhevmig does not read."""

    template: ClassVar[str] = "{file} has {kind} schema {found}; this rhevmig reads {supported}"

    kind: str
    file: str
    found: object
    supported: str


class EngineError(RhevmigError):
    """The engine, or the server at its address, did not answer a request as expected."""

    template: ClassVar[str] = "{method} {path}: {reason} {detail}"

    method: str = ""
    path: str = ""
    status_code: int | None = None
    reason: str = ""
    correlation_id: str | None = None


class EngineUnreachable(EngineError):
    """No answer: connection refused or reset, unknown name, TLS handshake cut."""

    template: ClassVar[str] = "no engine could be reached at {path}: {detail}"
    default_remedy: ClassVar[str] = (
        "Check the URL (https://ENGINE/ovirt-engine/api), the port and the network."
    )
    retryable: ClassVar[bool] = True


class EngineTimeout(EngineError):
    """No answer in time. The outcome of an action is then unknown: it is looked up, never repeated."""

    template: ClassVar[str] = "{method} {path}: no answer in time: {detail}"
    default_remedy: ClassVar[str] = "Raise --timeout, or find out why the engine is slow."
    retryable: ClassVar[bool] = True


class NotAnEngine(EngineError):
    """The answer is not from the API of an engine, version 4."""

    template: ClassVar[str] = "{path} does not answer as an oVirt engine (API v4): {detail}"
    default_remedy: ClassVar[str] = (
        "The URL ends in /ovirt-engine/api and names the engine, not a proxy or a host."
    )


class EngineUnavailable(EngineError):
    """The engine, or a proxy in front of it, answered with a server error."""

    template: ClassVar[str] = "{method} {path}: the engine is not available (HTTP {status_code}) {detail}"
    default_remedy: ClassVar[str] = "It may be restarting: wait until /ovirt-engine/services/health answers."
    retryable: ClassVar[bool] = True


class CertificateUntrusted(EngineError):
    """The TLS certificate is not signed by a trusted CA."""

    template: ClassVar[str] = "the certificate of {path} cannot be verified: {detail}"
    default_remedy: ClassVar[str] = (
        "Download the CA from https://ENGINE/ovirt-engine/services/pki-resource"
        "?resource=ca-certificate&format=X509-PEM-CA, verify it, and set --ca-file or OVIRT_CAFILE."
    )


class AuthenticationFailed(EngineError):
    """The engine refuses the credentials. Never retried, because accounts lock."""

    template: ClassVar[str] = "the engine refuses the login{who}: {detail}"
    default_remedy: ClassVar[str] = (
        "Check user@profile and the password before another attempt: accounts lock."
    )

    user: str = ""

    @property
    def who(self) -> str:
        """The user as a part of the message."""
        return f" of {self.user}" if self.user else ""

    @property
    def message(self) -> str:
        """The message on one line."""
        return self.template.format(who=self.who, detail=self.detail)


class PermissionDenied(EngineError):
    """The account lacks a permission."""

    template: ClassVar[str] = "{method} {path}: permission denied: {detail}"
    default_remedy: ClassVar[str] = (
        "Reading needs the role ReadOnlyAdmin on the system; migrating needs the permit migrate_vm."
    )


class EngineNotFound(EngineError):
    """The engine has no such object."""

    template: ClassVar[str] = "{method} {path}: the engine has no such object {detail}"
    default_remedy: ClassVar[str] = "It may have been removed; read the inventory again."


class EngineConflict(EngineError):
    """The engine refuses in its present state (HTTP 409)."""


class EngineRejected(EngineError):
    """The engine refuses a request as invalid."""


class MigrationError(RhevmigError):
    """A migration cannot be requested, or failed and `check=True` was given."""

    exit_code: ClassVar[int] = 3

    vm_id: str = ""
    vm_name: str = ""
    correlation_id: str | None = None
    source_host_id: str | None = None
    destination_host_id: str | None = None
    phase: str = ""


class NotMigratable(MigrationError):
    """The VM cannot be migrated now."""

    template: ClassVar[str] = "VM {vm_name} cannot migrate: {reasons}"

    reasons: tuple[str, ...]


class MigrationFailed(MigrationError):
    """The migration was requested and did not succeed; `verdict` and `reason` are the outcome's."""

    template: ClassVar[str] = "VM {vm_name} was not migrated: {verdict}: {reason}"

    verdict: str
    reason: str


class MigrationTimeout(MigrationError):
    """The wait ended before the migration did."""

    template: ClassVar[str] = "VM {vm_name} was still {last_status} after {waited_s} s"
    default_remedy: ClassVar[str] = (
        "The migration may still be running: `rhevmig resume` finds out; nothing is repeated."
    )

    waited_s: float
    last_status: str


class PlanOutdated(MigrationError):
    """The engine has changed since the plan was made."""

    template: ClassVar[str] = "the plan no longer fits the engine: {detail}"
    default_remedy: ClassVar[str] = "Make a new plan from a new inventory."
    exit_code: ClassVar[int] = 2


class JournalError(RhevmigError):
    """The journal cannot be used; nothing was started."""

    template: ClassVar[str] = "journal {url}: {detail}"

    url: str


class JournalCorrupt(JournalError):
    """The file is damaged or is not a journal."""

    template: ClassVar[str] = "journal {url} cannot be read: {detail}"
    default_remedy: ClassVar[str] = "Keep the file and name a new one."


class JournalClaimed(JournalError):
    """Another process uses the journal."""

    template: ClassVar[str] = "journal {url} is in use by {owner}"
    default_remedy: ClassVar[str] = (
        "Wait for it, or follow it with `rhevmig status`. `rhevmig resume` takes over from a dead process."
    )

    owner: str


class JournalVersion(JournalError):
    """This version of rhevmig cannot read the schema of a journal."""

    template: ClassVar[str] = "journal {url} has schema {found}; this rhevmig reads {supported}"
    default_remedy: ClassVar[str] = (
        "Finish that campaign with the version that wrote the journal, or name a new journal."
    )

    found: object
    supported: str


class CassetteError(RhevmigError):
    """A cassette cannot be read, recorded or replayed."""

    template: ClassVar[str] = "cassette {path}: {detail}"
    exit_code: ClassVar[int] = 2

    path: str


class LabError(RhevmigError):
    """The simulated engine cannot be started or used as requested."""

    exit_code: ClassVar[int] = 2


class ScenarioInvalid(LabError):
    """A scenario file is not valid."""

    template: ClassVar[str] = "{file}: line {line}: {detail}"

    file: str
    line: int | None = None
