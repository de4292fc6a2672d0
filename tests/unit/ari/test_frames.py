"""The frames of the event socket, against the library's own reading and writing of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from recordbridge.ari import frames

LENGTHS = (0, 1, 125, 126, 127, 65535, 65536, 70000)


def _served(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=False)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_message_is_read_by_a_server_as_it_was_given(length: int) -> None:
    message = bytes(range(256)) * (length // 256 + 1)
    server = ServerProtocol(state=State.OPEN)
    server.receive_data(frames.text(message[:length]))
    assert server.parser_exc is None
    (event,) = server.events_received()
    assert isinstance(event, Frame)
    assert (event.opcode, bytes(event.data), event.fin) == (Opcode.TEXT, message[:length], True)


def test_no_two_masks_are_the_same() -> None:
    assert len({frames.text(b"message")[2:6] for _ in range(20)}) > 15


@pytest.mark.parametrize("length", LENGTHS)
def test_a_frame_has_its_place(length: int) -> None:
    before, payload = b"before", bytes(length)
    frame = _served(Opcode.TEXT, payload)
    assert frame[0] == frames.WHOLE_TEXT
    data = before + frame + b"after"
    end = len(before) + len(frame)
    assert frames.place(data, len(before)) == (end - length, end)


@pytest.mark.parametrize("length", LENGTHS)
def test_what_is_not_all_there_has_none(length: int) -> None:
    frame = _served(Opcode.TEXT, bytes(length))
    for size in {0, 1, 2, 3, 5, 9, len(frame) - 1} - {len(frame)}:
        if size < len(frame):
            assert frames.place(frame[:size], 0) is None


def test_a_masked_frame_ends_where_its_mask_says() -> None:
    frame = Frame(Opcode.TEXT, b"of a client").serialize(mask=True)
    place = frames.place(frame + b"more", 0)
    assert place is not None
    assert place[1] == len(frame)


@given(
    st.lists(
        st.tuples(st.sampled_from([Opcode.TEXT, Opcode.PING, Opcode.PONG]), st.binary(max_size=125))
    )
)
def test_frames_one_behind_the_other_are_told_apart_as_by_the_library(
    sent: list[tuple[Opcode, bytes]],
) -> None:
    data = b"".join(_served(opcode, payload) for opcode, payload in sent)
    library = ClientProtocol(parse_uri("ws://127.0.0.1/"), state=State.OPEN)
    library.receive_data(data)
    known = [event for event in library.events_received() if isinstance(event, Frame)]
    found, begin = [], 0
    while (place := frames.place(data, begin)) is not None:
        found.append((data[begin] & 0x0F, data[place[0] : place[1]]))
        begin = place[1]
    assert begin == len(data)
    assert found == [(event.opcode, bytes(event.data)) for event in known]
