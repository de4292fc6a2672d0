"""WebSocket frames as Asterisk and we use them: whole text messages (RFC 6455, section 5.2).

Pure: where a frame ends in what has arrived, and a message as a masked frame.
"""

from __future__ import annotations

import os
import struct

from websockets.utils import apply_mask

WHOLE_TEXT = 0x81
"""The first byte of a frame that is a whole text message."""
MASKED = 0x80
"""In the second byte: the payload is behind a mask, as no server may send it."""
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_MASK_BYTES = 4


def place(data: bytes, begin: int) -> tuple[int, int] | None:
    """Where the payload of the frame that begins there starts and ends; its end is the frame's.

    None when the frame is not all there yet.

    A server's frame is not masked; one that is has its mask in the payload, and is refused by
    the library, which it is given to.
    """
    size = len(data)
    if begin + 2 > size:
        return None
    length = data[begin + 1] & ~MASKED
    start = begin + 2
    if length >= _TWO_BYTES:
        start += 2 if length == _TWO_BYTES else 8
        length = int.from_bytes(data[begin + 2 : start], "big")
    if data[begin + 1] & MASKED:
        length += _MASK_BYTES
    end = start + length
    return (start, end) if end <= size and start <= size else None


def text(message: bytes) -> bytes:
    """The message as one frame of a client."""
    length = len(message)
    if length < _TWO_BYTES:
        head = struct.pack("!BB", WHOLE_TEXT, MASKED | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", WHOLE_TEXT, MASKED | _TWO_BYTES, length)
    else:
        head = struct.pack("!BBQ", WHOLE_TEXT, MASKED | _EIGHT_BYTES, length)
    mask = os.urandom(_MASK_BYTES)
    return head + mask + apply_mask(message, mask)
