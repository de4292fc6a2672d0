"""What a failed attempt is called (H-1: the words of `rp`) and the sentence that explains it.

The law: every way in which a request can fail has a word and one plain sentence. What keeps a
connection from being made (name, refusal, TLS, time) is `ct`; what happens between the request
and the end of the answer (time, a lost connection) is `rt`; an answer that is not HTTP is
`other`, because asking again would bring the same.
"""

from __future__ import annotations

import ssl

import aiohttp

from recordbridge.outbound.connector import Exchange
from recordbridge.ports.http import Failure

REQUEST_ERRORS = (aiohttp.ClientError, OSError, ValueError)
"""All that a request may end with, besides cancellation; TimeoutError is an OSError."""


def of_status(status: int) -> Failure:
    """2xx is success; informational and made-up statuses are `other`."""
    match status // 100:
        case 2:
            return ""
        case 3:
            return "3xx"
        case 4:
            return "4xx"
        case 5:
            return "5xx"
        case _:
            return "other"


def explain(
    error: BaseException, exchange: Exchange, connect_ms: int, read_ms: int
) -> tuple[Failure, str]:
    """The word and the sentence for an attempt that ended with `error`."""
    if exchange.refusal and exchange.connecting and not exchange.permitted:
        return "guard", exchange.refusal
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "ct", f"no connection within {connect_ms} ms (ct)"
    if isinstance(error, aiohttp.SocketTimeoutError):
        return "rt", f"no answer within {read_ms} ms (rt)"
    if isinstance(error, TimeoutError):
        return ("ct" if exchange.connecting else "rt"), "the time for all tries (tt) was used up"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "ct", _connecting(error)
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        return "rt", "the server closed the connection before it answered"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "rt", "the connection ended in the middle of the answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return "other", f"the answer is not HTTP: {_short(error.message)}"
    return "other", f"the request could not be made: {_short(str(error))}"


def _connecting(error: aiohttp.ClientConnectorError) -> str:
    where = f"{error.host} port {error.port}"
    cause = error.os_error
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} cannot be resolved: {_reason(cause)}"
    if isinstance(error, aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return f"no TLS with {where}: {_reason(cause)}"
    return f"no connection to {where}: {_reason(cause)}"


def _reason(cause: OSError) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, ConnectionRefusedError):
        return "refused"
    return _short(cause.strerror or str(cause))


def _short(text: str) -> str:
    """One line of at most 200 characters."""
    return " ".join(text.split())[:200] or "no reason given"
