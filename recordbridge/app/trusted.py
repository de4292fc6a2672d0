"""Whose certificates are believed when we connect to others. Raises ConfigError with the key."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from recordbridge.errors import ConfigError
from recordbridge.settings.sections import Asterisk, Webhooks

log = structlog.get_logger()


def applications(webhooks: Webhooks) -> ssl.SSLContext | None:
    """For requests to applications and for sounds; None: as the system does."""
    if webhooks.tls_verify and webhooks.tls_ca is None:
        return None
    context = ssl.create_default_context()
    if webhooks.tls_ca is not None:
        _believe(context, webhooks.tls_ca, "webhooks.tls_ca")
    if not webhooks.tls_verify:
        log.warning("tls_not_verified", key="webhooks.tls_verify")
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def asterisk(configured: Asterisk) -> ssl.SSLContext | None:
    """For ARI: the named authority alone, or None."""
    if configured.tls_ca is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _believe(context, configured.tls_ca, "asterisk.tls_ca")
    return context


def _believe(context: ssl.SSLContext, authority: Path, key: str) -> None:
    try:
        context.load_verify_locations(authority)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError([f"{key}: {authority} holds no certificate in PEM ({error})"]) from error
