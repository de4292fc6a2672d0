"""Any MP3 or WAV becomes 8 kHz, mono, 16 bits; everything else is refused in a plain sentence."""

from __future__ import annotations

import asyncio
import struct
import threading
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import lameenc
import numpy as np
import pytest
from numpy.typing import NDArray

from recordbridge.errors import MediaError, StorageError
from recordbridge.media import sounds
from recordbridge.media.sounds import Decoder

HZ = 440.0
Floats = NDArray[np.float64]


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    running = Decoder(longest_s=5)
    yield running
    running.close()


def tone(rate: int, seconds: float = 1.0, level: float = 0.4) -> Floats:
    samples: Floats = level * np.sin(2 * np.pi * HZ * np.arange(round(rate * seconds)) / rate)
    return samples


def riff(data: bytes, *, rate: int, channels: int, bits: int, coding: int = 1) -> bytes:
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", coding, channels, rate, rate * block, block, bits)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt
    chunks += b"LIST" + struct.pack("<I", 4) + b"INFO"  # others write more than we do
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def pcm(samples: Floats, bits: int) -> bytes:
    if bits == 8:
        return np.asarray(samples * 127 + 128).astype(np.uint8).tobytes()
    if bits == 16:
        return np.asarray(samples * 32767).astype("<i2").tobytes()
    wide = np.asarray(samples * (2 ** (bits - 1) - 1)).astype("<i4").tobytes()
    return wide if bits == 32 else b"".join(wide[at : at + 3] for at in range(0, len(wide), 4))


def mulaw(samples: Floats) -> bytes:
    """G.711, by its formula."""
    linear = np.asarray(samples * 32635)
    sign = np.where(linear < 0, 0x80, 0)
    biased = np.abs(linear).astype(int) + 132
    exponent = np.floor(np.log2(biased)).astype(int) - 7
    mantissa = (biased >> (exponent + 3)) & 0x0F
    return np.asarray(~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8).tobytes()


def mp3(samples: Floats, rate: int, channels: int = 1) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(channels)
    encoder.set_bit_rate(64)
    encoder.silence()
    return bytes(encoder.encode(pcm(np.repeat(samples, channels), 16)) + encoder.flush())


async def decoded(decoder: Decoder, data: bytes, folder: Path) -> NDArray[np.int16]:
    """The sound made of the bytes, with a header that is right."""
    source, into = folder / "what.ever", folder / "sound.wav"
    source.write_bytes(data)
    await decoder.decode(source, into)
    with wave.open(str(into)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        frames = file.readframes(file.getnframes())
    assert into.stat().st_size == 44 + len(frames)
    return np.frombuffer(frames, np.int16)


def assert_tone(samples: NDArray[np.int16], seconds: float = 1.0, level: float = 0.4) -> None:
    """The tone, as long, as loud (LAME takes 5 % off at low rates) and as clean as it was."""
    assert abs(len(samples) / 8000 - seconds) < 0.12
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
    peak = int(np.argmax(spectrum))
    assert abs(peak * 8000 / len(middle) - HZ) < 4
    assert spectrum[max(0, peak - 3) : peak + 4].sum() > 0.98 * spectrum.sum()
    assert np.sqrt(np.mean(middle**2)) / 32768 == pytest.approx(level / np.sqrt(2), rel=0.06)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
async def test_pcm(decoder: Decoder, tmp_path: Path, rate: int, channels: int, bits: int) -> None:
    data = pcm(np.repeat(tone(rate), channels), bits)
    assert_tone(
        await decoded(decoder, riff(data, rate=rate, channels=channels, bits=bits), tmp_path)
    )


async def test_sixteen_bits_at_8_khz_stay_as_they_are(decoder: Decoder, tmp_path: Path) -> None:
    samples = np.asarray(tone(8000) * 32767).astype(np.int16)
    data = riff(samples.tobytes(), rate=8000, channels=1, bits=16)
    heard = await decoded(decoder, data, tmp_path)
    assert np.array_equal(heard[:8000], samples)


@pytest.mark.parametrize(("length", "whole"), [(1, 320), (159, 320), (160, 320), (161, 480)])
async def test_asterisk_leaves_the_last_20_ms_out_so_they_are_silence(
    decoder: Decoder, tmp_path: Path, length: int, whole: int
) -> None:
    data = riff(b"\1\1" * length, rate=8000, channels=1, bits=16)
    heard = await decoded(decoder, data, tmp_path)
    assert heard.tolist() == [257] * length + [0] * (whole - length)


async def test_mu_law(decoder: Decoder, tmp_path: Path) -> None:
    data = riff(mulaw(tone(8000)), rate=8000, channels=1, bits=8, coding=7)
    assert_tone(await decoded(decoder, data, tmp_path))


async def test_a_law(decoder: Decoder, tmp_path: Path) -> None:
    """A-law's smallest steps, which anybody can write down: +8 and -8."""
    data = riff(b"\xd5\x55" * 800, rate=8000, channels=1, bits=8, coding=6)
    assert sorted(set((await decoded(decoder, data, tmp_path)).tolist())) == [-8, 0, 8]


async def test_both_channels_are_heard(decoder: Decoder, tmp_path: Path) -> None:
    """A voice on one side only must not be lost."""
    samples = np.zeros(16000)
    samples[1::2] = tone(8000)
    data = riff(pcm(samples, 16), rate=8000, channels=2, bits=16)
    assert_tone(await decoded(decoder, data, tmp_path), level=0.2)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
async def test_mp3(decoder: Decoder, tmp_path: Path, rate: int, channels: int) -> None:
    data = mp3(tone(rate, 2), rate, channels)
    assert_tone((await decoded(decoder, data, tmp_path))[1600:], 1.9)


@pytest.mark.parametrize(
    "before", [b"\0" * 100, b"ID3\x04\0\0\0\0\x01\x00" + b"\0" * 128], ids=["zeros", "tag"]
)
async def test_an_mp3_may_have_something_before_it(
    decoder: Decoder, tmp_path: Path, before: bytes
) -> None:
    data = before + mp3(tone(16000, 2), 16000)
    assert_tone((await decoded(decoder, data, tmp_path))[1600:], 1.9)


async def test_what_resampling_would_fold_back_is_gone(decoder: Decoder, tmp_path: Path) -> None:
    """6 kHz at 48 kHz is no tone of 2 kHz at 8 kHz."""
    high = 0.5 * np.sin(2 * np.pi * 6000 * np.arange(48000) / 48000)
    data = riff(pcm(high, 16), rate=48000, channels=1, bits=16)
    heard = await decoded(decoder, data, tmp_path)
    assert np.abs(heard[400:-400]).max() < 20


GOOD = riff(pcm(tone(8000), 16), rate=8000, channels=1, bits=16)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html>not found</html>", "the file is neither MP3 nor WAV"),
        (b"OggS" + bytes(5000), "the file is neither MP3 nor WAV"),
        (b"ID3" + bytes(5000), "the file is no usable MP3"),
        (b"\xff\xfb" * 3000, "the file is no usable MP3"),
        (GOOD[:20], r"the file is no usable WAV \(PCM, float, µ-law or A-law\)"),
        (riff(b"", rate=8000, channels=1, bits=16), "the file has no audio in it"),
        (riff(bytes(8), rate=8000, channels=0, bits=16), "the file is no usable WAV"),
        (riff(bytes(800), rate=0, channels=1, bits=16), "the file is no usable WAV"),
        (
            riff(bytes(800), rate=4000, channels=1, bits=16),
            "the audio has 4000 Hz; allowed: 8000 to 96000 Hz",
        ),
        (
            riff(bytes(900), rate=8000, channels=9, bits=16),
            "the audio has 9 channels; allowed: 8",
        ),
        (
            riff(bytes(16000 * 5 + 2), rate=8000, channels=1, bits=16),
            "the audio is longer than 5 s",
        ),
        (mp3(tone(8000, 6), 8000), "the audio is longer than 5 s"),
    ],
)  # fmt: skip
async def test_what_cannot_be_used_is_told(
    decoder: Decoder, tmp_path: Path, data: bytes, sentence: str
) -> None:
    with pytest.raises(MediaError, match=sentence):
        await decoded(decoder, data, tmp_path)


