"""Reading Asterisk's WAV, damaged ones included, and writing ours."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from recordbridge.errors import MediaError, StorageError
from recordbridge.media import wav

from . import wavs

SAMPLES = list(range(-400, 400))


def test_an_intact_file_gives_its_samples(tmp_path: Path) -> None:
    with wav.WavReader(wavs.write(tmp_path / "a.wav", SAMPLES)) as reader:
        assert (reader.frames, reader.repaired) == (800, False)
        assert reader.read(0, 800) == wavs.pcm(SAMPLES)
        assert reader.read(790, 800) == wavs.pcm(SAMPLES[790:])
        assert reader.read(800, 1) == b""


@pytest.mark.rule("N-2")
@pytest.mark.parametrize("told", [0, 320, 4000, 0xFFFFFF00])
def test_the_length_of_the_file_is_the_truth_whatever_the_header_tells(
    tmp_path: Path, told: int
) -> None:
    with wav.WavReader(wavs.write(tmp_path / "a.wav", SAMPLES, told=told)) as reader:
        assert (reader.frames, reader.repaired) == (800, True)
        assert reader.read(0, 800) == wavs.pcm(SAMPLES)


@pytest.mark.rule("N-2")
def test_half_a_sample_at_the_end_is_cut(tmp_path: Path) -> None:
    path = wavs.write(tmp_path / "a.wav", SAMPLES, told=0)
    path.write_bytes(path.read_bytes() + b"\x7f")
    with wav.WavReader(path) as reader:
        assert (reader.frames, reader.repaired) == (800, True)


def test_a_pad_byte_after_an_odd_length_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wavs.header(3) + b"\1\0\2\0")
    with wav.WavReader(path) as reader:
        assert not reader.repaired


@pytest.mark.rule("N-2")
@pytest.mark.rule("P-11")
@pytest.mark.parametrize("length", [0, 1, 4, 7, 12, 20, 43, 44])
def test_a_file_cut_off_before_its_first_sample_is_an_empty_recording(
    tmp_path: Path, length: int
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wavs.header(0)[:length])
    with wav.WavReader(path) as reader:
        assert reader.frames == 0
        assert reader.repaired is (length < 44)
        assert reader.read(0, 10) == b""


@pytest.mark.parametrize(
    ("blob", "says"),
    [
        (b"ID3\x04 this is something else entirely, but long enough", "44-byte header"),
        (b"not a wav", "9 bytes and is not a WAV"),
        (wavs.header(2, rate=16000) + b"\0\0", "16000 Hz"),
        (wavs.header(4, channels=2) + b"\0\0\0\0", "2 channels"),
        (wavs.header(2)[:20] + b"\x07" + wavs.header(2)[21:] + b"\0\0", "format 7"),
        (wavs.header(2)[:36] + b"LIST" + wavs.header(2)[40:] + b"\0\0", "44-byte header"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(tmp_path: Path, blob: bytes, says: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(blob)
    with pytest.raises(MediaError, match=says):
        wav.WavReader(path)


def test_a_missing_file_is_a_media_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.wav cannot be read: No such file"):
        wav.WavReader(tmp_path / "gone.wav")


def test_a_folder_is_a_media_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        wav.WavReader(tmp_path)


def test_a_file_that_shrinks_while_read_is_a_media_error(tmp_path: Path) -> None:
    path = wavs.write(tmp_path / "a.wav", SAMPLES)
    with wav.WavReader(path) as reader:
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(MediaError, match="became shorter"):
            reader.read(0, 800)


@pytest.mark.rule("M-1")
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_written_is_a_wav_for_everybody(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "out.wav"
    data = wavs.pcm(SAMPLES)
    wav.write(path, 800 // channels, channels, [data[:500], data[500:]])
    with wave.open(str(path)) as reader:
        assert reader.getparams()[:4] == (channels, 2, 8000, 800 // channels)
        assert reader.readframes(800) == data
    with wav.WavReader(path, channels) as ours:
        assert (ours.frames, ours.repaired) == (800 // channels, False)


def test_a_length_beyond_32_bits_is_told_as_the_largest() -> None:
    head = wav.header(frames=1 << 32, channels=2)
    assert len(head) == wav.HEADER_BYTES
    assert head[40:] == b"\xff\xff\xff\xff"


@pytest.mark.rule("N-4")
def test_a_full_disk_is_told_as_such() -> None:
    with pytest.raises(StorageError, match="No space left") as caught:
        wav.write(Path("/dev/full"), 1, 1, [b"\0\0"])
    assert caught.value.full


def test_a_folder_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written") as caught:
        wav.write(tmp_path / "missing" / "a.wav", 0, 1, [])
    assert not caught.value.full
