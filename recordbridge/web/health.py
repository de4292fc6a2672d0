"""`/healthz`, `/readyz` and `/metrics` (O-2).

Alive means that the process answers; it never depends on Asterisk, or an Asterisk restart would
restart us too. Ready means that every check passed just now.
"""

from __future__ import annotations

import asyncio

from aiohttp import hdrs, web
from prometheus_client.exposition import choose_encoder

from recordbridge.errors import RecordbridgeError
from recordbridge.web import keys

CHECK_TIMEOUT_S = 2.0
_NO_STORE = {hdrs.CACHE_CONTROL: "no-store"}


async def healthz(_request: web.Request) -> web.Response:
    """200 as long as the event loop turns."""
    return web.json_response({"status": "ok"}, headers=_NO_STORE)


async def readyz(request: web.Request) -> web.Response:
    """200 when every check passed, else 503; the body says for each `ok` or what is wrong."""
    checks = request.app[keys.CHECKS]
    found = await asyncio.gather(*(_result(check) for check in checks.values()))
    ready = not any(found)
    body = {
        "status": "ready" if ready else "unready",
        "checks": {name: reason or "ok" for name, reason in zip(checks, found, strict=True)},
    }
    return web.json_response(body, status=200 if ready else 503, headers=_NO_STORE)


async def metrics(request: web.Request) -> web.Response:
    """The registry, in the text format the scraper asks for."""
    encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
    headers = {hdrs.CONTENT_TYPE: content_type} | _NO_STORE
    return web.Response(body=encode(request.app[keys.REGISTRY]), headers=headers)


async def _result(check: keys.Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_S:g} s"
    except RecordbridgeError as error:
        return str(error) or type(error).__name__
