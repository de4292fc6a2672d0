"""Certificates for 127.0.0.1 by an authority of the tests' own, as files and as contexts."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import trustme


class Certificates:
    """`authority`, `cert` and `key` are files (PEM); `server` and `client` use them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._ca = trustme.CA()
        self.authority, self.cert, self.key = (
            folder / f"{name}.pem" for name in ("authority", "cert", "key")
        )
        self._ca.cert_pem.write_to_path(self.authority)
        self.renew()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert("127.0.0.1").configure_cert(self.server)
        self.client = ssl.create_default_context(cafile=self.authority)

    def renew(self) -> None:
        """Another certificate, in the same files."""
        issued = self._ca.issue_cert("127.0.0.1")
        self.cert.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(self.key)

    def settings(self) -> dict[str, Any]:
        """Keys of the section `service`."""
        return {"tls_cert": str(self.cert), "tls_key": str(self.key)}
