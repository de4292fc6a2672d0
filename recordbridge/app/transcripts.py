"""The transcriber put together, by the YAML file (M-5)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from recordbridge.engine.transcriber import Transcriber
from recordbridge.instant import Clock
from recordbridge.ports.audio import Blobs
from recordbridge.ports.rows import RequestRow
from recordbridge.settings import Settings
from recordbridge.speech.whisper import Whisper
from recordbridge.store import Database
from recordbridge.telemetry.metrics import Metrics


def transcriber(
    settings: Settings,
    store: Database,
    blobs: Blobs,
    work: Path,
    submit: Callable[[RequestRow], None],
    clock: Clock,
    metrics: Metrics,
) -> Transcriber:
    """What the recordings are given to."""
    configured = settings.transcription
    return Transcriber(
        store=store,
        blobs=blobs,
        listener=Whisper(configured.model),
        work=work,
        rate=Decimal(configured.rate_per_minute),
        clock=clock,
        submit=submit,
        metrics=metrics,
    )
