"""The flow files of a configuration: mistakes with the flow's own line, and what to know (O-3)."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recordbridge.errors import DocumentError
from recordbridge.plivo.elements import (
    Document,
    Element,
    GetDigits,
    PreAnswer,
    Record,
    RecordDefaults,
    Speak,
)
from recordbridge.plivo.parser import parse, require_supported
from recordbridge.settings import Survey
from recordbridge.settings.sections import Transcription
from recordbridge.speech import whisper

LEGAL = (
    "the flow records in the background, which may not be legal everywhere; "
    "find out what must be told to the parties, and tell them"
)
NO_TRANSCRIPTION = (
    "the flow asks for transcription, but {}; "
    "recordings are made, and the requests to transcriptionUrl report an error"
)
NO_SPEECH = (
    "the flow speaks a text, but no speech engine is installed; "
    "until then callers hear nothing there (pip install 'recordbridge[speech]')"
)


@dataclass
class Findings:
    """Finished lines: what must be corrected, and what only should be known."""

    mistakes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, file: Path, line: int, key: str, sentence: str) -> None:
        """A mistake; the same one in a file that two applications use is told once."""
        if not any(each.startswith(f"{file}:{line}: ") for each in self.mistakes):
            self.mistakes.append(f"{file}:{line}: {key}: {sentence}")

    def know(self, file: Path, line: int, sentence: str) -> None:
        """A warning, told once."""
        told = f"{file}:{line}: {sentence}"
        if told not in self.warnings:
            self.warnings.append(told)


def examine(found: Survey) -> Findings:
    """Read every flow file as its application would."""
    findings = Findings()
    for name, file in found.flows:
        key = f"applications.{name}.flow"
        try:
            document = parse(file.read_bytes(), _defaults(found, name))
            _warn(findings, file, document, _deaf(found))
            require_supported(document)
        except DocumentError as error:
            sentence = re.sub(r"^line \d+, (column \d+): ", r"\1: ", str(error))
            findings.wrong(file, error.line, key, sentence)
        except OSError as error:
            findings.wrong(file, 1, key, f"the file cannot be read ({error.strerror})")
    return findings


def _defaults(found: Survey, name: str) -> RecordDefaults:
    """A YAML file with mistakes has no values yet; whether a flow is good does not depend on it."""
    if found.settings is None:
        return RecordDefaults()
    settings = found.settings
    return RecordDefaults(**settings.record_values(settings.applications[name]))


def _deaf(found: Survey) -> str:
    """Why nothing can be transcribed, if so."""
    wanted = Transcription() if found.settings is None else found.settings.transcription
    return "" if wanted.engine == "openai" else whisper.trouble(wanted.model)


def _warn(findings: Findings, file: Path, document: Document, deaf: str) -> None:
    for warning in document.warnings:
        placed = re.match(r"line (\d+), (.*)", warning, re.DOTALL)
        line, sentence = (int(placed[1]), placed[2]) if placed else (1, warning)
        findings.know(file, line, sentence)
    for element in document.elements:
        if importlib.util.find_spec("espeakng_loader") is None:
            for line in _spoken([element]):
                findings.know(file, line, NO_SPEECH)
        if not isinstance(element, Record):
            continue
        if element.record_session or element.start_on_dial_answer:
            findings.know(file, element.line, LEGAL)
        if element.transcribe and deaf:
            findings.know(file, element.line, NO_TRANSCRIPTION.format(deaf))


def _spoken(elements: Iterable[Element]) -> Iterator[int]:
    """The lines of Speak elements, also of those within others."""
    for element in elements:
        match element:
            case Speak(line=line):
                yield line
            case GetDigits(prompts=inner) | PreAnswer(elements=inner):
                yield from _spoken(inner)
            case _:
                pass
