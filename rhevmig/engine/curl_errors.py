"""libcurl's error numbers (`CURLE_*`), each mapped to one class of the error tree."""

from __future__ import annotations

from urllib.parse import urlsplit

from rhevmig.engine.request import Asked
from rhevmig.errors import (
    AuthenticationFailed,
    CertificateUntrusted,
    EngineError,
    EngineTimeout,
    EngineUnreachable,
    InvalidArgument,
    NotAnEngine,
    RhevmigError,
)

#: `EngineUnreachable.reason` where no byte of the request can have left: an act was certainly not done.
NEVER_SENT = "never sent"
#: 5 to 7 no way there; 35, 53, 54, 58, 59, 64, 66, 98 no TLS; 45 own interface; 89, 97 no connection, proxy.
_BEFORE_SENDING = frozenset({5, 6, 7, 35, 45, 53, 54, 58, 59, 64, 66, 89, 97, 98})

#: 1, 3, 4: the address itself, or a scheme that libcurl does not speak.
_ADDRESS = frozenset({3, 4})
#: 51, 60, 77, 82, 83, 90, 91: the peer's certificate, or the CA file that should prove it.
_UNTRUSTED = frozenset({51, 60, 77, 82, 83, 90, 91})
#: 28 total deadline; 12 and 10 belong to FTP and never come over HTTP.
_TIMED_OUT = frozenset({28})
#: 5 to 7 no way there; 16, 18, 52, 55, 56, 65, 81, 92, 95, 96 cut on the way; 35, 53, 54, 58, 59, 64, 66, 80,
#: 98 TLS that does not come about; 45 own interface; 89, 97 no connection, proxy handshake.
_UNREACHABLE = frozenset(
    {5, 6, 7, 16, 18, 35, 45, 52, 53, 54, 55, 56, 58, 59, 64, 65, 66, 80, 81, 89, 92, 95, 96, 97, 98}
)
#: 1 and 8: something answers that is no HTTP; 22, 33, 34, 47, 61, 63: HTTP of a kind that no engine speaks.
_FOREIGN = frozenset({1, 8, 22, 33, 34, 47, 61, 63})
_LOGIN = frozenset({67, 94})


def fault_of_curl(number: int, text: str, asked: Asked) -> RhevmigError:
    """The failure behind an error number of libcurl; numbers nobody knows become a plain `EngineError`."""
    said = " ".join(text.split()) or f"libcurl error {number}"
    address = urlsplit(asked.url)
    where = f"{address.scheme}://{address.netloc}"
    fields = {**asked.fields, "path": where}
    if number in _UNTRUSTED:
        return CertificateUntrusted(**fields, detail=said, remedy=_remedy(address.netloc, number))
    if number in _TIMED_OUT:
        return EngineTimeout(**asked.fields, detail=said)
    if number in _UNREACHABLE:
        reason = NEVER_SENT if number in _BEFORE_SENDING else ""
        return EngineUnreachable(**fields, reason=reason, detail=said)
    if number in _FOREIGN:
        return NotAnEngine(**fields, detail=said)
    if number in _LOGIN:
        return AuthenticationFailed(**asked.fields, detail=said)
    if number in _ADDRESS:
        return InvalidArgument(name="url", value=asked.url, expected="https://ENGINE/ovirt-engine/api")
    return EngineError(**fields, reason=f"libcurl error {number}", detail=said)


def _remedy(netloc: str, number: int) -> str:
    if number in (77, 82):
        return "Name a readable PEM file by ca_file or OVIRT_CAFILE."
    source = f"https://{netloc}/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA"
    return f"Download the engine's CA from {source} , check it, and name it by ca_file or OVIRT_CAFILE."
