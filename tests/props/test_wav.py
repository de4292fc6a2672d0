"""Laws of the audio: whatever Asterisk left, and however it is cut."""

from __future__ import annotations

import struct
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordbridge.errors import MediaError
from recordbridge.media import cut, wav

RATE = 8000
SAMPLE = st.integers(-32768, 32767)
LEVEL = st.sampled_from([0, 1, 60, 126, 127, 128, 129, 200, 384, 5000])


def pcm(samples: list[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


@st.composite
def tracks(draw: st.DrawFn) -> list[int]:
    """Runs of constant-amplitude noise, of lengths that fit no frame."""
    runs = draw(st.lists(st.tuples(LEVEL, st.integers(1, 4000)), max_size=6))
    sign = draw(st.sampled_from([1, -1]))
    return [level * sign if n % 2 else -level for level, length in runs for n in range(length)]


def reader_of(*channels: list[int]) -> cut.Reader:
    return lambda start, frames: [pcm(channel[start : start + frames]) for channel in channels]


def mean_is_silent(samples: list[int], threshold: int) -> bool:
    return sum(map(abs, samples)) < threshold * len(samples)


def slow_silent_tail(channels: list[list[int]], threshold: int) -> int:
    """The definition, word by word."""
    end = len(channels[0])
    while end > 0:
        start = max(0, end - 160)
        if not all(mean_is_silent(channel[start:end], threshold) for channel in channels):
            break
        end = start
    return len(channels[0]) - end


@pytest.mark.rule("P-6")
@given(tracks(), st.sampled_from([0, 1, 50, 127, 128, 129, 300]))
def test_the_fast_scan_finds_what_the_definition_says(samples: list[int], threshold: int) -> None:
    found = cut.silent_tail(reader_of(samples), cut.Span(0, len(samples)), RATE, threshold)
    assert found == slow_silent_tail([samples], threshold)


@given(st.lists(SAMPLE, min_size=1, max_size=700), st.integers(0, 40000))
def test_the_fast_scan_holds_for_any_samples(samples: list[int], threshold: int) -> None:
    found = cut.silent_tail(reader_of(samples), cut.Span(0, len(samples)), RATE, threshold)
    assert found == slow_silent_tail([samples], threshold)


@pytest.mark.rule("S-7")
@given(tracks(), tracks())
def test_stereo_is_silent_where_both_sides_are(left: list[int], right: list[int]) -> None:
    length = max(len(left), len(right))
    both = [side + [0] * (length - len(side)) for side in (left, right)]
    found = cut.silent_tail(reader_of(*both), cut.Span(0, length), RATE, 128)
    assert found == slow_silent_tail(both, 128)


@pytest.mark.rule("P-6")
@given(tracks())
def test_trimming_twice_is_trimming_once_and_200_ms_stay(samples: list[int]) -> None:
    read, whole = reader_of(samples), cut.Span(0, len(samples))
    once = cut.trimmed(read, whole, RATE, 128)
    assert cut.trimmed(read, once, RATE, 128) == once
    assert once.start == 0
    silent = slow_silent_tail([samples], 128)
    assert once.frames == len(samples) - max(0, silent - 1600)


@given(st.integers(0, 10**9), st.integers(0, 90_000_000), st.none() | st.integers(0, 90_000_000))
def test_a_cut_is_inside_the_recording_and_never_too_long(
    total: int, keep_from_ms: int, keep_ms: int | None
) -> None:
    kept = cut.span(total, RATE, keep_from_ms, keep_ms)
    assert 0 <= kept.start <= kept.end <= total
    assert keep_ms is None or kept.frames <= keep_ms * 8
    assert kept.end == total or kept.frames == (keep_ms or 0) * 8


@pytest.mark.rule("N-2")
@given(st.binary(max_size=400), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
def test_every_sample_on_the_disk_is_read_whatever_the_sizes_say(
    data: bytes, riff: int, told: int
) -> None:
    head = wav.header(0, 1)
    head = head[:4] + struct.pack("<I", riff) + head[8:40] + struct.pack("<I", told)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.wav")
        path.write_bytes(head + data)
        with wav.WavReader(path) as reader:
            assert reader.frames == len(data) // 2
            assert reader.read(0, reader.frames) == data[: len(data) // 2 * 2]
            assert reader.repaired or told in {len(data), len(data) - 1}


@given(st.binary(max_size=120))
def test_any_bytes_are_a_wav_or_a_media_error(blob: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.wav")
        path.write_bytes(blob)
        with suppress(MediaError), wav.WavReader(path) as reader:
            assert reader.frames * 2 <= max(0, len(blob) - 44)


@given(st.lists(st.tuples(SAMPLE, SAMPLE), max_size=300))
def test_interleaving_loses_nothing(pairs: list[tuple[int, int]]) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    both = cut.interleave(pcm(left), pcm(right))
    assert both == pcm([sample for pair in pairs for sample in pair])
