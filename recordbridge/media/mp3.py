"""A finished WAV as MP3: 16 kHz, because players refuse the 8 kHz of MPEG-2.5 (M-1).

32 kbit/s for each channel. Chunk by chunk from file to file: memory stays flat (X-5). The
resampler is soxr's, which costs a tenth of LAME's own; both release the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import lameenc
import numpy as np
import soxr

from recordbridge.errors import MediaError, StorageError
from recordbridge.media import wav

RATE = 16000
KBIT_PER_CHANNEL = 32
QUALITY = 5
"""LAME's 0 (best) to 9; at 5 telephone speech is already transparent."""
_CHUNK = 1 << 16
"""Samples per channel at a time."""
_FRAME_SAMPLES = 576


def encode(source: Path, channels: int, into: Path, check: Callable[[], None]) -> None:
    """Encode the WAV at `source` to `into`; `check` is called between chunks and may raise.

    Raises MediaError when the source cannot be read or encoded, StorageError when `into` cannot
    be written.
    """
    with wav.WavReader(source, channels) as reader:
        stream = _silent_frame(channels) if reader.frames == 0 else _encoded(reader, channels)
        try:
            with into.open("wb") as file:
                for chunk in stream:
                    file.write(chunk)
                    check()
        except OSError as error:
            raise StorageError.of(error, "the MP3 cannot be written") from error


def _encoded(reader: wav.WavReader, channels: int) -> Iterator[bytes]:
    resampler = soxr.ResampleStream(wav.RATE, RATE, channels, dtype="int16", quality="HQ")
    lame = _lame(channels)
    try:
        for start in range(0, reader.frames, _CHUNK):
            pcm = np.frombuffer(reader.read(start, _CHUNK), dtype="<i2").reshape(-1, channels)
            last = start + _CHUNK >= reader.frames
            yield lame.encode(resampler.resample_chunk(pcm, last=last).tobytes())
        yield lame.flush()
    except RuntimeError as error:
        raise MediaError(f"LAME cannot encode the recording: {error}") from error


def _silent_frame(channels: int) -> Iterator[bytes]:
    """P-11: nothing was recorded; one frame of silence keeps the file a playable MP3."""
    lame = _lame(channels)
    stream = lame.encode(bytes(_FRAME_SAMPLES * channels * wav.SAMPLE_BYTES)) + lame.flush()
    frame_bytes = _FRAME_SAMPLES // 8 * KBIT_PER_CHANNEL * channels * 1000 // RATE
    yield bytes(stream[:frame_bytes])


def _lame(channels: int) -> lameenc.Encoder:
    lame = lameenc.Encoder()
    lame.silence()
    lame.set_channels(channels)
    lame.set_in_sample_rate(RATE)
    lame.set_out_sample_rate(RATE)
    lame.set_bit_rate(KBIT_PER_CHANNEL * channels)
    lame.set_quality(QUALITY)
    return lame
