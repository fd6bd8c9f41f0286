"""vcrpy for pycurl: stubs that let it see `Curl` and `CurlMulti`, matching of requests, cassettes on disk."""

from __future__ import annotations

from typing import Any

__all__ = ["custom_patches"]


def __getattr__(name: str) -> Any:
    if name != "custom_patches":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rhevmig.testing.vcr_pycurl.stubs import custom_patches

    return custom_patches
