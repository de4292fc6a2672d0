"""Where a request goes: a URL taken apart once, so that what is signed is what is sent (H-2).

The fragment is dropped (H-1); credentials in the URL become an Authorization header and are
neither sent in the URL nor signed.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from yarl import URL

from recordbridge.urls import absolute_url, with_query, without_userinfo

_PORTS = {"http": 80, "https": 443}


class Destination(NamedTuple):
    """An absolute http(s) URL: `text` is signed and requested, `url` the same for aiohttp."""

    text: str
    url: URL
    origin: tuple[str, str, int]
    """Scheme, host and port."""
    authorization: str
    """Value of the Authorization header, empty without credentials in the URL."""

    def carrying(self, parameters: dict[str, str]) -> Destination:
        """The same place with the parameters in the query, behind what is there."""
        text = with_query(self.text, parameters)
        return self._replace(text=text, url=URL(text, encoded=True))

    @property
    def query(self) -> str:
        return self.text.partition("?")[2]


@lru_cache(maxsize=1024)
def destination(url: str) -> Destination:
    """The destination of a URL. Raises ValueError with the end of a sentence ("must be ...")."""
    written = absolute_url(url)
    parts = urlsplit(written)
    text = without_userinfo(written)
    return Destination(
        text=text,
        url=URL(text, encoded=True),
        origin=(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme]),
        authorization=_authorization(parts.username, parts.password),
    )


def redirected(here: Destination, location: str) -> Destination:
    """Where a Location header points, relative ones included. Raises ValueError like above."""
    there = destination(urljoin(here.text, location.strip().replace(" ", "%20")))
    if not there.authorization and there.origin == here.origin:
        return there._replace(authorization=here.authorization)
    return there


def _authorization(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
