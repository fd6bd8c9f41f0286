"""The certificate of a server that could not be verified: until when it is valid and for which names."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime

import msgspec
import pycurl

from rhevmig.engine.curl_errors import CERTIFICATE_REMEDIES, certificate_problem
from rhevmig.errors import CertificateUntrusted

_TIMEOUT_S = 10
#: How libcurl prints dates, by TLS library.
_DATE_FORMATS = ("%b %d %H:%M:%S %Y GMT", "%Y-%m-%d %H:%M:%S GMT")


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A server certificate."""

    expires_at: datetime | None = None
    #: DNS names and addresses that it is issued for.
    names: tuple[str, ...] = ()


def explained(error: CertificateUntrusted, url: str) -> CertificateUntrusted:
    """The error with the end of validity or the names of the certificate, where the server shows them."""
    problem = certificate_problem(error.detail)
    found = read_certificate(url) if problem in ("expired", "name") else None
    if found is None:
        return error
    detail, remedy = error.detail, error.remedy
    if problem == "expired" and found.expires_at is not None and found.expires_at <= datetime.now(UTC):
        detail = f"it expired on {found.expires_at:%Y-%m-%d %H:%M} UTC"
    elif problem == "name" and found.names:
        detail = f"{detail}; it is issued for {', '.join(found.names)}"
        remedy = f"{CERTIFICATE_REMEDIES['name']} It has: {', '.join(found.names)}."
    return CertificateUntrusted(
        method=error.method, path=error.path, reason=error.reason, detail=detail, remedy=remedy
    )


def read_certificate(url: str) -> Certificate | None:
    """The certificate that a server shows, without verification; nothing is sent but the TLS handshake."""
    curl = pycurl.Curl()
    try:
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.CONNECTTIMEOUT, _TIMEOUT_S)
        curl.perform()
        chain = curl.getinfo(pycurl.INFO_CERTINFO)
    except (pycurl.error, ValueError):
        return None
    finally:
        curl.close()
    fields = {name.lower(): text for name, text in chain[0]} if chain else {}
    names = re.findall(r"(?:DNS|IP Address):([^,\s]+)", fields.get("x509v3 subject alternative name", ""))
    return Certificate(expires_at=_moment(fields.get("expire date", "")), names=tuple(names))


def _moment(text: str) -> datetime | None:
    for form in _DATE_FORMATS:
        with contextlib.suppress(ValueError):
            return datetime.strptime(" ".join(text.split()), form).replace(tzinfo=UTC)
    return None
