"""Every error reply is `{"api_id": ..., "error": "a sentence"}`, as the SDKs parse it (E-3).

A bug is not caught: aiohttp logs it with its traceback and answers 500.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from recordbridge.errors import PbxUnavailableError, RecordbridgeError, StorageError
from recordbridge.web.keys import API_ID

log = structlog.get_logger(__name__)


class BrokenRequests(logging.Filter):
    """What is no HTTP is the sender's fault: a warning without a traceback, not an error. A client
    that leaves in the middle of a reply is not even that.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            _become(record, "broken_request", logging.WARNING)
        elif isinstance(error, ConnectionError):
            _become(record, "client_left", logging.DEBUG)
        return True


def _become(record: logging.LogRecord, event: str, level: int) -> None:
    record.levelno, record.levelname = level, logging.getLevelName(level)
    record.msg, record.args = event, ()
    record.exc_info = None


@web.middleware
async def json_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives the request its api_id, and errors their form; log lines of the request carry it."""
    api_id = str(uuid.uuid4())
    request[API_ID] = api_id
    with structlog.contextvars.bound_contextvars(api_id=api_id):
        try:
            return await handler(request)
        except web.HTTPError as error:
            return refusal(api_id, error.status, error.text or error.reason, error.headers)
        except RecordbridgeError as error:
            log.warning(
                "request_failed", method=request.method, path=request.path, reason=str(error)
            )
            away = isinstance(error, StorageError | PbxUnavailableError)
            status = 503 if away else 500
            return refusal(api_id, status, str(error))


def refusal(
    api_id: str, status: int, sentence: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The JSON reply; of `headers` those that say something about the refusal are kept."""
    kept = {
        name: value
        for name, value in (headers or {}).items()
        if name in {"Allow", "Retry-After", "WWW-Authenticate", "Content-Range"}
    }
    body = {"api_id": api_id, "error": sentence}
    return web.json_response(body, status=status, headers=kept)
