"""The two steps together: measured durations first, then the file, off the event loop."""

from __future__ import annotations

import asyncio
import threading
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import miniaudio
import pytest

from recordbridge.errors import MediaError, StorageError
from recordbridge.machine.intents import Collect
from recordbridge.media import Encoder, mp3, worker
from recordbridge.ports.audio import Audio

from . import wavs

ONE_ENCODER_FRAME = 1152

SPEECH = wavs.tone(1000)
SILENCE = [5] * 24_000


@pytest.fixture
async def encoder() -> AsyncIterator[Encoder]:
    encoder = Encoder()
    yield encoder
    encoder.close()


def collect(**changes: object) -> Collect:
    return Collect(**{"recording_id": "r", "names": ("n",), "file_format": "wav"} | changes)  # type: ignore[arg-type]  # the fields of one test's choosing


def test_it_is_the_audio_of_the_ports() -> None:
    encoder: Audio = Encoder()
    assert isinstance(encoder, Encoder)
    encoder.close()


@pytest.mark.rule("Q-1")
@pytest.mark.rule("P-6")
async def test_the_measured_frames_are_those_of_the_delivered_wav(
    encoder: Encoder, tmp_path: Path
) -> None:
    source = wavs.write(tmp_path / "in.wav", SPEECH + SILENCE)
    intent = collect(keep_from_ms=100, keep_ms=2500, trim_silence=True)
    measured, _ = await encoder.measure(intent, [source], tmp_path / "cut.wav")
    assert (measured.frames, measured.skipped_frames) == (7200 + 1600, 800)
    assert (measured.rate, measured.channels, measured.repaired) == (8000, 1, False)
    finished = await encoder.encode(measured, "wav", tmp_path / "out")
    assert wavs.samples_of(finished) == (SPEECH + SILENCE)[800:9600]


@pytest.mark.rule("P-6")
async def test_without_the_order_to_trim_silence_stays(encoder: Encoder, tmp_path: Path) -> None:
    source = wavs.write(tmp_path / "in.wav", SPEECH + SILENCE)
    measured, _ = await encoder.measure(collect(), [source], tmp_path / "cut.wav")
    assert measured.frames == 32_000


@pytest.mark.rule("N-2")
async def test_a_file_without_sizes_is_repaired_and_told(encoder: Encoder, tmp_path: Path) -> None:
    source = wavs.write(tmp_path / "in.wav", SPEECH, told=0)
    measured, _ = await encoder.measure(collect(), [source], tmp_path / "cut.wav")
    assert (measured.frames, measured.repaired) == (8000, True)
    assert wavs.samples_of(await encoder.encode(measured, "wav", tmp_path / "out")) == SPEECH


@pytest.mark.rule("P-11")
@pytest.mark.parametrize("blob", [b"", wavs.header(0)])
async def test_an_empty_recording_is_a_wav_of_0_frames(
    encoder: Encoder, tmp_path: Path, blob: bytes
) -> None:
    source = tmp_path / "in.wav"
    source.write_bytes(blob)
    measured, _ = await encoder.measure(collect(trim_silence=True), [source], tmp_path / "cut.wav")
    assert (measured.frames, measured.skipped_frames) == (0, 0)
    assert wavs.samples_of(await encoder.encode(measured, "wav", tmp_path / "out")) == []


@pytest.mark.rule("S-7")
async def test_stereo_is_left_and_right_padded_and_cut_together(
    encoder: Encoder, tmp_path: Path
) -> None:
    left = wavs.write(tmp_path / "l.wav", [1] * 8000)
    right = wavs.write(tmp_path / "r.wav", [2] * 7000)
    intent = collect(channels=2, keep_from_ms=500, keep_ms=400)
    measured, _ = await encoder.measure(intent, [left, right], tmp_path / "cut.wav")
    assert (measured.frames, measured.channels) == (3200, 2)
    expected = [1, 2] * 3000 + [1, 0] * 200
    assert wavs.samples_of(await encoder.encode(measured, "wav", tmp_path / "out")) == expected


@pytest.mark.rule("M-1")
async def test_mp3_is_made_from_what_was_measured(encoder: Encoder, tmp_path: Path) -> None:
    source = wavs.write(tmp_path / "in.wav", SPEECH * 3)
    measured, _ = await encoder.measure(collect(keep_ms=2000), [source], tmp_path / "cut.wav")
    finished = await encoder.encode(measured, "mp3", tmp_path / "out.mp3")
    info = miniaudio.mp3_get_file_info(str(finished))
    assert (info.sample_rate, info.nchannels) == (16000, 1)
    assert 0 <= info.num_frames - 2 * 16000 <= 3 * 576


