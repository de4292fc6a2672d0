"""The transcriber put together, by the YAML file (M-5)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from recordbridge.engine.texts import Texts
from recordbridge.engine.transcriber import Transcriber
from recordbridge.instant import Clock
from recordbridge.ports.audio import Blobs
from recordbridge.ports.rows import RequestRow
from recordbridge.settings import Settings
from recordbridge.speech.whisper import Whisper
from recordbridge.store import Database
from recordbridge.telemetry.metrics import Metrics


class Transcribing(NamedTuple):
    """`transcriber` is what recordings are given to, `texts` is for the REST API."""

    transcriber: Transcriber
    texts: Texts


def transcribing(
    settings: Settings,
    store: Database,
    blobs: Blobs,
    work: Path,
    submit: Callable[[RequestRow], None],
    clock: Clock,
    metrics: Metrics,
) -> Transcribing:
    """With the engine of the YAML file."""
    configured = settings.transcription
    rate, listener = Decimal(configured.rate_per_minute), Whisper(configured.model)
    transcriber = Transcriber(
        store=store,
        blobs=blobs,
        listener=listener,
        work=work,
        rate=rate,
        clock=clock,
        submit=submit,
        metrics=metrics,
    )
    texts = Texts(store=store, listener=listener, add=transcriber.add, rate=rate, clock=clock)
    return Transcribing(transcriber, texts)
