"""How whoever is on the service's own machine reaches its door: the commands, and Asterisk."""

from __future__ import annotations

import ssl

from recordbridge.settings.sections import Service

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, to reach who listens so


def authority(host: str, port: int) -> str:
    """`host:port` of a URL; an address that means all of them is the loopback's."""
    host = _EVERYWHERE.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address(service: Service) -> str:
    """Where the service of that configuration listens, as seen from this machine."""
    scheme = "http" if service.tls_cert is None else "https"
    return f"{scheme}://{authority(service.host, service.port)}"


def trust(service: Service) -> ssl.SSLContext | bool:
    """Its own certificate is trusted, whatever name is in it: we are on its machine."""
    if service.tls_cert is None:
        return True
    context = ssl.create_default_context(cafile=service.tls_cert)
    context.check_hostname = False
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context
