"""The files: `GET /v1/Account/{auth_id}/Recording/{id}.{mp3|wav}` (E-4).

Access is decided before anything else, so that nobody without it learns what exists. A file is
served only when its row says that it is whole (Q-3), and then never changes: its ETag is the
SHA-256 of its bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from http import HTTPStatus

import structlog
from aiohttp import hdrs, web

from recordbridge.errors import StorageError
from recordbridge.ports.audio import Opened
from recordbridge.ports.rows import RecordingRow
from recordbridge.web import basic, keys
from recordbridge.web.patience import sending
from recordbridge.web.ranges import Plan, plan

log = structlog.get_logger()

ROUTE = r"/v1/Account/{auth_id}/Recording/{recording_id:[0-9a-f-]{36}}.{ext:mp3|wav}"
_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
_RETRY_AFTER_S = 2
_NOT_READY = frozenset({"recording", "processing"})


async def serve_file(request: web.Request) -> web.StreamResponse:
    """200, 206 or 304 (RFC 9110), or 302 to the store; 404 with Retry-After: not yet; 410: deleted.

    403 or 401 without access, before anything else; 412 and 416 when the conditions say so.
    """
    account, recording_id, ext = (
        request.match_info[name] for name in ("auth_id", "recording_id", "ext")
    )
    _admit(request, account, recording_id, ext)
    row = await request.app[keys.ROWS].recording(recording_id)
    if row is None or row.account != account or row.file_format != ext:
        raise web.HTTPNotFound(text="there is no such recording")
    if row.deleted_at is not None:
        raise _deleted()
    _require_ready(row)
    files, name = request.app[keys.FILES], f"{row.recording_id}.{row.file_format}"
    url = await files.link(name, "HEAD" if request.method == hdrs.METH_HEAD else "GET")
    if url is not None:
        moved = {hdrs.LOCATION: url, hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(status=HTTPStatus.FOUND, headers=moved)
    file = await files.open(name)
    if file is None:
        raise _deleted()
    try:
        return await _send(request, row, file)
    finally:
        await file.close()


def _deleted() -> web.HTTPGone:
    return web.HTTPGone(text="the recording was deleted")


def _admit(request: web.Request, account: str, recording_id: str, ext: str) -> None:
    urls = request.app[keys.URLS]
    query, now = request.rel_url.raw_query_string, request.app[keys.CLOCK]()
    if urls.access == "signed" and not urls.verify(account, recording_id, ext, query, now):
        raise web.HTTPForbidden(text="the address is not signed, was changed or has expired")
    accounts = request.app[keys.ACCOUNTS]
    if urls.access == "basic" and basic.authenticated(request, accounts) != account:
        raise basic.unauthorized()


def _require_ready(row: RecordingRow) -> None:
    if row.status in _NOT_READY:
        raise web.HTTPNotFound(
            text="the recording is not ready yet", headers={"Retry-After": str(_RETRY_AFTER_S)}
        )
    if not row.digest:
        raise web.HTTPNotFound(text="nothing of the recording could be saved")


async def _send(request: web.Request, row: RecordingRow, file: Opened) -> web.StreamResponse:
    size = file.size
    part = plan(request.method, _conditions(request), size, row.digest)
    if part.status == HTTPStatus.PRECONDITION_FAILED:
        raise web.HTTPPreconditionFailed(text="the file is not the one that If-Match names")
    if part.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        headers = {hdrs.CONTENT_RANGE: part.content_range}
        raise web.HTTPRequestRangeNotSatisfiable(text=f"the file has {size} bytes", headers=headers)
    response = web.StreamResponse(status=part.status, headers=_headers(row, part))
    if part.status != HTTPStatus.NOT_MODIFIED:
        response.content_length = part.length
    if request.method == hdrs.METH_GET and part.length:
        await _copy(request, response, file.read(part.start, part.length))
    return response  # what there is yet to send is sent by `patience`


async def _copy(
    request: web.Request, response: web.StreamResponse, chunks: AsyncGenerator[bytes]
) -> None:
    """The first piece is read before the status is sent: a store that is away is a 503."""
    async with contextlib.aclosing(chunks):
        first = await anext(chunks)
        await response.prepare(request)
        try:
            await _write(request, response, first)
            async for chunk in chunks:
                await _write(request, response, chunk)
        except StorageError as error:  # never a body that looks whole
            log.warning("file_broke_off", path=request.path, reason=str(error))
            raise ConnectionResetError(str(error)) from error


async def _write(request: web.Request, response: web.StreamResponse, chunk: bytes) -> None:
    async with sending(request):
        await response.write(chunk)


def _conditions(request: web.Request) -> dict[str, str]:
    """A header that came several times is one list (section 5.3)."""
    return {
        name: ", ".join(request.headers.getall(name))
        for name in (hdrs.RANGE, hdrs.IF_RANGE, hdrs.IF_MATCH, hdrs.IF_NONE_MATCH)
        if name in request.headers
    }


def _headers(row: RecordingRow, part: Plan) -> dict[str, str]:
    name = f"{row.recording_id}.{row.file_format}"
    headers = {
        hdrs.ETAG: f'"{row.digest}"',
        hdrs.CACHE_CONTROL: "private, no-store",
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.CONTENT_TYPE: _TYPES[row.file_format],
        hdrs.CONTENT_DISPOSITION: f'inline; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; media-src 'self'",
    }
    if part.content_range:
        headers[hdrs.CONTENT_RANGE] = part.content_range
    return headers
