"""`<GetDigits>`: prompts, keys, retries (F-2).

A key stops the prompts. The time for the first key counts from their end, the time for the next
from the key before. A key that is not allowed spoils the try; tries without keys end with the
next element. The finish key is not among the digits that are reported.
"""

from __future__ import annotations

import msgspec

from recordbridge.instant import Instant
from recordbridge.machine import prompts
from recordbridge.machine.progress import Gathering, Prompting
from recordbridge.machine.turn import Turn, replace
from recordbridge.plivo.elements import GetDigits, Play, Prompt


class Gathered(msgspec.Struct, frozen=True):
    """The end of a GetDigits; `keys` empty = nothing was entered."""

    keys: str


Progress = Gathering | Gathered


def begin(turn: Turn, element: GetDigits) -> Gathering:
    """The first try."""
    return _try(turn, Gathering(element=element))


def _try(turn: Turn, gathering: Gathering) -> Gathering:
    items: tuple[Prompt, ...] = gathering.element.prompts
    if gathering.element.play_beep:
        items = (*items, Play(source=turn.call.profile.beep))
    prompting = prompts.start(turn, items)
    until = _first_key_by(turn, gathering) if prompting is None else None
    return replace(gathering, prompting=prompting, keys="", spoilt=False, until=until)


def _first_key_by(turn: Turn, gathering: Gathering) -> Instant:
    return turn.now + gathering.element.timeout_s * 1000


def key(turn: Turn, gathering: Gathering, pressed: str) -> Progress:
    """A key was pressed."""
    if gathering.spoilt:
        return gathering
    if gathering.prompting is not None:
        prompts.stop(turn, gathering.prompting)
    element = gathering.element
    gathering = replace(gathering, prompting=None)
    if pressed and pressed == element.finish_on_key:
        return Gathered(gathering.keys) if gathering.keys else _again(turn, gathering)
    if pressed not in element.valid_digits:
        return _spoil(turn, gathering)
    keys = gathering.keys + pressed
    if len(keys) >= element.num_digits:
        return Gathered(keys)
    return replace(gathering, keys=keys, until=turn.now + element.digit_timeout_s * 1000)


def _spoil(turn: Turn, gathering: Gathering) -> Progress:
    sound = gathering.element.invalid_sound
    prompting = prompts.start(turn, (Play(source=sound),)) if sound else None
    if prompting is None:
        return _again(turn, gathering)
    return replace(gathering, prompting=prompting, spoilt=True, until=None)


def _again(turn: Turn, gathering: Gathering) -> Progress:
    if gathering.attempt >= gathering.element.retries:
        return Gathered("")
    return _try(turn, replace(gathering, attempt=gathering.attempt + 1))


def heard(turn: Turn, gathering: Gathering, prompting: Prompting | None) -> Progress:
    """The prompts went on, or (None) have ended."""
    gathering = replace(gathering, prompting=prompting)
    if prompting is not None:
        return gathering
    if gathering.spoilt:
        return _again(turn, gathering)
    return replace(gathering, until=_first_key_by(turn, gathering))


def due(turn: Turn, gathering: Gathering) -> Progress:
    """The time for a key is over: what was entered counts, if anything was."""
    if gathering.until is None or turn.now < gathering.until:
        return gathering
    return Gathered(gathering.keys) if gathering.keys else _again(turn, gathering)


def anew(turn: Turn, gathering: Gathering) -> Gathering:
    """N-1: keys may have been missed: the time for the next one begins anew."""
    element = gathering.element
    seconds = element.digit_timeout_s if gathering.keys else element.timeout_s
    return replace(gathering, until=turn.now + seconds * 1000)


def stop(turn: Turn, gathering: Gathering) -> None:
    """The flow was taken away."""
    if gathering.prompting is not None:
        prompts.stop(turn, gathering.prompting)
