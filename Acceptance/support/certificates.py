"""Certificates of the tests' own, made with the openssl command."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from support.daemon import PATIENCE

EC_KEY = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA_KEY = ("rsa:2048",)


def openssl(*arguments: str) -> str:
    """Runs openssl; what it prints."""
    done = subprocess.run(
        ["openssl", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Issues certificates for 127.0.0.1 and localhost."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.own = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", f"/CN={name}", "-keyout", str(self.own.key)),
            *("-out", str(self.own.certificate), "-addext", "basicConstraints=critical,CA:TRUE"),
        )

    def issue(
        self, name: str, key: tuple[str, ...] = EC_KEY, end: datetime | None = None
    ) -> Certificate:
        """A certificate of this authority, for two days or until `end`."""
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.cnf"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl(
            *("req", "-newkey", *key, "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(request)),
        )
        if end:
            self._ca(
                *("-batch", "-notext", "-in", str(request), "-out", str(made.certificate)),
                *("-extfile", str(extensions), "-enddate", f"{end:%Y%m%d%H%M%SZ}"),
            )
            return made
        openssl(
            *("x509", "-req", "-days", "2", "-in", str(request), "-out", str(made.certificate)),
            *("-CA", str(self.own.certificate), "-CAkey", str(self.own.key), "-CAcreateserial"),
            *("-extfile", str(extensions)),
        )
        return made

    def revoked(self, *certificates: Certificate) -> str:
        """Its list of revoked certificates with these, in PEM form."""
        for certificate in certificates:
            self._ca("-revoke", str(certificate.certificate))
        return self._ca("-gencrl", "-crldays", "2")

    def _ca(self, *arguments: str) -> str:
        """Runs the authority's office, which knows what it has issued and revoked."""
        settings, issued = self.folder / "ca.cnf", self.folder / "issued.txt"
        issued.touch()
        settings.write_text(
            f"[ca]\ndefault_ca=office\n[office]\ndatabase={issued}\nnew_certs_dir={self.folder}\n"
            f"certificate={self.own.certificate}\nprivate_key={self.own.key}\nrand_serial=yes\n"
            "default_md=sha256\npolicy=names\nunique_subject=no\ndefault_days=2\n"
            "[names]\ncommonName=supplied\n"
        )
        return openssl("ca", "-config", str(settings), *arguments)

    def client(self, certificate: Certificate | None = None) -> ssl.SSLContext:
        """A client that trusts this authority, and shows a certificate if it has one."""
        context = ssl.create_default_context(cafile=str(self.own.certificate))
        if certificate:
            context.load_cert_chain(certificate.certificate, certificate.key)
        return context
