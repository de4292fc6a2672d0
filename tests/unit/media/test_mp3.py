"""MP3: judged by decoding what was encoded."""

from __future__ import annotations

from pathlib import Path

import miniaudio
import numpy as np
import pytest
from numpy.typing import NDArray

from recordbridge.errors import MediaError, StorageError
from recordbridge.media import mp3, wav

from . import wavs

ENCODER_PADDING = 3 * 576
"""LAME puts its delay before the audio and fills up the last frame."""


def never() -> None:
    pass


def encoded(folder: Path, channels: int, *tracks: list[int]) -> Path:
    frames = len(tracks[0])
    data = [sample for together in zip(*tracks, strict=True) for sample in together]
    wav.write(folder / "in.wav", frames, channels, [wavs.pcm(data)])
    mp3.encode(folder / "in.wav", channels, folder / "out.mp3", never)
    return folder / "out.mp3"


def decoded(path: Path) -> NDArray[np.int16]:
    """(samples, channels) at the file's own rate."""
    sound = miniaudio.mp3_read_file_s16(str(path))
    assert sound.sample_rate == 16000
    return np.frombuffer(sound.samples, dtype=np.int16).reshape(-1, sound.nchannels)


def likeness(original: list[int], heard: NDArray[np.int16]) -> float:
    """The correlation of the 8 kHz samples with every second decoded one, at the best delay."""
    wanted = np.array(original, dtype=float)

    def at(delay: int, samples: int) -> float:
        window = heard[delay : delay + 2 * samples : 2].astype(float)
        return float(np.corrcoef(wanted[:samples], window)[0, 1])

    best = max(range(ENCODER_PADDING), key=lambda delay: at(delay, 1000))
    return at(best, min(len(wanted), (len(heard) - best) // 2))


def sweep(ms: int, low: float, high: float) -> list[int]:
    t = np.arange(ms * 8) / 8000
    phase = 2 * np.pi * (low * t + (high - low) * t * t * 500 / ms)
    return [int(x) for x in 9000 * np.sin(phase)]


@pytest.mark.rule("M-1")
@pytest.mark.parametrize("ms", [20, 500, 3000, 20_000])
def test_mono_is_16_khz_and_as_long_as_the_pcm(tmp_path: Path, ms: int) -> None:
    sound = decoded(encoded(tmp_path, 1, wavs.tone(ms)))
    assert sound.shape[1] == 1
    assert 0 <= len(sound) - 16 * ms <= ENCODER_PADDING


def test_mono_is_32_kbit_and_stereo_64(tmp_path: Path) -> None:
    one = encoded(tmp_path, 1, wavs.tone(10_000)).stat().st_size
    two = encoded(tmp_path, 2, wavs.tone(10_000), wavs.tone(10_000, 900)).stat().st_size
    assert one == pytest.approx(40_000, rel=0.02)
    assert two == pytest.approx(80_000, rel=0.02)


@pytest.mark.rule("D-34")
@pytest.mark.parametrize("ms", [200, 3_000, 60_000])
def test_it_is_smaller_than_the_wav(tmp_path: Path, ms: int) -> None:
    source = wavs.write(tmp_path / "same.wav", sweep(ms, 300, 3000))
    assert encoded(tmp_path, 1, sweep(ms, 300, 3000)).stat().st_size < source.stat().st_size * 0.8


def test_the_content_is_that_of_the_recording(tmp_path: Path) -> None:
    original = sweep(2000, 300, 3000)
    assert likeness(original, decoded(encoded(tmp_path, 1, original))[:, 0]) > 0.98


def test_a_recording_of_several_chunks_has_no_seams(tmp_path: Path) -> None:
    """Over 8 seconds the resampler and the encoder go from one chunk to the next."""
    original = sweep(20_000, 300, 3000)
    heard = decoded(encoded(tmp_path, 1, original))[:, 0]
    assert likeness(original, heard) > 0.98


@pytest.mark.rule("S-7")
def test_left_stays_left_and_right_right(tmp_path: Path) -> None:
    left, right = sweep(2000, 300, 1200), sweep(2000, 3000, 1500)
    sound = decoded(encoded(tmp_path, 2, left, right))
    assert sound.shape[1] == 2
    assert likeness(left, sound[:, 0]) > 0.98
    assert likeness(right, sound[:, 1]) > 0.98
    assert likeness(left, sound[:, 1]) < 0.3


@pytest.mark.rule("P-11")
@pytest.mark.parametrize("channels", [1, 2])
def test_nothing_recorded_is_one_frame_of_silence(tmp_path: Path, channels: int) -> None:
    path = encoded(tmp_path, channels, *([[]] * channels))
    sound = decoded(path)
    assert sound.shape == (576, channels)
    assert not sound.any()


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    source = wavs.write(tmp_path / "in.wav", wavs.tone(1000))
    with pytest.raises(StorageError) as caught:
        mp3.encode(source, 1, Path("/dev/full"), never)
    assert caught.value.full


def test_a_missing_source_is_a_media_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"in\.wav cannot be read"):
        mp3.encode(tmp_path / "in.wav", 1, tmp_path / "out.mp3", never)
