"""Does a host of one CPU type satisfy another: by sets of flags, never by comparing levels alone.

The flags of a host are not told by the API; its type is: the highest one of the level's list whose
flags it has all. From that follow three things and no more: it has the flags of its type; it lacks
at least one flag of every type above; what neither says stays unknown.
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

    #: The answer.
    allowed: Allowed
    #: Why, as a clause.
    because: str
    #: Flags that are missing, or that nothing is known of.
    flags: tuple[str, ...] = ()


class _Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


class CpuTypes:
    """The CPU types of one compatibility level, and what follows from them; answers are kept."""

    def __init__(self, level: ClusterLevel | None) -> None:
        self.level = level
        self._types = {cpu_type.name: cpu_type for cpu_type in (level.cpu_types if level else ())}
        self._answers: dict[tuple[str | None, str | None], CpuAnswer] = {}

    @property
    def has_flags(self) -> bool:
        """Whether the flags of the types were read."""
        return any(cpu_type.flags is not None for cpu_type in self._types.values())

    def satisfies(self, host_type: str | None, wanted: str | None) -> CpuAnswer:
        """Whether a host with this type has all that a type wants."""
        key = (host_type, wanted)
        if key not in self._answers:
            self._answers[key] = self._compare(host_type, wanted)
        return self._answers[key]

    def runs_model(self, host_type: str | None, model: str) -> CpuAnswer:
        """Whether a host with this type can run a QEMU model such as `Skylake-Client`."""
        for cpu_type in self._types.values():
            if cpu_type.qemu_model == model:
                return self.satisfies(host_type, cpu_type.name)
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
            return CpuAnswer(allowed=Allowed.YES, because="the host has that very type")
        host, want = self._types.get(host_type or ""), self._types.get(wanted or "")
        if host is None or want is None:
            named = host_type if host is None else wanted
            level = self.level.id if self.level else "of the cluster"
            because = f"level {level} does not list {named}" if named else "a CPU type is not known"
            return CpuAnswer(allowed=Allowed.UNKNOWN, because=because)
        if not _same_line(host, want):
            return CpuAnswer(allowed=Allowed.NO, because=f"{host.name} is another vendor than {want.name}")
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
                because = f"the host is no {above.name}, so it lacks {' or '.join(flags)}"
                return CpuAnswer(allowed=Allowed.NO, because=because, flags=flags)
        flags = tuple(sorted(open_flags))
        because = f"{host.name} does not tell whether the host has {', '.join(flags)}"
        return CpuAnswer(allowed=Allowed.UNKNOWN, because=because, flags=flags)


def _same_line(one: CpuType, other: CpuType) -> bool:
    return one.vendor == other.vendor and one.architecture == other.architecture


def _unknown_flags(host: CpuType, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    if host.flags is None or wanted is None:
        return ()
    return tuple(sorted(set(wanted) - _closure(host.flags)[0]))


@cache
def _closure(flags: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """All flags that follow from these, and those that can never be there."""
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
