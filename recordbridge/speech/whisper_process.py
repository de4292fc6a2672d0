"""The process in which faster-whisper runs: orders on standard input, answers on standard output.

Started by `recordbridge.speech.whisper`; one line in, one line out, in order. Each channel is
heard alone, so that speakers are told apart and never drown each other out. Pauses are left out
before (Silero VAD), because Whisper makes up words for silence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from numpy.typing import NDArray

from recordbridge.errors import MediaError
from recordbridge.machine.transcription import SIDES, Spoken
from recordbridge.speech import pieces
from recordbridge.speech.listening import Heard, Listen

NICE = 10
"""Beside calls it gets a tenth of the CPU, alone all of it."""
OOM_FIRST = "900"
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


def _give_way() -> None:
    """Calls first: in CPU, and when memory runs out."""
    os.nice(NICE)
    with suppress(OSError):  # Linux schedules sessions against each other: there nice counts within
        Path("/proc/self/autogroup").write_text(str(NICE))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_FIRST)


def main() -> None:
    """Until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    _give_way()
    model, threads = sys.argv[1:]
    engine = Engine(model, int(threads))
    for line in sys.stdin.buffer:
        heard = engine.hear(msgspec.json.decode(line, type=Listen))
        answers.write(msgspec.json.encode(heard) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
