"""The words in which things fail. Adapters translate at their edge and chain the cause.

In the machine failure is a fact, in delivery an outcome; exceptions are for the seams between.
"""

from __future__ import annotations

import errno
from typing import Self


class RecordbridgeError(Exception):
    """Root of all errors of ours."""


class ConfigError(RecordbridgeError):
    """The configuration cannot be used; `mistakes` holds one finished line for each (O-3)."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class DocumentError(RecordbridgeError):
    """A call-flow document cannot be used: A-19, F-2, F-7.

    `line` and `column` count from 1 and point at the start tag; the message is one sentence
    that says what is wrong and what is allowed. `kind` is a short word for counters.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int = 1,
        column: int = 1,
        element: str = "",
        attribute: str = "",
        value: str = "",
        kind: str = "syntax",
    ) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.line = line
        self.column = column
        self.element = element
        self.attribute = attribute
        self.value = value
        self.kind = kind


class ServiceAwayError(RecordbridgeError):
    """A command needs the running service, and it does not answer."""


class PbxError(RecordbridgeError):
    """Asterisk did not do what was asked."""


class PbxUnavailableError(PbxError):
    """Not reachable, or still booting: waiting helps."""


class PbxGoneError(PbxError):
    """404: the channel, bridge, recording or file is not there (any more)."""


class PbxConflictError(PbxError):
    """409: the object is in the wrong state or exists already."""


class PbxRefusedError(PbxError):
    """Any other refusal; `status` is the HTTP status, 401 and 403 mean wrong credentials."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class StorageError(RecordbridgeError):
    """A file or row could not be kept or read; `full` when a disk has no room left."""

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        self.full = full

    @classmethod
    def of(cls, error: OSError, what: str) -> Self:
        """The operating system's error in our words; `what` says what could not be done."""
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return cls(f"{what}: {error.strerror or error}", full=full)


class StoreAwayError(StorageError):
    """The object store cannot be reached or is out of order: waiting helps (N-5)."""


class ListenError(RecordbridgeError):
    """The address for our doors cannot be listened on."""


class FenceError(StorageError):
    """The row moved on under another owner: drop the call."""


class ElsewhereError(RecordbridgeError):
    """The call is another worker's (N-6)."""


class StandingError(RecordbridgeError):
    """N-6: it is asked of another worker, which has not answered yet, and will be done."""


class MediaError(RecordbridgeError):
    """Audio that cannot be read, cut or encoded."""


class MissingAudioError(MediaError):
    """There is no such file (yet)."""


class ListenerError(RecordbridgeError):
    """The transcription engine broke down, or took too long; it may be asked again."""


class ListenerAwayError(ListenerError):
    """The transcription engine cannot be reached now, or has no time: waiting helps."""


class ListenerRefusedError(ListenerError):
    """The transcription engine does not take this recording: asking again brings the same."""


class GuardError(RecordbridgeError):
    """H-5: the address may not be connected to; the message names the setting."""
