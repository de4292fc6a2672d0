"""Asterisk's clock against the service's.

The answer to a ping carries Asterisk's time. Of several pings the one with the shortest round
trip tells the offset to within half of that trip.
"""

from __future__ import annotations

import msgspec

from recordbridge import instant
from recordbridge.ari.rest import RestClient
from recordbridge.errors import PbxUnavailableError

SAMPLES = 7


class _Pong(msgspec.Struct):
    timestamp: str = ""


async def measure_offset(rest: RestClient, clock: instant.Clock, samples: int = SAMPLES) -> int:
    """How many ms Asterisk's clock is ahead. Raises PbxError when it cannot be asked."""
    best_trip, best_offset = 1 << 60, 0
    for _ in range(samples):
        sent = clock()
        body = await rest.request("GET", "asterisk/ping")
        received = clock()
        if received - sent < best_trip:
            best_trip = received - sent
            best_offset = round(_time_in(body) - (sent + received) / 2)
    return best_offset


def _time_in(body: bytes) -> instant.Instant:
    try:
        return instant.from_asterisk(msgspec.json.decode(body, type=_Pong).timestamp)
    except (msgspec.DecodeError, ValueError) as error:
        raise PbxUnavailableError("asterisk/ping gave no time") from error
