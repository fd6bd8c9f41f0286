"""The certificate authority of the lab: new for each lab, or kept in a directory."""

from __future__ import annotations

from pathlib import Path

import trustme

from rhevmig.errors import LabError


class Authority:
    """A certificate authority that signs the server's certificate."""

    def __init__(self, authority: trustme.CA) -> None:
        self._authority = authority

    @classmethod
    def new(cls) -> Authority:
        """A new one."""
        return cls(trustme.CA())

    @classmethod
    def stored(cls, directory: Path) -> Authority:
        """The one kept in a directory.

        Raises:
            LabError: there is none.
        """
        certificate, key = directory / "lab-ca.pem", directory / "lab-ca.key"
        try:
            return cls(trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes()))
        except (OSError, ValueError) as error:
            raise LabError(
                detail=f"{directory} has no CA of a lab: {error}",
                remedy="Give the folder of `rhevmig lab serve --ca-folder`.",
            ) from error

    @classmethod
    def load(cls, directory: Path) -> Authority:
        """The one kept in a directory, created there if there is none.

        Raises:
            LabError: it cannot be read, or cannot be stored there.
        """
        certificate, key = directory / "lab-ca.pem", directory / "lab-ca.key"
        if certificate.exists() and key.exists():
            return cls.stored(directory)
        made = cls.new()
        try:
            directory.mkdir(parents=True, exist_ok=True)
            key.touch(mode=0o600)
            key.write_bytes(made._authority.private_key_pem.bytes())
            made.write_certificate(certificate)
        except OSError as error:
            raise LabError(detail=f"the CA cannot be stored in {directory}: {error.strerror}") from error
        return made

    @property
    def certificate_text(self) -> str:
        """The CA's certificate, PEM."""
        return self._authority.cert_pem.bytes().decode()

    def write_certificate(self, path: Path) -> Path:
        """The CA's certificate in a file."""
        path.write_text(self.certificate_text)
        return path

    def issue(self, directory: Path, *names: str) -> tuple[Path, Path]:
        """Files with a server certificate and its key for these names."""
        issued = self._authority.issue_cert(*names)
        certificate, key = directory / "server.pem", directory / "server.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.touch(mode=0o600)
        key.write_bytes(issued.private_key_pem.bytes())
        return certificate, key
