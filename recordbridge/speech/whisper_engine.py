"""faster-whisper itself, in the process that `recordbridge.speech.whisper_process` is.

Each channel is heard alone, so that speakers are told apart and never drown each other out. Pauses
are left out before (Silero VAD), because Whisper makes up words for silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from numpy.typing import NDArray

from recordbridge.errors import MediaError
from recordbridge.machine.transcription import SIDES, Spoken
from recordbridge.speech import pieces
from recordbridge.speech.listening import Heard, Listen

BATCH = 8
BEAM = 5


class Engine:
    """The model, loaded once."""

    def __init__(self, model: str, threads: int) -> None:
        whisper = WhisperModel(
            model, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
        self._pipeline = BatchedInferencePipeline(whisper)

    def hear(self, order: Listen) -> Heard:
        """What is said in the file."""
        spoken: list[Spoken] = []
        try:
            for start_ms, channels in pieces.read(Path(order.file), 2 if order.stereo else 1):
                for number, samples in enumerate(channels):
                    spoken += self._said(samples, start_ms, number if order.stereo else None)
        except MediaError as error:
            return Heard(error=str(error))
        return Heard(spoken=tuple(sorted(spoken, key=lambda each: each.at_ms)))

    def _said(
        self, samples: NDArray[np.float32], start_ms: int, channel: int | None
    ) -> Iterator[Spoken]:
        found, _ = self._pipeline.transcribe(
            samples,
            language="en",
            beam_size=BEAM,
            batch_size=BATCH,
            without_timestamps=False,
            vad_filter=True,
        )
        for segment in found:
            if text := " ".join(segment.text.split()):
                at_ms = start_ms + round(segment.start * 1000)
                yield (
                    Spoken(at_ms, text) if channel is None else Spoken(at_ms, text, SIDES[channel])
                )
