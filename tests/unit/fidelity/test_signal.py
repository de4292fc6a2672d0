"""Finding the known signal in a recording: to the sample, whatever was done to it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fidelity.signal import Breaks, Reference, Run, Samples, breaks, foreign, known


def silence(count: int) -> Samples:
    return np.zeros(count, np.int16)


def test_an_undisturbed_piece_is_one_run() -> None:
    sound = np.concatenate([silence(333), known().samples[4_001:12_345]])
    assert known().runs(sound) == [Run(333, 4_001, 8_344)]
    assert foreign(sound, known().runs(sound)) == 0


@pytest.mark.parametrize("at", [20, 100, 160, 320, 4_000, 7_990])
def test_an_inserted_frame_is_found_wherever_it_stands(at: int) -> None:
    piece = known().samples[1_000:9_000]
    sound = np.concatenate([piece[:at], silence(160), piece[at:]])
    runs = known().runs(sound)
    assert breaks(runs) == Breaks(inserted=160, lost=0)
    assert foreign(sound, runs) == 0
    assert (runs[0].of, runs[-1].of + runs[-1].length) == (1_000, 9_000)


def test_a_frame_between_two_breaks_is_found() -> None:
    piece = known().samples[1_000:9_000]
    parts = [piece[:3_000], silence(160), piece[3_000:3_160], silence(160), piece[3_160:]]
    assert breaks(known().runs(np.concatenate(parts))) == Breaks(inserted=320, lost=0)


@pytest.mark.parametrize("count", [1, 160])
def test_lost_samples_are_counted(count: int) -> None:
    piece = known().samples[1_000:9_000]
    sound = np.concatenate([piece[:4_000], piece[4_000 + count :]])
    assert breaks(known().runs(sound)) == Breaks(inserted=0, lost=count)


def test_a_beep_is_foreign() -> None:
    tone = (8_000 * np.sin(np.arange(400) * 2 * np.pi * 941 / 8_000)).astype(np.int16)
    sound = np.concatenate([tone, known().samples[:8_000]])
    runs = known().runs(sound)
    assert runs == [Run(400, 0, 8_000)]
    assert 350 < foreign(sound, runs) <= 400


def test_a_sound_without_the_signal_has_no_runs() -> None:
    assert known().runs(silence(4_000)) == []
    noise = np.random.default_rng(1).integers(-9_000, 9_000, 400).astype(np.int16)
    assert known().runs(noise) == []


def test_a_louder_place_is_not_mistaken_for_the_right_one() -> None:
    quiet = known().samples[:4_000] // 8
    reference = Reference(np.concatenate([quiet, known().samples[4_000:8_000]]))
    assert reference.runs(quiet[500:2_500]) == [Run(0, 500, 2_000)]
