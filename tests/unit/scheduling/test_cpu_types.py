"""Whether a host of one CPU type satisfies another: by flags, never by levels alone."""

from __future__ import annotations

import pytest

from rhevmig.scheduling import Allowed, CpuTypes
from tests.builders import (
    BROADWELL,
    EPYC,
    EPYC_ROME,
    HASWELL,
    OPTERON_G5,
    SECURE_BROADWELL,
    SECURE_HASWELL,
    SECURE_IVYBRIDGE,
    SECURE_SKYLAKE_SERVER,
    SKYLAKE_SERVER,
    a_level,
)

ICELAKE = "Intel Icelake Server Family"


@pytest.mark.parametrize(
    ("host", "wanted", "answer"),
    [
        (HASWELL, HASWELL, Allowed.YES),
        (SECURE_HASWELL, HASWELL, Allowed.YES),
        (SECURE_BROADWELL, SECURE_HASWELL, Allowed.YES),
        (SKYLAKE_SERVER, HASWELL, Allowed.YES),
        (SECURE_SKYLAKE_SERVER, SECURE_BROADWELL, Allowed.YES),
        (EPYC_ROME, EPYC, Allowed.YES),
        # a lower type than the cluster's: the host would have the higher one if it could
        (HASWELL, BROADWELL, Allowed.NO),
        (SECURE_HASWELL, BROADWELL, Allowed.NO),
        # a higher level that lacks mitigations: it is no Secure Haswell, so one of its three flags is missing
        (HASWELL, SECURE_IVYBRIDGE, Allowed.NO),
        (BROADWELL, SECURE_HASWELL, Allowed.NO),
        # it may lack only the model of Secure Skylake, which the wanted type does not ask for
        (SKYLAKE_SERVER, SECURE_HASWELL, Allowed.UNKNOWN),
        # Ice Lake lost a feature that lists of Skylake still name
        (ICELAKE, SKYLAKE_SERVER, Allowed.UNKNOWN),
        (EPYC_ROME, OPTERON_G5, Allowed.NO),
        (EPYC, HASWELL, Allowed.NO),
        (None, HASWELL, Allowed.UNKNOWN),
        (HASWELL, None, Allowed.UNKNOWN),
        ("Intel Future Family", HASWELL, Allowed.UNKNOWN),
    ],
)
def test_what_follows_from_the_type_of_a_host(host: str | None, wanted: str | None, answer: Allowed) -> None:
    """Flags of its type are there, one flag of each type above is missing, the rest is unknown."""
    found = CpuTypes(a_level()).satisfies(host, wanted)
    assert found.allowed == answer
    assert found.because


def test_without_the_list_only_names_and_levels_tell() -> None:
    """Without flags an equal type is fine, a lower one is not, and all else is unknown."""
    types = CpuTypes(a_level(with_flags=False))
    assert not types.has_flags
    assert types.satisfies(HASWELL, HASWELL).allowed == Allowed.YES
    assert types.satisfies(HASWELL, BROADWELL).allowed == Allowed.NO
    assert types.satisfies(SECURE_BROADWELL, HASWELL).allowed == Allowed.UNKNOWN
    assert CpuTypes(None).satisfies(SECURE_BROADWELL, HASWELL).allowed == Allowed.UNKNOWN


def test_the_missing_flags_are_named() -> None:
    """A refusal names the flags of which at least one is missing."""
    found = CpuTypes(a_level()).satisfies(HASWELL, SECURE_IVYBRIDGE)
    assert found.flags == ("md_clear", "spec_ctrl", "ssbd")
