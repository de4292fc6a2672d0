"""Outgoing HTTP as the engine sees it: one attempt in, one outcome out; nothing is raised."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from recordbridge.plivo.retry import Target

Failure = Literal["", "4xx", "5xx", "3xx", "ct", "rt", "guard", "size", "other"]


class Outcome(msgspec.Struct, frozen=True):
    """What one attempt came to. `failure` is empty for 2xx; its words are those of `rp` (H-1)."""

    failure: Failure
    status: int = 0
    error: str = ""
    """A plain sentence when there was a failure; a guard's names the setting (H-5)."""
    body: bytes = b""
    """At most 100 kB."""
    content_type: str = ""
    retry_after_s: int | None = None
    connect_ms: int = -1
    first_byte_ms: int = -1
    total_ms: int = 0
    sent: bytes = b""
    """The body (POST) or the query string (GET) as it went out."""
    stale: bool = False
    """A kept-alive connection was lost before the answer: the server may not have seen it."""


class Sender(Protocol):
    """Sends one request once."""

    async def send(
        self,
        target: Target,
        parameters: dict[str, str],
        headers: dict[str, str],
        *,
        tokens: tuple[str, ...],
        follow: int = 0,
        budget_ms: int | None = None,
    ) -> Outcome:
        """POST form-urlencoded or GET with the parameters in the query; signed for each token.

        `follow` is how many HTTP redirects may be followed (F-6: documents only), each hop
        guarded; `budget_ms` what is left of the fragment's total.
        """
        ...
