"""Elements under way: prompts being heard, digits being gathered, a Dial; parts of the state.

Values only; what happens to them stands in `prompts`, `gather`, `dial` and `early`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from recordbridge.instant import Instant
from recordbridge.plivo.elements import Callee, Dial, GetDigits, Prompt, Record


class Prompting(msgspec.Struct, frozen=True):
    """Where a list of prompts stands. `target` is the channel, empty = the call's own."""

    items: tuple[Prompt, ...]
    target: str = ""
    for_ever: bool = False
    """Begin again at the end (dialMusic)."""
    index: int = 0
    turn: int = 1
    """Which time the present item is heard (`loop`)."""
    media_id: str = ""
    """What is being prepared."""
    media: str = ""
    """The present item, once it is prepared."""
    playback_id: str = ""
    began: bool = False
    """Asterisk told that it plays."""
    until: Instant | None = None
    """When a Wait is over, or when to ask whether the playback goes on."""
    heard: bool = False
    """Something was heard in this round; if nothing is, `for_ever` ends too."""


class Gathering(msgspec.Struct, frozen=True, tag="gathering"):
    """A GetDigits in its `attempt`-th try (from 1)."""

    element: GetDigits
    attempt: int = 1
    keys: str = ""
    prompting: Prompting | None = None
    spoilt: bool = False
    """The sound for invalid digits plays; a new try follows."""
    until: Instant | None = None


LegPhase = Literal["ringing", "confirming", "confirmed", "joined", "ended"]


class Leg(msgspec.Struct, frozen=True):
    """One callee. `cause` is the Q.850 cause of its end."""

    leg_id: str
    callee: Callee
    begun_at: Instant
    phase: LegPhase = "ringing"
    rang: bool = False
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    cause: int = 0
    request_id: str = ""
    """The document of confirmSound, while it is awaited."""
    prompting: Prompting | None = None
    until: Instant | None = None
    """When the confirmation is over."""
    ending: bool = False
    """We asked for its end."""
    early: bool = False
    """It can be heard before it answers."""
    own_bridge: str = ""
    """Where it hears its keys before it answers, if not where the caller is."""
    tones_id: str = ""
    """Its keys, sounding or heard before the answer; from and until when they sound."""
    tones_from: Instant = 0
    tones_until: Instant | None = None
    unsent: bool = False
    """Asterisk was not told to dial it: the connection was away."""
    left_at: Instant | None = None
    """When it left our application; a moment later it is known whether it was hung up."""
    dialled_id: str = ""
    """The channel that was dialled, when a transfer has put another in its place."""

    @property
    def first_id(self) -> str:
        """The channel by which it is reported, transferred or not."""
        return self.dialled_id or self.leg_id


class Dialing(msgspec.Struct, frozen=True, tag="dialing"):
    """A Dial under way."""

    element: Dial
    legs: tuple[Leg, ...]
    bridge_id: str
    until: Instant
    phase: Literal["ringing", "connecting", "connected"] = "ringing"
    winner: str = ""
    armed: tuple[Record, ...] = ()
    """What shall be recorded from the answer on (S-2, S-3)."""
    recordings: tuple[str, ...] = ()
    """What is."""
    heard: str = ""
    """The leg that the caller hears before the answer; both are in the bridge then."""
    music_request: str = ""
    music: Prompting | None = None
    tone: bool = False
    """The caller hears ringing until it is connected to who has answered."""
    connected_at: Instant | None = None
    """None again when Asterisk could not bridge the two."""
    keys_a: str = ""
    """What the caller pressed and digitsMatch has not used; `keys_b` the callee."""
    keys_b: str = ""


def leg_of(dialing: Dialing, leg_id: str) -> Leg | None:
    """The leg of that id."""
    return next((leg for leg in dialing.legs if leg.leg_id == leg_id), None)


def put(dialing: Dialing, leg: Leg, **fields: object) -> Dialing:
    """The same with that leg changed."""
    changed = msgspec.structs.replace(leg, **fields)
    return msgspec.structs.replace(
        dialing,
        legs=tuple(changed if old.leg_id == leg.leg_id else old for old in dialing.legs),
    )
