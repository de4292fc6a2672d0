"""Placing calls from the carrier, at a steady rate, and following them to their end."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import speech
from .ami import Manager, Message
from .errors import RigError
from .state import Rig

SCRIPTS = (
    "talk",
    "talk-then-silence",
    "talk-then-mute",
    "dtmf",
    "hangup-midway",
    "answer-late",
    "busy",
    "never-answer",
    "markers",
    "markers-b",
)
_UP = "6"


@dataclass(frozen=True)
class Order:
    """What `rig call` was asked for."""

    number: str
    script: str = "talk"
    count: int = 1
    rate: float = 10.0
    caller: str = "15551230001"
    variables: tuple[tuple[str, str], ...] = ()
    ring_s: int = 60


@dataclass
class Call:
    """One call and what became of it; times are of the monotonic clock."""

    id: str
    order: Order
    placed: float
    answered: float | None = None
    ended: float | None = None
    cause: int | None = None
    cause_text: str = ""
    channel: str = ""

    def seconds(self) -> float:
        """Return how long the call was connected."""
        return (self.ended or time.monotonic()) - self.answered if self.answered else 0.0

    def hear(self, event: Message) -> bool:
        """Take in an event about this call; say whether it ended it."""
        now = time.monotonic()
        self.channel = event.get("Channel", self.channel)
        if event.get("Event") == "Newstate" and event.get("ChannelState") == _UP:
            self.answered = self.answered or now
        elif event.get("Event") == "Hangup":
            self.cause = int(event.get("Cause") or 0)
            self.cause_text = event.get("Cause-txt", "")
            self.ended = now
        elif event.get("Event") == "OriginateResponse" and not self.channel:
            self.cause_text = "no channel could be made"
            self.ended = now
        return self.ended is not None

    def line(self) -> str:
        """Return the call for people."""
        word = "answered" if self.answered else "not answered"
        why = self.cause_text if self.cause is None else f"{self.cause_text} ({self.cause})"
        return f"{self.order.number}  {self.order.script}  {word}  {self.seconds():.2f} s  {why}"

    def record(self) -> str:
        """Return the call as a JSON line."""
        wait = self.answered - self.placed if self.answered else None
        return json.dumps(
            {
                "id": self.id,
                "number": self.order.number,
                "script": self.order.script,
                "answered": self.answered is not None,
                "answered_after_s": None if wait is None else round(wait, 3),
                "duration_s": round(self.seconds(), 3),
                "cause": self.cause,
                "cause_text": self.cause_text,
            }
        )


def originate(call: Call) -> list[tuple[str, str]]:
    """Return the headers of the action that places a call."""
    order = call.order
    headers = [
        ("ActionID", call.id),
        ("ChannelId", call.id),
        ("Channel", f"PJSIP/{order.number}@pbx"),
        ("Context", "scripts"),
        ("Exten", order.script),
        ("Priority", "1"),
        ("CallerID", order.caller),
        ("Timeout", str(order.ring_s * 1000)),
        ("Codecs", "ulaw"),
        ("Async", "true"),
    ]
    return headers + [("Variable", f"{name}={value}") for name, value in order.variables]


def place(rig: Rig, order: Order, wait: bool, report: Callable[[Call], None]) -> list[Call]:
    """Place the calls; with `wait` stay until all have ended, reporting each as it does."""
    for name, value in order.variables:
        if name == "RIG_TALK_S":
            speech.cut(rig.sounds, value)
    run = secrets.token_hex(4)
    with Manager(rig.ports.carrier_ami, rig.user, rig.password) as manager:
        watch = Watch(manager, report)
        began = time.monotonic()
        for index in range(order.count):
            watch.listen(began + index / order.rate - time.monotonic())
            call = Call(f"rig-{run}-{index + 1}", order, time.monotonic())
            watch.calls[call.id] = call
            manager.send("Originate", originate(call))
        if wait:
            watch.follow()
        else:
            watch.listen(0.2)
    return list(watch.calls.values())


class Watch:
    """The calls placed so far, and what the carrier says about them."""

    def __init__(self, manager: Manager, report: Callable[[Call], None]) -> None:
        self.calls: dict[str, Call] = {}
        self._manager = manager
        self._report = report

    def listen(self, seconds: float) -> None:
        """Take in what the carrier says for that long."""
        for event in self._manager.messages(max(0.0, seconds)):
            self._hear(event)

    def follow(self) -> None:
        """Stay until every call has ended; an interrupt hangs up those that have not."""
        try:
            while self._left():
                self.listen(0.2)
        except KeyboardInterrupt:
            for call in self._left():
                self._manager.send("Hangup", [("Channel", call.channel), ("Cause", "16")])
            self.listen(0.5)
            raise

    def _left(self) -> list[Call]:
        return [call for call in self.calls.values() if call.ended is None]

    def _hear(self, event: Message) -> None:
        known = (event.get(name, "") for name in ("Uniqueid", "ActionID"))
        call = next((self.calls[each] for each in known if each in self.calls), None)
        if call is None or call.ended is not None:
            return
        if event.get("Response") == "Error":
            raise RigError(f"The carrier refused the call: {event.get('Message', 'no reason')}.")
        if call.hear(event):
            self._report(call)
