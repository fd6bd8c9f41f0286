"""Whether a host of one CPU type satisfies another, by sets of CPU flags and never by levels alone.

The API does not report the flags of a host; it reports its type: the highest one of the level's list whose
flags the host all has. It follows that the host has the flags of its type and that it lacks at least one
flag of every higher type. All other flags are unknown.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

from rhevmig.inventory import ClusterLevel, CpuType
from rhevmig.scheduling.verdicts import Allowed

MODEL = "model_"


class CpuAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a host of one type satisfies another type, and why."""

    allowed: Allowed
    #: As a clause.
    because: str
    #: Flags that are missing or unknown.
    flags: tuple[str, ...] = ()


class _Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


class CpuTypes:
    """The CPU types of one compatibility level; answers are kept."""

    def __init__(self, level: ClusterLevel | None) -> None:
        self.level = level
        self._types = {cpu_type.name: cpu_type for cpu_type in (level.cpu_types if level else ())}
        self._answers: dict[tuple[str | None, str | None], CpuAnswer] = {}

    @property
    def has_flags(self) -> bool:
        """Whether the flags of the types were read."""
        return any(cpu_type.flags is not None for cpu_type in self._types.values())

    def satisfies(self, host_type: str | None, wanted: str | None) -> CpuAnswer:
        """Whether a host with this type has all flags of another type."""
        key = (host_type, wanted)
        if key not in self._answers:
            self._answers[key] = self._compare(host_type, wanted)
        return self._answers[key]

    def runs_model(self, host_type: str | None, model: str) -> CpuAnswer:
        """Whether the engine lets a VM with a custom CPU model run on a host with this type.

        It requires the flags of the type whose model in ServerCPUList is the same as a whole, e.g.
        `Skylake-Server,-hle,-rtm,-mpx`, and no flags for any other model.
        """
        if not self.has_flags:
            because = "the models of the CPU types could not be read"
            return CpuAnswer(allowed=Allowed.UNKNOWN, because=because)
        for cpu_type in self._types.values():
            if cpu_type.qemu_model == model:
                return self.satisfies(host_type, cpu_type.name)
        return CpuAnswer(allowed=Allowed.YES, because=f"the engine requires no flag for the model {model}")

    def lists_model(self, model: str) -> bool:
        """Whether a CPU type of the level has exactly this QEMU model; the engine requires its flags then."""
        return any(cpu_type.qemu_model == model for cpu_type in self._types.values())

    def includes_model(self, host_type: str | None, model: str) -> CpuAnswer:
        """Whether a host with this type has the named QEMU model among its usable ones."""
        plain = model.split(",")[0]
        return self._judge(host_type, frozenset({MODEL + plain}), f"model {plain}")

    def vendor_types(self, name: str | None) -> tuple[CpuType, ...]:
        """The types of the same vendor and architecture, lowest level first."""
        known = self._types.get(name or "")
        if known is None:
            return ()
        return tuple(
            sorted(
                (t for t in self._types.values() if _same_line(t, known) and t.level is not None),
                key=lambda t: t.level or 0,
            )
        )

    def _compare(self, host_type: str | None, wanted: str | None) -> CpuAnswer:
        if host_type is not None and host_type == wanted:
            return CpuAnswer(allowed=Allowed.YES, because="the host has this type")
        host, want = self._types.get(host_type or ""), self._types.get(wanted or "")
        if host is None or want is None:
            named = host_type if host is None else wanted
            because = "a CPU type is not known"
            if named and not self._types:
                because = "the CPU types of the compatibility level could not be read"
            elif named:
                because = f"level {self.level.id if self.level else '–'} does not list {named}"
            return CpuAnswer(allowed=Allowed.UNKNOWN, because=because)
        if not _same_line(host, want):
            return CpuAnswer(
                allowed=Allowed.NO, because=f"{host.name} and {want.name} are of different vendors"
            )
        if host.level is not None and want.level is not None and want.level > host.level:
            because = f"{host.name} is the highest type that the host satisfies"
            return CpuAnswer(allowed=Allowed.NO, because=because, flags=_unknown_flags(host, want.flags))
        if want.flags is None:
            return CpuAnswer(allowed=Allowed.UNKNOWN, because="the flags of the types could not be read")
        return self._judge(host_type, frozenset(want.flags), want.name)

    def _judge(self, host_type: str | None, wanted: frozenset[str], name: str) -> CpuAnswer:
        host = self._types.get(host_type or "")
        if host is None or host.flags is None:
            return CpuAnswer(allowed=Allowed.UNKNOWN, because="the flags of the types could not be read")
        present, absent = _closure(host.flags)
        open_flags = wanted - present
        if not open_flags:
            return CpuAnswer(allowed=Allowed.YES, because=f"{host.name} has every flag of {name}")
        if open_flags & absent:
            never = tuple(sorted(open_flags & absent))
            return CpuAnswer(allowed=Allowed.NO, because=f"{host.name} never has {never[0]}", flags=never)
        for above in self.vendor_types(host.name):
            if (above.level or 0) <= (host.level or 0) or above.flags is None:
                continue
            lacking = frozenset(above.flags) - present
            if lacking and lacking <= wanted:
                flags = tuple(sorted(lacking))
                because = f"the host is not {above.name}, so it lacks {' or '.join(flags)}"
                return CpuAnswer(allowed=Allowed.NO, because=because, flags=flags)
        flags = tuple(sorted(open_flags))
        because = f"{host.name} neither includes nor excludes {', '.join(flags)}"
        return CpuAnswer(allowed=Allowed.UNKNOWN, because=because, flags=flags)


def _same_line(one: CpuType, other: CpuType) -> bool:
    return one.vendor == other.vendor and one.architecture == other.architecture


def _unknown_flags(host: CpuType, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    if host.flags is None or wanted is None:
        return ()
    return tuple(sorted(set(wanted) - _closure(host.flags)[0]))


@cache
def _closure(flags: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """All flags that these imply, and those that they exclude."""
    present, absent = set(flags), set[str]()
    waiting = [flag.removeprefix(MODEL) for flag in flags if flag.startswith(MODEL)]
    while waiting:
        model = _models().get(waiting.pop(), _Model())
        present.update(model.flags, (MODEL + name for name in model.models))
        absent.update(MODEL + name for name in model.without)
        waiting.extend(model.models)
    return frozenset(present), frozenset(absent)


@cache
def _models() -> dict[str, _Model]:
    content = resources.files("rhevmig.scheduling").joinpath("data").joinpath("cpu_models.yaml").read_bytes()
    return msgspec.yaml.decode(content, type=dict[str, _Model])
