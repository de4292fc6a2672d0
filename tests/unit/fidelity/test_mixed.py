"""Taking a mix of two known signals apart, to the sample."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fidelity.mixed import parts
from tests.fidelity.signal import Run, Samples, breaks, known

ONE, OTHER = known("markers", 8), known("markers-b", 8)


def silence(count: int) -> Samples:
    return np.zeros(count, np.int16)


def mix(one: Samples, other: Samples) -> Samples:
    """As Asterisk does it."""
    count = max(len(one), len(other))
    whole = [
        np.concatenate([each, silence(count - len(each))]).astype(int) for each in (one, other)
    ]
    return np.asarray(np.clip(whole[0] + whole[1], -32768, 32767), np.int16)


def test_both_are_found_where_they_stand() -> None:
    sound = mix(ONE.samples[1_000:17_000], np.concatenate([silence(320), OTHER.samples[:15_680]]))
    assert np.abs(sound.astype(int)).max() == 32767 or sound.min() == -32768, "nothing was clipped"
    found = parts(sound, ONE, OTHER)
    assert found.one == [Run(0, 1_000, 16_000)]
    assert found.other == [Run(320, 0, 15_680)]
    assert found.foreign == 0


def test_a_frame_of_silence_on_one_side_moves_that_side_only() -> None:
    one = np.concatenate([ONE.samples[:8_000], silence(160), ONE.samples[8_000:16_000]])
    found = parts(mix(one, OTHER.samples[:16_160]), ONE, OTHER)
    assert breaks(found.one) == (160, 0)
    assert found.other == [Run(0, 0, 16_160)]


def test_a_frame_that_is_missing_on_one_side_is_lost() -> None:
    one = ONE.samples[:16_000].copy()
    one[160:320] = 0
    found = parts(mix(one, OTHER.samples[:16_000]), ONE, OTHER)
    assert found.one == [Run(0, 0, 160), Run(320, 320, 15_680)]
    assert breaks(found.one) == (160, 160)
    assert found.foreign == 0


@pytest.mark.parametrize("frames", [1, 2])
def test_a_stretch_too_short_for_the_correlation_is_found_beside_a_long_one(frames: int) -> None:
    gap = 160 * frames
    other = np.concatenate([OTHER.samples[:640], silence(gap), OTHER.samples[640:15_360]])
    found = parts(mix(ONE.samples[:16_000], other), ONE, OTHER)
    assert found.other == [Run(0, 0, 640), Run(640 + gap, 640, 14_720)]
    assert found.foreign == 0


def test_what_neither_spoke_is_foreign_and_ends_no_stretch() -> None:
    sound = mix(ONE.samples[:16_000], OTHER.samples[:16_000])
    sound[4_000:4_400] = 5_000
    found = parts(sound, ONE, OTHER)
    assert found.one == [Run(0, 0, 16_000)]
    assert 380 <= found.foreign <= 400


def test_a_mix_of_nothing_has_no_parts() -> None:
    assert parts(silence(4_000), ONE, OTHER) == ([], [], 0)
