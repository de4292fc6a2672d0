"""URLs that a document or a YAML file names, in the one form that is sent and signed.

The law: what `absolute_url` gives is sent byte for byte, so that the receiver's idea of its own
URL and the base of our signature agree (H-2). Therefore ASCII only, no default port, and a
path that is never empty.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

LONGEST = 2048
"""Characters of a URL as written, its retry fragment included."""

_PARTS = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?", re.IGNORECASE | re.DOTALL)
_FORBIDDEN = re.compile(r"[\s\\]")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")
_PORT = re.compile(r"[0-9]{1,5}")
_UNSAFE = re.compile(r"[^A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})")
_PASSWORD = re.compile(r"(https?://[^\s/?#@:]*):[^\s/?#]*@", re.IGNORECASE)
_DEFAULT_PORT = {"http": 80, "https": 443}


def absolute_url(text: str) -> str:
    """The URL without its fragment, as it will be sent and signed.

    Scheme and host in lower case, an empty path written `/`, a default port left out, and what
    is not ASCII in path or query percent-encoded as UTF-8. A user name and password are kept:
    the client sends them as Basic authorisation, and they are no part of the signed URL.
    Raises ValueError with what is allowed, as the end of a sentence.
    """
    if len(text) > LONGEST:
        raise ValueError(f"must be a URL of at most {LONGEST} characters")
    if _FORBIDDEN.search(text) or not text.isprintable():
        raise ValueError("must be a URL without spaces, control characters or backslashes")
    parts = _PARTS.match(text)
    if parts is None:
        raise ValueError("must be an absolute http or https URL")
    scheme, authority, path, query = parts.groups(default="")
    scheme = scheme.lower()
    userinfo, at, host_port = authority.rpartition("@")
    netloc = f"{_quoted(userinfo)}{at}{_host_port(scheme, host_port)}"
    return f"{scheme}://{netloc}{_quoted(path) or '/'}{_quoted(query)}"


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """The URL of a GET request that carries the parameters.

    A parameter that the URL has already is not added again: verifiers disagree about repeated
    keys, and the application's own value wins in all of them.
    """
    query = urlsplit(url).query
    own = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
    added = urlencode([(key, value) for key, value in parameters.items() if key not in own])
    if not added:
        return url
    joint = "?" if "?" not in url else "&" if query else ""
    return f"{url}{joint}{added}"


def without_userinfo(url: str) -> str:
    """The URL as its receiver sees it: without user name and password."""
    scheme, _, rest = url.partition("://")
    authority = re.match(r"[^/?#]*", rest)
    end = authority.end() if authority else 0
    return f"{scheme}://{rest[:end].rpartition('@')[2]}{rest[end:]}"


def without_password(text: str) -> str:
    """Any text in which URLs may stand, as it may be logged (H-6)."""
    return _PASSWORD.sub(r"\1:...@", text)


def has_ascii_query(url: str) -> bool:
    """Whether the decoded query is ASCII; the official Python validator fails on any other."""
    query = urlsplit(url).query
    return all(f"{key}{value}".isascii() for key, value in parse_qsl(query, keep_blank_values=True))


def _quoted(text: str) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), text)


def _host_port(scheme: str, text: str) -> str:
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        host = _ipv6(host[1:]) if bracket else ""
        colon, port = rest[:1], rest[1:]
    else:
        host, colon, port = text.partition(":")
        if not host.isascii():
            raise ValueError("must be a URL whose host is written in ASCII (xn--... for others)")
        host = host.lower() if _HOST.fullmatch(host) else ""
    if not host or (colon and colon != ":"):
        raise ValueError("must be an absolute http or https URL with a host")
    if not port:
        return host
    number = int(port) if _PORT.fullmatch(port) else 0
    if not 0 < number < 65536:
        raise ValueError("must be a URL whose port is a number from 1 to 65535")
    return host if number == _DEFAULT_PORT[scheme] else f"{host}:{number}"


def _ipv6(text: str) -> str:
    if "%" in text:
        return ""
    try:
        return f"[{ipaddress.IPv6Address(text).compressed}]"
    except ValueError:
        return ""
