"""The door of the API: routes, who is asking, what is asked.

Paths end in a slash, as the official SDKs write them; without it they are the same.
"""

from __future__ import annotations

import functools
from importlib.metadata import version

import msgspec
from aiohttp import web

from recordbridge.errors import StandingError
from recordbridge.web import basic, keys
from recordbridge.web.api import (
    calls,
    deliveries,
    openapi,
    recordings,
    records,
    shapes,
    transcriptions,
)
from recordbridge.web.api.asking import Api, Asking, Operation, reply
from recordbridge.web.api.fields import Values, of_body, of_query

API = web.AppKey("api", Api)
OPERATIONS: tuple[Operation, ...] = (
    *records.OPERATIONS,
    *recordings.OPERATIONS,
    *transcriptions.OPERATIONS,
    *calls.OPERATIONS,
    *deliveries.OPERATIONS,
)


def add_api(app: web.Application, api: Api) -> None:
    """Open this door in the application."""
    app[API] = api
    for operation in OPERATIONS:
        answer = functools.partial(_answer, operation)
        for path in (operation.path, operation.path.rstrip("/")):
            app.router.add_route(operation.method, path, answer)
    document = openapi.document(OPERATIONS, version("recordbridge"))
    app.router.add_get(openapi.PATH, functools.partial(_document, msgspec.json.encode(document)))


async def _answer(operation: Operation, request: web.Request) -> web.StreamResponse:
    account = _account(request)
    values: Values = of_query(request, operation.query)
    if operation.body:
        values |= await of_body(request, operation.body)
    asking = Asking(request.app[API], request, account, values)
    try:
        return await operation.answer(asking)
    except StandingError as standing:
        return reply(shapes.Done(api_id=asking.api_id, message=str(standing)), 202)


def _account(request: web.Request) -> str:
    """E-6: who asks, and that it is about what is theirs. Raises 401 or 404."""
    account = basic.authenticated(request, request.app[keys.ACCOUNTS])
    if account is None:
        raise basic.unauthorized()
    if account != request.match_info["auth_id"]:
        raise web.HTTPNotFound(text="there is no such account")
    return account


async def _document(body: bytes, _request: web.Request) -> web.StreamResponse:
    return web.Response(body=body, content_type="application/json")
