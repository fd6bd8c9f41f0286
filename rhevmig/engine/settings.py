"""How to reach an engine: from arguments, else from the environment variables that the oVirt tools share."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from rhevmig.errors import InvalidArgument

#: The typical path of the API.
API_PATH = "/ovirt-engine/api"
_EXPECTED_URL = "an address like https://engine.example.com/ovirt-engine/api"
#: Longest `timeout_s`: a day.
LONGEST_TIMEOUT_S = 86_400
_YES = frozenset({"1", "true", "yes", "on", "t", "y"})
_NO = frozenset({"", "0", "false", "no", "off", "f", "n"})


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything needed to reach an engine; its representations show no secret."""

    #: Base address of the API, without a trailing slash.
    url: str
    #: User with profile, e.g. `admin@internal`; None with a token alone.
    username: str | None = None
    password: str | None = None
    #: Token of a session that the caller opened, and will close.
    token: str | None = None
    #: PEM file of trusted CAs; None means those of the system.
    ca_file: str | None = None
    #: Whether TLS is not verified.
    insecure: bool = False
    #: Longest time that one request may take.
    timeout_s: float = 300.0

    def __repr__(self) -> str:
        return f"Settings(url={self.url!r}, username={self.username!r}, insecure={self.insecure!r})"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """What rich shows."""
        return [("url", self.url), ("username", self.username), ("insecure", self.insecure)]

    @property
    def can_log_in(self) -> bool:
        """Whether a session that expired can be renewed."""
        return self.username is not None and self.password is not None

    @property
    def login_url(self) -> str:
        """Address that issues tokens."""
        return f"{self._engine_url}/sso/oauth/token"

    @property
    def logout_url(self) -> str:
        """Address that revokes tokens."""
        return f"{self._engine_url}/services/sso-logout"

    @property
    def _engine_url(self) -> str:
        head, separator, _ = self.url.partition("/ovirt-engine/")
        if separator:
            return f"{head}/ovirt-engine"
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/ovirt-engine"


def settings_of(
    url: str | None,
    username: str | None,
    password: str | None,
    *,
    token: str | None,
    ca_file: str | None,
    insecure: bool | None,
    timeout_s: float,
    environ: Mapping[str, str],
    ask_password: Callable[[str], str] | None,
) -> Settings:
    """Arguments, completed from `OVIRT_URL`, `OVIRT_USERNAME`, `OVIRT_PASSWORD`, `OVIRT_TOKEN`,
    `OVIRT_CAFILE` and `OVIRT_INSECURE`, and by asking for the password where that is possible.

    Raises: InvalidArgument, which names what is missing or invalid.
    """
    address = api_url(url or environ.get("OVIRT_URL"))
    username = username or environ.get("OVIRT_USERNAME") or None
    # a user given as an argument wins over a token in the environment
    token = token or (None if username and password else environ.get("OVIRT_TOKEN") or None)
    password = password or environ.get("OVIRT_PASSWORD") or None
    if not 0 < timeout_s <= LONGEST_TIMEOUT_S:  # not a number fails both comparisons
        expected = f"seconds above 0 and up to {LONGEST_TIMEOUT_S:,}"
        raise InvalidArgument(name="timeout_s", value=timeout_s, expected=expected)
    if token is None:
        if not username:
            raise InvalidArgument(
                name="username",
                value=username,
                expected="user@profile, or a token",
                remedy="Set OVIRT_USERNAME (and OVIRT_PASSWORD), or OVIRT_TOKEN.",
            )
        password = password or _ask(ask_password, username, address)
    verified_by, unverified = _trust(ca_file, insecure, environ, address)
    return Settings(
        url=address,
        username=username,
        password=password,
        token=token,
        ca_file=verified_by,
        insecure=unverified,
        timeout_s=timeout_s,
    )


def api_url(text: str | None) -> str:
    """The address of the API from the address or name of an engine.

    >>> api_url("engine.example.com"), api_url("https://e.example/ovirt-engine/")
    ('https://engine.example.com/ovirt-engine/api', 'https://e.example/ovirt-engine/api')
    """
    remedy = "Set OVIRT_URL, or give the address of the engine."
    if not text or not text.strip():
        raise InvalidArgument(name="url", value=None, expected=_EXPECTED_URL, remedy=remedy)
    given = text.strip()
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        parts.port  # noqa: B018 - raises for a port that is not a number
    except ValueError as error:
        raise InvalidArgument(name="url", value=given, expected=_EXPECTED_URL) from error
    if parts.scheme not in ("https", "http") or not parts.hostname or any(c.isspace() for c in given):
        raise InvalidArgument(name="url", value=given, expected=_EXPECTED_URL)
    if parts.username or parts.password:
        shown = f"{parts.scheme}://…@{parts.hostname}{parts.path}"
        remedy = "Give user and password separately, not in the address."
        raise InvalidArgument(name="url", value=shown, expected=_EXPECTED_URL, remedy=remedy)
    path = parts.path.rstrip("/")
    if path in ("", "/ovirt-engine"):
        path = API_PATH
    return f"{parts.scheme}://{parts.netloc}{path}"


def _ask(ask_password: Callable[[str], str] | None, username: str, address: str) -> str:
    remedy = "Set OVIRT_PASSWORD or OVIRT_TOKEN, or run on a terminal."
    if ask_password is None:
        raise InvalidArgument(name="password", value=None, expected="a password", remedy=remedy)
    answer = ask_password(f"Password of {username} at {urlsplit(address).netloc}: ")
    if not answer:
        raise InvalidArgument(name="password", value=None, expected="a password", remedy=remedy)
    return answer


def _trust(
    ca_file: str | None, insecure: bool | None, environ: Mapping[str, str], address: str
) -> tuple[str | None, bool]:
    """The CA file to verify with, and whether not to verify."""
    if insecure is None:
        word = environ.get("OVIRT_INSECURE", "").strip().lower()
        if word not in _YES | _NO:
            raise InvalidArgument(name="OVIRT_INSECURE", value=word, expected="true or false")
        # where a CA file is given, in whichever way, it is used: OVIRT_INSECURE may be a forgotten setting
        insecure = word in _YES and not (ca_file or environ.get("OVIRT_CAFILE"))
    if insecure:
        return None, True
    if not address.startswith("https:"):
        _check_clear_text(address)
        return None, False
    named = ca_file or environ.get("OVIRT_CAFILE") or None
    if named is not None:
        # pathlib raises for a name that is too long or has a NUL character
        if not os.path.isfile(named):  # noqa: PTH113
            raise InvalidArgument(
                name="ca_file",
                value=named,
                expected="a PEM file that exists",
                remedy=f"Download it from https://{urlsplit(address).netloc}/ovirt-engine/services/pki-resource"
                "?resource=ca-certificate&format=X509-PEM-CA and check it.",
            )
        return named, False
    return _system_ca_file(), False


def _check_clear_text(address: str) -> None:
    """Raises: InvalidArgument where the password would cross a network in clear text."""
    host = urlsplit(address).hostname or ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host != "localhost":
        raise InvalidArgument(
            name="url",
            value=address,
            expected="an https address: over http the password is sent in clear text",
            remedy="Use https, or allow clear text with insecure (OVIRT_INSECURE=true).",
        )


def _system_ca_file() -> str | None:
    """The CA bundle of the system; libcurl from a wheel may expect it at another distribution's path."""
    candidates = [ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt"]
    candidates += ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
    return next((path for path in candidates if path and Path(path).is_file()), None)
