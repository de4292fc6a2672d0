"""Addresses of recordings, and who may fetch them (E-4).

An address is signed with HMAC-SHA256 over its path and its end of life; it is valid exactly as
it was given out: another order, a second parameter or one changed character is refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Literal

from recordbridge.instant import Instant

Access = Literal["signed", "basic", "public"]

_QUERY = re.compile(r"exp=(0|[1-9][0-9]{0,15})&kid=([0-9a-f]{8})&sig=([A-Za-z0-9_-]{43})")
_URL = re.compile(r"/v1/Account/[^/?#]+/Recording/([0-9a-f-]{36})\.(?:mp3|wav)(?:\?[^#]*)?$")
_DAY_MS = 86_400_000


def recording_path(account: str, recording_id: str, ext: str) -> str:
    """Where the file is served, below `public_url`."""
    return f"/v1/Account/{account}/Recording/{recording_id}.{ext}"


def recording_id_of(url: str) -> str | None:
    """The recording a RecordUrl belongs to, signed or not; None for any other URL (E-2)."""
    found = _URL.search(url)
    return found.group(1) if found else None


class RecordUrls:
    """Makes and checks RecordUrls.

    `keys`: the first signs, all verify; at least one when `access` is `signed`. `ttl_days` 0
    makes addresses that never expire (`exp=0`).
    """

    def __init__(
        self, public_url: str, keys: Sequence[str], ttl_days: int, access: Access = "signed"
    ) -> None:
        if access == "signed" and not keys:
            raise ValueError("signed addresses need a key")
        self.access = access
        self._base = public_url.rstrip("/")
        self._ttl_ms = ttl_days * _DAY_MS
        self.use(keys)

    def use(self, keys: Sequence[str]) -> None:
        """These are the keys from now on."""
        self._keys = {_key_id(key): key.encode() for key in reversed(keys)}
        self._first = _key_id(keys[0]) if keys else ""

    def record_url(self, account: str, recording_id: str, ext: str, now: Instant) -> str:
        """The complete URL; it ends in `.mp3` or `.wav` before any query."""
        path = recording_path(account, recording_id, ext)
        if self.access != "signed":
            return self._base + path
        expires = str((now + self._ttl_ms) // 1000) if self._ttl_ms else "0"
        signature = _signature(self._keys[self._first], path, expires)
        return f"{self._base}{path}?exp={expires}&kid={self._first}&sig={signature}"

    def verify(self, account: str, recording_id: str, ext: str, query: str, now: Instant) -> bool:
        """Whether `query` (as it came, not decoded) is a signature for this file that still holds.

        Constant time in the signature.
        """
        parts = _QUERY.fullmatch(query)
        if parts is None:
            return False
        expires, key_id, signature = parts.groups()
        key = self._keys.get(key_id)
        if key is None:
            return False
        expected = _signature(key, recording_path(account, recording_id, ext), expires)
        genuine = hmac.compare_digest(expected, signature)
        return genuine and (expires == "0" or now <= int(expires) * 1000)


def _signature(key: bytes, path: str, expires: str) -> str:
    mac = hmac.digest(key, f"{path}\n{expires}".encode(), "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _key_id(key: str) -> str:
    """Names the key without telling anything about it."""
    return hmac.new(key.encode(), b"recordbridge key id", hashlib.sha256).hexdigest()[:8]