async def test_a_recording_longer_than_one_chunk_is_whole(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_CHUNK", 333)
    left = wavs.write(tmp_path / "l.wav", SPEECH)
    right = wavs.write(tmp_path / "r.wav", SPEECH[::-1])
    measured, _ = await encoder.measure(collect(channels=2), [left, right], tmp_path / "cut.wav")
    samples = wavs.samples_of(measured.pcm)
    assert (samples[0::2], samples[1::2]) == (SPEECH, SPEECH[::-1])


async def test_an_unknown_format_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    source = wavs.write(tmp_path / "in.wav", SPEECH)
    measured, _ = await encoder.measure(collect(), [source], tmp_path / "cut.wav")
    with pytest.raises(MediaError, match="ogg is not a file format; allowed: mp3, wav"):
        await encoder.encode(measured, "ogg", tmp_path / "out")


async def test_errors_come_through_the_thread(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        await encoder.measure(collect(), [tmp_path / "none.wav"], tmp_path / "cut.wav")
    source = wavs.write(tmp_path / "in.wav", SPEECH)
    with pytest.raises(StorageError) as caught:
        await encoder.measure(collect(), [source], Path("/dev/full"))
    assert caught.value.full


@pytest.fixture
def held_encode(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, list[str]]:
    """An MP3 that goes on until it is stopped: (set once it runs, how it ended)."""
    running, endings = threading.Event(), []

    def encode(source: Path, channels: int, into: Path, check: object) -> None:
        assert callable(check)
        running.set()
        try:
            while True:
                check()
        finally:
            endings.append("stopped")

    monkeypatch.setattr(mp3, "encode", encode)
    return running, endings


@pytest.mark.rule("N-7")
async def test_a_clip_is_measured_while_a_long_mp3_goes_on_until_the_encoder_is_closed(
    tmp_path: Path, held_encode: tuple[threading.Event, list[str]]
) -> None:
    encoder = Encoder(workers=1)
    source = wavs.write(tmp_path / "in.wav", SPEECH)
    measured, _ = await encoder.measure(collect(), [source], tmp_path / "cut.wav")
    long = asyncio.ensure_future(encoder.encode(measured, "mp3", tmp_path / "out.mp3"))
    await asyncio.to_thread(held_encode[0].wait)
    assert (await encoder.measure(collect(), [source], tmp_path / "b.wav"))[0].frames == 8000
    encoder.close()
    with pytest.raises(asyncio.CancelledError):
        await long
    assert held_encode[1] == ["stopped"]


async def test_cancelling_stops_the_thread(
    tmp_path: Path, held_encode: tuple[threading.Event, list[str]]
) -> None:
    encoder = Encoder()
    source = wavs.write(tmp_path / "in.wav", SPEECH)
    measured, _ = await encoder.measure(collect(), [source], tmp_path / "cut.wav")
    task = asyncio.ensure_future(encoder.encode(measured, "mp3", tmp_path / "out.mp3"))
    await asyncio.to_thread(held_encode[0].wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(encoder._encoding.shutdown)
    assert held_encode[1] == ["stopped"]
    encoder.close()


@pytest.mark.rule("P-11", "A-12")
@pytest.mark.parametrize("channels", [1, 2])
async def test_a_recording_that_never_began_is_an_empty_file(
    encoder: Encoder, tmp_path: Path, channels: int
) -> None:
    intent = collect(names=(), channels=channels)
    measured, _ = await encoder.measure(intent, [], tmp_path / "cut.wav")
    assert (measured.frames, measured.rate, measured.channels) == (0, 8000, channels)
    finished = await encoder.encode(measured, "wav", tmp_path / "out")
    with wave.open(str(finished)) as file:
        assert (file.getnchannels(), file.getnframes()) == (channels, 0)
    clip = await encoder.encode(measured, "mp3", tmp_path / "out.mp3")
    assert miniaudio.mp3_get_file_info(str(clip)).nchannels == channels
    assert miniaudio.mp3_read_file_s16(str(clip)).num_frames <= ONE_ENCODER_FRAME
