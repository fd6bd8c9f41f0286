"""libcurl's error numbers (`CURLE_*`), each mapped to one class of the error tree."""

from __future__ import annotations

from urllib.parse import urlsplit

from rhevmig.engine.request import EngineRequest
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
#: 5 to 7 no connection; 35, 53, 54, 58, 59, 64, 66, 98 no TLS; 45 own interface; 89, 97 no connection, proxy.
_BEFORE_SENDING = frozenset({5, 6, 7, 35, 45, 53, 54, 58, 59, 64, 66, 89, 97, 98})
#: 3 and 4: the address itself.
_ADDRESS = frozenset({3, 4})
#: 51, 60, 77, 82, 83, 90, 91: the server's certificate, or the CA file that should verify it.
_UNTRUSTED = frozenset({51, 60, 77, 82, 83, 90, 91})
#: 28 total deadline; 12 and 10 belong to FTP and never occur with HTTP.
_TIMED_OUT = frozenset({28})
#: What is cut on the way: 16, 18, 52, 55, 56, 65, 80, 81, 92, 95, 96.
_UNREACHABLE = _BEFORE_SENDING | {16, 18, 52, 55, 56, 65, 80, 81, 92, 95, 96}
#: 1 and 8: no HTTP; 22, 33, 34, 47, 61, 63: HTTP that no engine sends.
_FOREIGN = frozenset({1, 8, 22, 33, 34, 47, 61, 63})
_LOGIN = frozenset({67, 94})
#: Remedies of a certificate whose CA is right.
CERTIFICATE_REMEDIES = {
    "expired": "Renew it: run engine-setup on the engine, of a self-hosted engine in global maintenance.",
    "not yet valid": "Compare the clocks of this machine and of the engine.",
    "name": "Use a name of the engine that its certificate contains.",
}
#: 23: our own callback refuses more of an answer.
_TOO_LONG = 23


def error_of_curl(number: int, text: str, request: EngineRequest) -> RhevmigError:
    """The error behind an error number of libcurl; unknown numbers become a plain `EngineError`."""
    detail = " ".join(text.split()) or f"libcurl error {number}"
    address = urlsplit(request.url)
    server = {**request.fields, "path": f"{address.scheme}://{address.netloc}"}
    if number in _UNTRUSTED:
        return CertificateUntrusted(**server, detail=detail, remedy=_remedy(address.netloc, number, detail))
    if number in _TIMED_OUT:
        return EngineTimeout(**request.fields, detail=detail)
    if number in _UNREACHABLE:
        reason = NEVER_SENT if number in _BEFORE_SENDING else ""
        return EngineUnreachable(**server, reason=reason, detail=detail)
    if number == _TOO_LONG:
        return NotAnEngine(**server, detail=f"its answer is too long to be kept: {detail}")
    if number in _FOREIGN:
        return NotAnEngine(**server, detail=detail)
    if number in _LOGIN:
        return AuthenticationFailed(**request.fields, detail=detail)
    if number in _ADDRESS:
        return InvalidArgument(name="url", value=request.url, expected="https://ENGINE/ovirt-engine/api")
    return EngineError(**server, reason=f"libcurl error {number}", detail=detail)


def certificate_problem(text: str) -> str:
    """Why libcurl refuses a certificate, by its text: `expired`, `not yet valid`, `name` or `authority`."""
    lowered = text.lower()
    if "expired" in lowered:
        return "expired"
    if "not yet valid" in lowered or "not activated" in lowered:
        return "not yet valid"
    if "match" in lowered and ("name" in lowered or "host" in lowered):
        return "name"
    return "authority"


def _remedy(netloc: str, number: int, text: str) -> str:
    if number in (77, 82):
        return "Set ca_file or OVIRT_CAFILE to a readable PEM file."
    problem = certificate_problem(text)
    if problem != "authority":
        return CERTIFICATE_REMEDIES[problem]
    source = f"https://{netloc}/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA"
    return f"Download the engine's CA from {source} , check it, and set ca_file or OVIRT_CAFILE to it."
