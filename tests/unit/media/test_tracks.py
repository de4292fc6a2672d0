"""Sources side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.errors import MediaError
from recordbridge.media.tracks import Tracks

from . import wavs


@pytest.mark.rule("S-7")
def test_the_shorter_side_is_padded_with_silence(tmp_path: Path) -> None:
    left = wavs.write(tmp_path / "l.wav", [1, 2, 3, 4])
    right = wavs.write(tmp_path / "r.wav", [5, 6])
    with Tracks([left, right]) as tracks:
        assert (tracks.frames, tracks.channels, tracks.repaired) == (4, 2, False)
        assert tracks.read(1, 3) == [wavs.pcm([2, 3, 4]), wavs.pcm([6, 0, 0])]
        assert tracks.read(3, 1) == [wavs.pcm([4]), wavs.pcm([0])]


@pytest.mark.rule("S-7")
def test_the_side_that_began_earlier_is_cut_to_the_same_moment(tmp_path: Path) -> None:
    left = wavs.write(tmp_path / "l.wav", [9, 9, 1, 2])
    right = wavs.write(tmp_path / "r.wav", [5, 6, 7])
    with Tracks([left, right], leads=[2, 0]) as tracks:
        assert tracks.frames == 3
        assert tracks.read(0, 3) == [wavs.pcm([1, 2, 0]), wavs.pcm([5, 6, 7])]


@pytest.mark.rule("Q-2")
@pytest.mark.parametrize("missing", ["left", "right"])
def test_a_side_that_was_not_recorded_is_silent(tmp_path: Path, missing: str) -> None:
    path = wavs.write(tmp_path / "a.wav", [1, 2])
    sides = [None, path] if missing == "left" else [path, None]
    with Tracks(sides, leads=[0, 0]) as tracks:
        assert (tracks.frames, tracks.channels, tracks.repaired) == (2, 2, False)
        silent, there = (0, 1) if missing == "left" else (1, 0)
        read = tracks.read(0, 2)
        assert (read[silent], read[there]) == (wavs.pcm([0, 0]), wavs.pcm([1, 2]))


def test_of_no_side_there_is_no_recording() -> None:
    with pytest.raises(MediaError, match="neither side"):
        Tracks([None, None])


def test_one_damaged_side_counts_as_repaired(tmp_path: Path) -> None:
    left = wavs.write(tmp_path / "l.wav", [1, 2], told=0)
    right = wavs.write(tmp_path / "r.wav", [3, 4])
    with Tracks([right, left]) as tracks:
        assert tracks.repaired


@pytest.mark.parametrize("count", [0, 3])
def test_a_recording_has_one_or_two_sources(tmp_path: Path, count: int) -> None:
    path = wavs.write(tmp_path / "a.wav", [1])
    with pytest.raises(MediaError, match=f"1 or 2 sources, not {count}"):
        Tracks([path] * count)


def test_one_unreadable_side_closes_the_other(tmp_path: Path) -> None:
    """A leaked file would be a ResourceWarning, and warnings are errors here."""
    left = wavs.write(tmp_path / "l.wav", [1])
    with pytest.raises(MediaError, match=r"r\.wav cannot be read"):
        Tracks([left, tmp_path / "r.wav"])


@pytest.mark.rule("E-5")
def test_what_was_recorded_after_a_pause_stands_at_its_place(tmp_path: Path) -> None:
    first = wavs.write(tmp_path / "1.wav", [1, 2, 3])
    second = wavs.write(tmp_path / "2.wav", [7, 8])
    with Tracks([first, second], leads=[1, -5], channels=1) as tracks:
        assert (tracks.frames, tracks.channels) == (7, 1)
        assert tracks.read(0, 7) == [wavs.pcm([2, 3, 0, 0, 0, 7, 8])]
        assert tracks.read(1, 3) == [wavs.pcm([3, 0, 0])]
        assert tracks.read(4, 2) == [wavs.pcm([0, 7])]
        assert tracks.read(6, 3) == [wavs.pcm([8, 0, 0])]


@pytest.mark.rule("E-5")
@pytest.mark.rule("S-7")
def test_sides_are_told_apart_after_a_pause_too(tmp_path: Path) -> None:
    left, right = (wavs.write(tmp_path / f"{n}.wav", [n, n]) for n in (1, 2))
    later = wavs.write(tmp_path / "3.wav", [3])
    with Tracks([left, right, None, later], leads=[0, 0, 0, -3], channels=2) as tracks:
        assert tracks.frames == 4
        assert tracks.read(0, 4) == [wavs.pcm([1, 1, 0, 0]), wavs.pcm([2, 2, 0, 3])]


@pytest.mark.rule("E-5")
def test_a_pause_is_silent_and_may_be_the_end(tmp_path: Path) -> None:
    path = wavs.write(tmp_path / "1.wav", [1, 2, 3, 4])
    with Tracks([path], silences=[(1, 2), (3, 6)]) as tracks:
        assert tracks.frames == 6
        assert tracks.read(0, 6) == [wavs.pcm([1, 0, 3, 0, 0, 0])]
        assert tracks.read(1, 2) == [wavs.pcm([0, 3])]
        assert tracks.read(2, 1) == [wavs.pcm([3])]


def test_a_later_file_that_begins_too_early_is_heard_from_its_beginning(tmp_path: Path) -> None:
    """Asterisk's instants are not exact to the sample."""
    first = wavs.write(tmp_path / "1.wav", [1, 2, 3, 4])
    second = wavs.write(tmp_path / "2.wav", [7])
    with Tracks([first, second], leads=[0, -2], channels=1) as tracks:
        assert tracks.read(0, 4) == [wavs.pcm([1, 2, 7, 4])]


@pytest.mark.rule("S-1")
def test_a_later_source_counts_while_it_lasts(tmp_path: Path) -> None:
    """Another party begins at the third sample and is there for two."""
    caller = wavs.write(tmp_path / "in.wav", [1, 2, 3, 4, 5, 6])
    first = wavs.write(tmp_path / "out.wav", [11, 12, 13, 14, 15, 16])
    second = wavs.write(tmp_path / "far.wav", [91, 92])
    with Tracks([caller, first, None, second], [0, 0, 0, -2], channels=2) as tracks:
        assert (tracks.frames, tracks.channels) == (6, 2)
        far = wavs.pcm([11, 12, 91, 92, 15, 16])
        assert tracks.read(0, 6) == [wavs.pcm([1, 2, 3, 4, 5, 6]), far]
        assert tracks.read(3, 2) == [wavs.pcm([4, 5]), wavs.pcm([92, 15])]
