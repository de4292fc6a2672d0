"""Asterisk's file after its disk was full: what is in it, and that it is not all (N-4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.machine.intents import Collect
from recordbridge.media import wav
from recordbridge.media.wav import HEADER_BYTES, WavReader
from recordbridge.media.worker import measure

pytestmark = pytest.mark.rule("N-4")

FRAME = 160
"""Samples that Asterisk writes at a time."""


def written(path: Path, frames: int) -> Path:
    wav.write(path, frames * FRAME, 1, [b"\1\2" * FRAME] * frames)
    return path


@pytest.mark.parametrize("frames", [0, 1, 2, 50, 103, 512, 2048])
def test_whole_frames_are_never_torn(tmp_path: Path, frames: int) -> None:
    with WavReader(written(tmp_path / "a.wav", frames)) as reader:
        assert (reader.torn, reader.repaired, reader.frames) == (False, False, frames * FRAME)


@pytest.mark.parametrize("blocks", [1, 4, 16, 257])
def test_one_that_ends_where_a_block_ends_is_torn(tmp_path: Path, blocks: int) -> None:
    """Measured: Asterisk writes a true header for what is left of it, and says that it is done."""
    size = blocks * 4096
    path = written(tmp_path / "a.wav", size // 320 + 2)
    with path.open("r+b") as file:
        file.truncate(size)
        file.write(wav.header((size - HEADER_BYTES) // 2, 1))
    with WavReader(path) as reader:
        assert (reader.torn, reader.repaired) == (True, False)
        assert reader.frames == (size - HEADER_BYTES) // 2


def test_what_is_a_hole_was_not_spoken(tmp_path: Path) -> None:
    """Measured: when a key ended it, Asterisk draws the file out to the length it should have."""
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(wav.header(80 * FRAME, 1).ljust(8192, b"\1"))
        file.truncate(HEADER_BYTES + 80 * 2 * FRAME)
    with WavReader(path) as reader:
        assert (reader.torn, reader.frames) == (True, (8192 - HEADER_BYTES) // 2)


@pytest.mark.parametrize("size", [0, 25920], ids=["empty", "hole"])
def test_not_even_a_header(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.truncate(size)
    with WavReader(path) as reader:
        assert (reader.torn, reader.frames) == (True, 0)


def test_a_header_without_room_costs_no_more_than_its_length(tmp_path: Path) -> None:
    """Measured: Asterisk writes the rest when there is room again, and the sizes into it."""
    whole = bytearray(written(tmp_path / "a.wav", 81).read_bytes()[HEADER_BYTES:])
    size = len(whole)
    whole[4:8] = (size - 8).to_bytes(4, "little")
    whole[40:44] = (size - HEADER_BYTES).to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(whole)
    with WavReader(tmp_path / "a.wav") as reader:
        assert (reader.torn, reader.repaired) == (True, True)
        assert reader.frames == (size - HEADER_BYTES) // 2
        assert reader.read(0, 1 << 20) == bytes(whole[HEADER_BYTES:])


def test_a_header_without_room_before_a_hole(tmp_path: Path) -> None:
    """The sizes are those of the whole file, what was written ends before."""
    path = tmp_path / "a.wav"
    size = HEADER_BYTES + 80 * 2 * FRAME
    head = bytearray(4096)
    head[4:8] = (size - 8).to_bytes(4, "little")
    head[40:44] = (size - HEADER_BYTES).to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    with WavReader(path) as reader:
        assert (reader.torn, reader.repaired) == (True, True)
        assert reader.frames == (4096 - HEADER_BYTES) // 2


def test_silence_at_the_end_of_a_torn_file_is_kept(tmp_path: Path) -> None:
    """It was not what ended it (P-6: no other end trims)."""
    path = tmp_path / "a.wav"
    path.write_bytes(wav.header((32768 - HEADER_BYTES) // 2, 1).ljust(32768, b"\0"))
    collect = Collect(recording_id="r", names=("a",), file_format="wav", trim_silence=True)
    measured = measure(collect, [path], tmp_path / "out.wav", lambda: None)
    assert measured.torn
    assert measured.frames == (32768 - HEADER_BYTES) // 2
