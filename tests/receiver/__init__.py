"""A real HTTP application server for tests and for the demo: records requests, follows a script."""

from tests.receiver.receiver import Received, Receiver
from tests.receiver.replies import (
    Answer,
    Endless,
    Hold,
    Raw,
    Reply,
    Reset,
    Trickle,
    bomb,
    redirect,
)

__all__ = [
    "Answer",
    "Endless",
    "Hold",
    "Raw",
    "Received",
    "Receiver",
    "Reply",
    "Reset",
    "Trickle",
    "bomb",
    "redirect",
]
