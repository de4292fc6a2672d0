"""H-2: the signature headers, as the official SDK's validators compute them.

The law: sign what the SDKs verify, not what the prose of the hosted product says. `url` must be
the one that is sent (`urls.absolute_url`, for GET with `urls.with_query`); its fragment and
its user name and password are no part of what is signed.
"""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import parse_qs, urlparse, urlunparse

from recordbridge.urls import without_userinfo


def headers(
    method: str, url: str, params: Mapping[str, str], tokens: Sequence[str], nonce: str
) -> dict[str, str]:
    """The headers of one request.

    `params` are those of the request: the form of a POST, or of a GET what stands or will stand
    in the query (a key the URL has already keeps the URL's value). `nonce` is decimal digits, new
    for every attempt. Of several `tokens` V3 carries a signature each, joined by commas; V2 is
    made with the first alone, because its validators compare the whole header. There are no
    subaccounts: the main account's (`Ma`) signatures are the same.
    """
    base = base_v3(method, url, params)
    v3 = ",".join([_signature(token, f"{base}.{nonce}") for token in tokens])
    v2 = _signature(tokens[0], f"{_address(url)}{nonce}")
    return {
        "X-Plivo-Signature-V3": v3,
        "X-Plivo-Signature-Ma-V3": v3,
        "X-Plivo-Signature-V3-Nonce": nonce,
        "X-Plivo-Signature-V2": v2,
        "X-Plivo-Signature-Ma-V2": v2,
        "X-Plivo-Signature-V2-Nonce": nonce,
    }


def base_v3(method: str, url: str, params: Mapping[str, str]) -> str:
    """What V3 signs, without the dot and the nonce.

    GET: address, `?`, parameters and query merged and sorted. POST: address, `?`, sorted query,
    a dot only after a query, then keys and values of the form, sorted, without any sign between.
    """
    address, query = _address(url), _query(url)
    if method == "GET":
        merged = {key: [value] for key, value in params.items()} | query
        joined = _joined(merged)
        return f"{address}?{joined}" if joined else address
    joined = _joined(query) if query else ""
    if not params:
        return f"{address}?{joined}" if joined else address
    form = "".join([f"{key}{params[key]}" for key in sorted(params)])
    return f"{address}?{joined}.{form}" if joined else f"{address}?{form}"


def _joined(query: Mapping[str, list[str]]) -> str:
    return "&".join(f"{key}={value}" for key in sorted(query) for value in sorted(query[key]))


@lru_cache(maxsize=1024)
def _query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlparse(url).query, keep_blank_values=True)


@lru_cache(maxsize=1024)
def _address(url: str) -> str:
    scheme, netloc, path, *_ = urlparse(without_userinfo(url))
    return urlunparse((scheme, netloc, path, "", "", ""))


def _signature(token: str, text: str) -> str:
    digest = hmac.digest(token.encode(), text.encode(), "sha256")
    return binascii.b2a_base64(digest, newline=False).decode("ascii")
