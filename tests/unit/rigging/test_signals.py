"""The signals that the rig's calls carry."""

import hashlib
import wave
from array import array
from pathlib import Path

import numpy as np
import pytest

from asterisk.rigging import markers, speech, ulaw
from asterisk.rigging.errors import RigError


def test_ulaw_codes_survive_a_round_trip() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # 0x7F is minus zero
    assert ulaw.encode(ulaw.decode(codes)) == codes


@pytest.mark.parametrize(("code", "sample"), [(0xFF, 0), (0x80, 32124), (0x00, -32124)])
def test_ulaw_is_that_of_g711(code: int, sample: int) -> None:
    assert ulaw.decode_byte(code) == sample
    assert ulaw.encode_sample(sample) == code


def test_markers_are_the_same_on_every_machine() -> None:
    digest = hashlib.sha256(markers.code()).hexdigest()
    assert digest.startswith("27c0b231cdaff1fb")
    digest = hashlib.sha256(markers.code("markers-b")).hexdigest()
    assert digest.startswith("fbab435e1c2b75b9")
    assert len(markers.samples()) == markers.RATE * markers.SECONDS


def test_a_second_of_markers_is_found_in_one_place_only() -> None:
    signal = np.array(markers.samples(), dtype=float)
    second = signal[123_456 : 123_456 + markers.RATE]
    size = 1 << 20
    spectrum = np.fft.rfft(signal, size) * np.conj(np.fft.rfft(second, size))
    found = np.fft.irfft(spectrum)[: len(signal) - markers.RATE]
    assert int(found.argmax()) == 123_456
    found[123_456 - 8 : 123_456 + 9] = 0
    assert found.max() < 0.2 * float(second @ second)


def _prompt(path: Path, seconds_of_each: float) -> None:
    """Write sound, a pause, and sound again."""
    count = int(8000 * seconds_of_each)
    loud = array("h", [4000 if at % 20 < 10 else -4000 for at in range(count)])
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes((loud + array("h", bytes(2 * count)) + loud).tobytes())


def test_speech_keeps_no_pause_over_a_tenth_of_a_second(tmp_path: Path) -> None:
    _prompt(tmp_path / "one.wav", 1.0)
    spoken = np.array(speech.continuous([tmp_path / "one.wav"], 2), dtype=float)
    loud = np.flatnonzero(np.abs(spoken) > 500)
    assert loud[0] == 0
    assert np.diff(loud).max() <= 801


def test_talk_lasts_exactly_as_long_as_asked(tmp_path: Path) -> None:
    (tmp_path / "talk-60.ulaw").write_bytes(bytes(60 * 8000))
    speech.cut(tmp_path, "1.37")
    assert (tmp_path / "talk-1.37.ulaw").stat().st_size == 10_960


@pytest.mark.parametrize("seconds", ["", "soon", "0", "-1", "601", "../x"])
def test_talk_of_no_length_is_refused(tmp_path: Path, seconds: str) -> None:
    with pytest.raises(RigError, match="RIG_TALK_S"):
        speech.cut(tmp_path, seconds)


def test_missing_prompts_are_named() -> None:
    with pytest.raises(RigError, match="asterisk-core-sounds-en-wav"):
        speech.continuous([])