async def test_a_picture_is_no_mp3(decoder: Decoder, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).bytes(200_000)
    with pytest.raises(MediaError):
        await decoded(decoder, b"\xff\xd8\xff\xe2" + noise, tmp_path)


async def test_a_file_that_ends_early_is_played_as_far_as_it_goes(
    decoder: Decoder, tmp_path: Path
) -> None:
    assert_tone(await decoded(decoder, GOOD[: len(GOOD) // 2], tmp_path), 0.5)


async def test_a_file_that_is_not_there(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be read: No such file"):
        await decoder.decode(tmp_path / "none", tmp_path / "sound.wav")


async def test_a_file_that_is_too_large_is_not_read(
    decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "MOST_BYTES", 100)
    with pytest.raises(MediaError, match="has 16056 bytes; allowed: 100"):
        await decoded(decoder, GOOD, tmp_path)


async def test_no_room_is_a_storage_error(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(GOOD)
    with pytest.raises(StorageError, match="the sound cannot be written") as caught:
        await decoder.decode(tmp_path / "source", Path("/dev/full"))
    assert caught.value.full


@pytest.mark.parametrize("end", [Decoder.close, None], ids=["closed", "cancelled"])
async def test_work_that_nobody_waits_for_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Callable[[Decoder], None] | None
) -> None:
    began, go_on, chunks = threading.Event(), threading.Event(), list[int]()
    original = sounds._samples

    def slowly(data: bytes, rate: int) -> object:
        for chunk in original(data, rate):
            began.set()
            assert go_on.wait(5)
            chunks.append(len(chunk))
            yield chunk

    monkeypatch.setattr(sounds, "_samples", slowly)
    decoder = Decoder()
    (tmp_path / "source").write_bytes(riff(bytes(16000 * 60), rate=8000, channels=1, bits=16))
    work = asyncio.create_task(decoder.decode(tmp_path / "source", tmp_path / "sound.wav"))
    assert await asyncio.to_thread(began.wait, 5)
    if end is None:
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        go_on.set()
        decoder.close()
    else:
        closing = asyncio.create_task(asyncio.to_thread(end, decoder))
        await asyncio.to_thread(decoder._closing.wait, 5)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await work
        await closing
    assert len(chunks) < 5
