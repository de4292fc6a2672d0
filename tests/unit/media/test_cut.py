"""Positions exact to the sample; the silent tail by Asterisk's measure; stereo aligned."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from recordbridge.media import cut

from . import wavs

RATE = 8000
LOUD = [1000, -1000]


def reader_of(*channels: Sequence[int]) -> cut.Reader:
    def read(start: int, frames: int) -> list[bytes]:
        assert start >= 0
        assert all(start + frames <= len(channel) for channel in channels)
        return [wavs.pcm(channel[start : start + frames]) for channel in channels]

    return read


def trim(*channels: Sequence[int], threshold: int = 128) -> int:
    """Samples that stay."""
    whole = cut.Span(0, len(channels[0]))
    return cut.trimmed(reader_of(*channels), whole, RATE, threshold).frames


@pytest.mark.rule("P-6")
@pytest.mark.parametrize(
    ("total", "keep_from_ms", "keep_ms", "expected"),
    [
        (8000, 0, None, (0, 8000)),
        (8000, 1, None, (8, 7992)),
        (8000, 100, 500, (800, 4000)),
        (8000, 0, 1000, (0, 8000)),
        (8001, 0, 1000, (0, 8000)),
        (7999, 0, 1000, (0, 7999)),
        (8000, 999, 1, (7992, 8)),
        (8000, 1000, 1000, (8000, 0)),
        (8000, 5000, 1000, (8000, 0)),
        (8000, 100, 0, (800, 0)),
        (8000, -50, None, (0, 8000)),
        (0, 100, 1000, (0, 0)),
    ],
)
def test_cutting_is_exact_to_the_sample(
    total: int, keep_from_ms: int, keep_ms: int | None, expected: tuple[int, int]
) -> None:
    assert cut.span(total, RATE, keep_from_ms, keep_ms) == expected


@pytest.mark.rule("P-6")
@pytest.mark.parametrize("quiet", [0, 1, -1, 127, -127, 100])
def test_of_a_silent_tail_200_ms_stay(quiet: int) -> None:
    assert trim(LOUD * 4000 + [quiet] * 24000) == 8000 + 1600


@pytest.mark.rule("P-6")
def test_a_short_silent_tail_stays_whole() -> None:
    assert trim(LOUD * 4000 + [0] * 1600) == 9600
    assert trim(LOUD * 4000 + [0] * 1601) == 9601, "the last frame with speech in it is not silent"
    assert trim(LOUD * 4000 + [0] * 1760) == 9600


@pytest.mark.parametrize("level", [128, -128, 129, 1000, -1000, 384, 32767, -32768])
def test_nothing_is_cut_when_the_tail_is_not_silent(level: int) -> None:
    assert trim([level] * 24000) == 24000


def test_the_measure_is_the_mean_of_a_frame_not_its_peak() -> None:
    """Peaks above the threshold do not keep a frame whose mean is below it."""
    hiss = [0, 0, 0, 500] * 40
    assert trim(LOUD * 4000 + hiss * 100) == 8000 + 1600
    assert trim(LOUD * 4000 + [0, 0, 0, 512] * 4000) == 8000 + 16000


def test_frames_that_only_just_reach_the_threshold_are_loud() -> None:
    assert trim([127, 129] * 8000) == 16000
    assert trim([127, 128] * 8000) == 1600


@pytest.mark.parametrize(
    ("threshold", "level", "stays"),
    [
        (0, 0, 16000),
        (1, 0, 1600),
        (50, 49, 1600),
        (50, 50, 16000),
        (1000, 999, 1600),
        (-1, 0, 16000),
    ],
)
def test_the_threshold_is_the_operators(threshold: int, level: int, stays: int) -> None:
    assert trim([level] * 16000, threshold=threshold) == stays


@pytest.mark.rule("P-11")
@pytest.mark.parametrize("length", [0, 1, 159, 1600, 1601, 8000, 8077, 80000])
def test_of_nothing_but_silence_at_most_200_ms_remain(length: int) -> None:
    assert trim([3] * length) == min(length, 1600)


def test_a_loud_part_frame_at_the_head_stays() -> None:
    assert trim(LOUD * 5 + [0] * 16000) == 10 + 1600


@pytest.mark.rule("S-7")
def test_a_stereo_frame_is_silent_only_when_both_sides_are() -> None:
    speech, silence = LOUD * 4000, [0] * 8000
    assert trim(speech + silence * 2, speech + silence * 2) == 9600
    assert trim(speech + silence * 2, silence + speech + silence) == 17600
    assert trim(silence + speech + silence, speech + silence * 2) == 17600


def test_only_the_kept_span_counts() -> None:
    samples = LOUD * 400 + [0] * 8000 + LOUD * 400
    kept = cut.trimmed(reader_of(samples), cut.Span(100, 8000), RATE, 128)
    assert (kept.start, kept.end) == (100, 800 + 1600 + (8100 - 800) % 160)


@pytest.mark.rule("S-7")
def test_left_and_right_alternate() -> None:
    assert cut.interleave(wavs.pcm([1, 2, 3]), wavs.pcm([-1, -2, -3])) == wavs.pcm(
        [1, -1, 2, -2, 3, -3]
    )
    assert cut.interleave(b"", b"") == b""
