"""The demo's own measure of a file: right for what the service makes, deaf to nothing broken."""

from __future__ import annotations

import random
import struct
import wave
from pathlib import Path

import pytest

from recordbridge.media import mp3
from tests.demo.lengths import Length, measure


def _wav(path: Path, samples: int, rate: int = 8000) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(random.Random(samples).randbytes(2 * samples))
    return path


def _mp3(folder: Path, samples: int) -> bytes:
    mp3.encode(_wav(folder / "in.wav", samples), 1, folder / "out.mp3", lambda: None)
    return (folder / "out.mp3").read_bytes()


def test_a_wav_is_exact_to_the_sample(tmp_path: Path) -> None:
    data = _wav(tmp_path / "a.wav", 12_345).read_bytes()
    assert measure(data, "wav") == Length(1543.125, 1543.125)
    assert measure(data, "wav").channels == 1
    assert measure(data, "wav").agrees(1543)
    assert not measure(data, "wav").agrees(1544)


@pytest.mark.parametrize("samples", [1, 287, 288, 289, 575, 576, 577, 8000, 23_984, 31_999, 32_000])
def test_an_mp3_tells_its_length_to_a_frame(tmp_path: Path, samples: int) -> None:
    length = measure(_mp3(tmp_path, samples), "mp3")
    assert length.agrees(round(samples / 8))
    assert length.most_ms - length.least_ms == 36
    assert not length.agrees(round(samples / 8) + 40)
    assert not length.agrees(round(samples / 8) - 40)


def test_an_empty_recording_is_empty(tmp_path: Path) -> None:
    assert measure(_mp3(tmp_path, 0), "mp3") == Length(0, 0)
    assert measure(_wav(tmp_path / "a.wav", 0).read_bytes(), "wav") == Length(0, 0, silent=(0,))


@pytest.mark.parametrize(
    ("left", "right", "silent"),
    [(5000, -5000, ()), (9, 5000, (0,)), (5000, 9, (1,)), (0, 0, (0, 1))],
)
def test_a_silent_channel_is_told(
    tmp_path: Path, left: int, right: int, silent: tuple[int, ...]
) -> None:
    with wave.open(str(tmp_path / "stereo.wav"), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(struct.pack("<2h", left, right) * 4000)
    length = measure((tmp_path / "stereo.wav").read_bytes(), "wav")
    assert length == Length(500, 500, channels=2, silent=silent)


@pytest.mark.parametrize("file_format", ["wav", "mp3"])
@pytest.mark.parametrize("data", [b"", b"<html>not found</html>", bytes(500)])
def test_what_is_no_recording_is_refused(data: bytes, file_format: str) -> None:
    with pytest.raises(ValueError, match=r"WAV|MP3"):
        measure(data, file_format)


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cut off"):
        measure(_mp3(tmp_path, 8000)[:-1], "mp3")


def test_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16000"):
        measure(_wav(tmp_path / "a.wav", 800, rate=16000).read_bytes(), "wav")
