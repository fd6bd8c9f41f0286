"""A certificate that cannot be verified has its own cause and remedy: expired, another name, unknown CA."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

import rhevmig
from rhevmig.engine.curl_errors import certificate_problem
from rhevmig.errors import CertificateUntrusted

EXPIRED_ON = datetime(2025, 1, 1, tzinfo=UTC)


@contextlib.contextmanager
def a_tls_server(certificate: trustme.LeafCert) -> Iterator[int]:
    """A server that shows a certificate and nothing else; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
                        tls.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)


def refusal(certificate: trustme.LeafCert, ca_file: Path | None) -> CertificateUntrusted:
    with a_tls_server(certificate) as port, pytest.raises(CertificateUntrusted) as caught:
        rhevmig.connect(
            f"https://127.0.0.1:{port}/ovirt-engine/api",
            "admin@internal",
            "secret",
            ca_file=str(ca_file) if ca_file else None,
            environ={},
        )
    assert "secret" not in str(caught.value)
    return caught.value


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, Path]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return ca, tmp_path / "ca.pem"


def test_an_expired_certificate(authority: tuple[trustme.CA, Path]) -> None:
    """It is called expired, with the day, and is to be renewed; the CA was right all along."""
    ca, ca_file = authority
    day = EXPIRED_ON - timedelta(days=365)
    error = refusal(ca.issue_cert("127.0.0.1", not_before=day, not_after=EXPIRED_ON), ca_file)
    assert "expired on 2025-01-01" in error.message
    assert "engine-setup" in error.remedy
    assert "Download" not in error.remedy


def test_a_certificate_of_another_name(authority: tuple[trustme.CA, Path]) -> None:
    """The names that it has are named, and one of them is to be used."""
    ca, ca_file = authority
    error = refusal(ca.issue_cert("engine.example.com", "old.example.com"), ca_file)
    assert "engine.example.com, old.example.com" in error.message
    assert "Use a name" in error.remedy
    assert "Download" not in error.remedy


def test_a_certificate_of_an_unknown_authority(authority: tuple[trustme.CA, Path], tmp_path: Path) -> None:
    """Only then the engine's CA is to be downloaded."""
    ca, _ = authority
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    error = refusal(ca.issue_cert("127.0.0.1"), tmp_path / "other.pem")
    assert "Download the engine's CA" in error.remedy


def test_causes_by_the_texts_of_tls_libraries() -> None:
    """OpenSSL and GnuTLS word the causes differently."""
    texts = {
        "SSL certificate problem: certificate has expired": "expired",
        "server certificate verification failed. (The certificate chain uses expired certificate)": "expired",
        "SSL certificate problem: certificate is not yet valid": "not yet valid",
        "server certificate verification failed: certificate not activated": "not yet valid",
        "SSL: no alternative certificate subject name matches target host name 'x'": "name",
        "SSL: certificate subject name 'y' does not match target host name 'x'": "name",
        "SSL certificate problem: unable to get local issuer certificate": "authority",
        "SSL certificate problem: self-signed certificate in certificate chain": "authority",
    }
    assert {text: certificate_problem(text) for text in texts} == texts
