"""The transcriber put together, by the YAML file (M-5)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from recordbridge.engine.texts import Texts
from recordbridge.engine.transcriber import Transcriber
from recordbridge.errors import ListenerError
from recordbridge.instant import Clock
from recordbridge.ports.audio import Blobs
from recordbridge.ports.rows import RequestRow
from recordbridge.settings import Settings
from recordbridge.settings.sections import Transcription
from recordbridge.speech.remote import Remote
from recordbridge.speech.whisper import Whisper
from recordbridge.store import Database
from recordbridge.telemetry.metrics import Metrics


def engine(
    configured: Transcription, stood: Callable[[float], None] = lambda _seconds: None
) -> Whisper | Remote:
    """The engine of the YAML file. `stood` is told for how long it stood still for calls."""
    if configured.engine == "faster-whisper" or configured.url is None:
        return Whisper(configured.model, stood=stood)
    return Remote(
        configured.url,
        configured.model,
        api_key=api_key(configured),
        timeout_s=float(configured.timeout_s),
    )


def api_key(configured: Transcription) -> str:
    """The server's key; empty without one."""
    return "" if configured.api_key is None else configured.api_key.get_secret_value()


async def prove(configured: Transcription) -> str:
    """What is wrong with the engine as it is now, in a sentence; empty when all is well (O-3)."""
    listener = engine(configured)
    if isinstance(listener, Whisper):
        return ""  # it warns of a flow that asks for what is not installed
    try:
        await listener.prove()
    except ListenerError as error:
        return str(error)
    return ""


class Transcribing(NamedTuple):
    """`transcriber` is what recordings are given to, `texts` is for the REST API."""

    transcriber: Transcriber
    texts: Texts
    listener: Whisper | Remote


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
    rate = Decimal(settings.transcription.rate_per_minute)
    listener = engine(settings.transcription, metrics.transcription_stood_still.inc)
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
    return Transcribing(transcriber, texts, listener)
