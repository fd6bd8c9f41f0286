"""Options: CPU types with flags, migration policies, the default MTU."""

from __future__ import annotations

import json
from types import SimpleNamespace

from rhevmig.engine.options import cpu_types_of, default_mtu_of, migration_policies_of, with_flags
from rhevmig.inventory import ClusterLevel, CpuType


def option(**values: str) -> SimpleNamespace:
    """An option of the SDK: level → value, `_` for the dot."""
    pairs = [
        SimpleNamespace(version=level.strip("v").replace("_", "."), value=value)
        for level, value in values.items()
    ]
    return SimpleNamespace(values=pairs)


def test_cpu_types_with_their_flags() -> None:
    """Entries are split by semicolons and colons; names may hold commas, models too."""
    text = (
        " 9:Intel Haswell Family:vmx,nx,model_Haswell-noTSX:Haswell-noTSX:x86_64; "
        "10:Secure Intel Haswell Family:vmx,spec_ctrl:Haswell-noTSX,+spec-ctrl:x86_64;"
        "1:IBM z114, z196:sie,model_z196:z196:s390x;;"
    )
    found = cpu_types_of(option(v4_8=text))["4.8"]
    assert [cpu.name for cpu in found] == [
        "Intel Haswell Family",
        "Secure Intel Haswell Family",
        "IBM z114, z196",
    ]
    assert found[0].flags == ("vmx", "nx", "model_Haswell-noTSX")
    assert found[1].qemu_model == "Haswell-noTSX,+spec-ctrl"
    assert (found[2].level, found[2].architecture) == (1, "s390x")


def test_flags_are_joined_by_name_and_level() -> None:
    """A type that the option does not name keeps its flags unobserved; a hidden level is filled from it."""
    known = cpu_types_of(option(v4_8="1:A:f:m:x86_64", v4_7="2:B:g:m:x86_64"))
    levels = [
        ClusterLevel(id="4.8", cpu_types=(CpuType(name="A"), CpuType(name="Z"))),
        ClusterLevel(id="4.7"),
    ]
    eight, seven = with_flags(levels, known)
    assert [cpu.flags for cpu in eight.cpu_types] == [("f",), None]
    assert [cpu.name for cpu in seven.cpu_types] == ["B"]


def test_migration_policies_know_their_levels() -> None:
    """The same policy at several levels is one, with all its levels and the newest word."""

    def policy(**more: object) -> list[dict[str, object]]:
        steps = {
            "convergenceItems": [
                {"stallingLimit": 1, "convergenceItem": {"action": "setDowntime", "params": ["150"]}}
            ]
        }
        base = {"id": {"uuid": "p"}, "name": "Minimal downtime", "maxMigrations": 2, "config": steps}
        return [base | more]

    found = migration_policies_of(
        option(v4_10=json.dumps(policy(maxMigrations=3, zeroCopy=True)), v4_7=json.dumps(policy()))
    )
    assert [(one.versions, one.max_migrations, one.zero_copy) for one in found] == [
        (("4.7", "4.10"), 3, True)
    ]
    assert found[0].convergence_steps[0].stalling_limit == 1


def test_the_default_mtu() -> None:
    """The option's number; anything else is not observed."""
    assert default_mtu_of(option(general="1500")) == 1500
    assert default_mtu_of(option(general="")) is None
