"""Why Asterisk cannot be used, in one plain sentence that says what to do about it."""

from __future__ import annotations

import socket
import ssl
from typing import NamedTuple

import aiohttp
from websockets.exceptions import InvalidStatus

from recordbridge.errors import PbxGoneError, PbxRefusedError, StorageError


class Place(NamedTuple):
    """Which ARI, who asks, and as which Stasis application."""

    url: str
    username: str
    app: str


def sentence(error: BaseException, place: Place) -> str:
    """One sentence for the operator; the error's own words where nothing better is known."""
    if isinstance(error, StorageError):
        return f"what {place.url} has cannot be compared with the database: {error}"
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    status = _status(error)
    if status:
        return _for_status(status, place, str(error))
    if isinstance(cause, ssl.SSLError | aiohttp.ClientSSLError):
        return (
            f"TLS with {place.url} failed ({cause}): check that the port speaks TLS"
            " and that asterisk[].tls_ca names the authority of its certificate"
        )
    if isinstance(cause, socket.gaierror):
        return f"the host name in {place.url} is not known: check asterisk[].url"
    if isinstance(cause, ConnectionRefusedError | aiohttp.ClientConnectorError):
        return (
            f"nothing accepts connections at {place.url}: is Asterisk running, and does"
            " http.conf say enabled=yes with this address and port?"
        )
    if isinstance(cause, TimeoutError):
        return f"{place.url} did not answer in time: is the address right and is Asterisk alive?"
    return f"the connection to {place.url} failed: {error or type(error).__name__}"


def _status(error: BaseException) -> int:
    if isinstance(error, InvalidStatus):
        return error.response.status_code
    if isinstance(error, PbxRefusedError):
        return error.status
    return 404 if isinstance(error, PbxGoneError) else 0


def _for_status(status: int, place: Place, words: str) -> str:
    if status == 401:
        return f"{place.url} refused user {place.username!r} or its password: compare with ari.conf"
    if status == 403:
        return f"user {place.username!r} may not do this: set read_only=no for it in ari.conf"
    if status == 404:
        return (
            f"there is no ARI at {place.url}: load res_ari and its modules, set enabled=yes in"
            " ari.conf, and check the prefix in http.conf"
        )
    if status == 400:
        return f"Asterisk does not accept the application name {place.app!r}: choose another app"
    return f"{place.url} answered {status}: {words}"
