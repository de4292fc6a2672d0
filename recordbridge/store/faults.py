"""What a database error means: waiting helps, the disk is full, or this unit is at fault."""

from __future__ import annotations

import enum

from recordbridge.errors import StorageError


class Fault(enum.Enum):
    """What to do: try again later, give the unit back as `full`, or give it back."""

    AWAY = "away"
    FULL = "full"
    UNIT = "unit"


class AwayError(StorageError):
    """The database cannot be used now; nothing is known about the last commit."""


class RefusedError(AwayError):
    """The database is there and does not let us in: at the start nobody need wait for that."""


def failure(fault: Fault, sentence: str) -> StorageError:
    """The error that stands for the fault; `sentence` is plain and names the database."""
    if fault is Fault.AWAY:
        return AwayError(sentence)
    return StorageError(sentence, full=fault is Fault.FULL)
