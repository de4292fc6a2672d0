"""Keys, by the carrier's manager interface: ARI would wait for the sound that is being played."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping


class GoneError(Exception):
    """The caller's channel is not there any more."""


async def press(facts: Mapping[str, str], channel: str, key: str, down_ms: int) -> None:
    """Let a channel of the carrier's press a key; returns when the key went down.

    Raises GoneError when the channel has been hung up.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", int(facts["RIG_CARRIER_AMI"]))
    try:
        writer.write(_actions(facts, channel, key, down_ms))
        async with asyncio.timeout(5):
            told = b""
            while b"ActionID: key\r\n" not in told:
                told = await reader.readuntil(b"\r\n\r\n")
        if b"Message: Channel not found\r\n" in told:
            raise GoneError(channel)
        assert b"Response: Success\r\n" in told, told
    finally:
        writer.close()
    await writer.wait_closed()


def _actions(facts: Mapping[str, str], channel: str, key: str, down_ms: int) -> bytes:
    user, password = facts["RIG_CARRIER_USER"], facts["RIG_CARRIER_PASSWORD"]
    login = f"Action: Login\r\nUsername: {user}\r\nSecret: {password}\r\n\r\n"
    play = (
        f"Action: PlayDTMF\r\nActionID: key\r\nChannel: {channel}\r\nDigit: {key}\r\n"
        f"Duration: {down_ms}\r\n\r\n"
    )
    return (login + play).encode()
