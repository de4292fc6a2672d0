"""Basic authentication with an account's auth_id and auth_token (E-6)."""

from __future__ import annotations

import hmac

from aiohttp import BasicAuth, hdrs, web

from recordbridge.web.keys import Accounts


def authenticated(request: web.Request, accounts: Accounts) -> str | None:
    """The auth_id whose credentials the request carries, else None.

    The same time for an unknown auth_id, a wrong token and a right one.
    """
    try:
        given = BasicAuth.decode(request.headers.get(hdrs.AUTHORIZATION, ""), encoding="utf-8")
    except ValueError:
        return None
    token = given.password.encode()
    good = False
    for expected in accounts.get(given.login, ("",)):
        good |= hmac.compare_digest(expected.encode(), token)
    return given.login if good and given.login in accounts else None


def unauthorized() -> web.HTTPUnauthorized:
    """401 that makes a browser ask."""
    return web.HTTPUnauthorized(
        text="auth_id and auth_token are required and must be right",
        headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="recordbridge", charset="UTF-8"'},
    )
