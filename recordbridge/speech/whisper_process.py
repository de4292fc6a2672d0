"""The process in which faster-whisper runs: orders on standard input, answers on standard output.

Started by `recordbridge.speech.whisper`; one line out when it has begun, then one line in, one line
out, in order. It gives way to calls before it loads anything: loading takes a few seconds of
CPU.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import BinaryIO

import msgspec

from recordbridge.speech.giving_way import die_with_parent, give_way
from recordbridge.speech.listening import Begun, Heard, Listen

_ENGINE = "recordbridge.speech.whisper_engine"


def main() -> None:
    """Until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    model, threads, *hurry = sys.argv[1:]
    if not hurry:
        give_way()
    _tell(answers, Begun(mortal=die_with_parent()))
    engine = importlib.import_module(_ENGINE).Engine(model, int(threads))
    for line in sys.stdin.buffer:
        _tell(answers, engine.hear(msgspec.json.decode(line, type=Listen)))


def _tell(answers: BinaryIO, told: Begun | Heard) -> None:
    try:
        answers.write(msgspec.json.encode(told) + b"\n")
        answers.flush()
    except BrokenPipeError:
        os._exit(0)  # the service is gone: there is nobody to tell of it


if __name__ == "__main__":
    main()
