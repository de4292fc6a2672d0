"""What is heard on a channel: Play, Speak and Wait, one after the other.

One `Prompting` serves a Play of the flow, the prompts of GetDigits, confirmSound and dialMusic.
Speech and audio from a URL are prepared first; what cannot be prepared or played is passed over,
so that a caller is never left in silence because of a file (a warning tells). Asterisk may lose a
playback: nothing tells its end. So while one is heard, Asterisk is asked now and then (F-6).
"""

from __future__ import annotations

from recordbridge.instant import Instant
from recordbridge.machine.intents import (
    BeginPlayback,
    EndPlayback,
    FetchMedia,
    FindPlayback,
    Synthesise,
)
from recordbridge.machine.progress import Prompting
from recordbridge.machine.turn import Turn, replace
from recordbridge.plivo.elements import Play, Prompt, Speak, Wait

LOOK_MS = 3_000
"""How often Asterisk is asked whether a playback goes on. Most have ended by then."""


def start(
    turn: Turn, items: tuple[Prompt, ...], *, target: str = "", for_ever: bool = False
) -> Prompting | None:
    """Begin; None when there is nothing to be heard."""
    return _begin(turn, Prompting(items=items, target=target, for_ever=for_ever))


def _begin(turn: Turn, prompting: Prompting) -> Prompting | None:
    if prompting.index >= len(prompting.items):
        if not prompting.for_ever or not prompting.heard:
            return None
        prompting = replace(prompting, index=0, heard=False)
    item = prompting.items[prompting.index]
    match item:
        case Wait():
            return replace(prompting, until=turn.now + item.length_s * 1000, heard=True)
        case Play() if not _fetched(item):
            return _play(turn, replace(prompting, media=item.source))
        case _:
            return _prepare(turn, prompting, item)


def _prepare(turn: Turn, prompting: Prompting, item: Play | Speak) -> Prompting:
    media_id = turn.new_object("media")
    if isinstance(item, Play):
        turn.emit(FetchMedia(media_id=media_id, url=item.source))
    else:
        turn.emit(
            Synthesise(
                media_id=media_id,
                text=item.text,
                voice=item.voice,
                language=item.language,
                ssml=item.ssml,
            )
        )
    return replace(prompting, media_id=media_id)


def _play(turn: Turn, prompting: Prompting) -> Prompting:
    """Play the present item; while Asterisk is away, when it is back (N-3)."""
    prompting = replace(prompting, playback_id="", began=False, until=None)
    if turn.call.away:
        return prompting
    playback_id = turn.new_object("play")
    turn.durable = True
    turn.emit(
        BeginPlayback(
            channel_id=turn.call.channel_id,
            playback_id=playback_id,
            media=prompting.media,
            target=prompting.target,
        )
    )
    return replace(prompting, playback_id=playback_id, until=turn.now + LOOK_MS)


def look(turn: Turn, playback_id: str) -> Instant:
    """Ask for a playback; when to ask again."""
    turn.emit(FindPlayback(channel_id=turn.call.channel_id, playback_id=playback_id))
    return turn.now + LOOK_MS


def _next(turn: Turn, prompting: Prompting) -> Prompting | None:
    return _begin(
        turn,
        replace(
            prompting,
            index=prompting.index + 1,
            turn=1,
            media="",
            media_id="",
            playback_id="",
            until=None,
        ),
    )


def media_ready(turn: Turn, prompting: Prompting, media: str) -> Prompting:
    """The present item can be played."""
    return _play(turn, replace(prompting, media_id="", media=media))


def media_failed(turn: Turn, prompting: Prompting, reason: str) -> Prompting | None:
    """The present item cannot be played: pass it over."""
    item = prompting.items[prompting.index]
    turn.warn("prompt_failed", line=item.line, reason=reason)
    return _next(turn, prompting)


def playback_ended(turn: Turn, prompting: Prompting, *, failed: bool) -> Prompting | None:
    """Again as often as `loop` says, then the next one."""
    item = prompting.items[prompting.index]
    if failed:
        turn.warn("prompt_failed", line=item.line, reason="Asterisk could not play it")
        return _next(turn, prompting)
    prompting = replace(prompting, heard=True)
    if isinstance(item, Play | Speak) and (item.loop == 0 or prompting.turn < item.loop):
        return again(turn, replace(prompting, turn=prompting.turn + 1))
    return _next(turn, prompting)


def due(turn: Turn, prompting: Prompting) -> Prompting | None:
    """A Wait among the prompts is over, or a playback has gone on for a while."""
    if prompting.until is None or turn.now < prompting.until:
        return prompting
    if prompting.playback_id:
        return replace(prompting, until=look(turn, prompting.playback_id))
    return _next(turn, prompting)


def began(prompting: Prompting) -> Prompting:
    """It is being heard."""
    return replace(prompting, began=True)


def again(turn: Turn, prompting: Prompting) -> Prompting:
    """What may not have been begun, as when we were killed before it was: begin it once more."""
    item = prompting.items[prompting.index]
    if isinstance(item, Wait):
        return prompting
    if prompting.media:
        return _play(turn, prompting)
    return _prepare(turn, prompting, item)


def unprepared(prompting: Prompting) -> Prompting:
    """Another worker may have made the present item ready, where only that one has it (N-6)."""
    item = prompting.items[prompting.index]
    local = isinstance(item, Play) and not _fetched(item)
    return prompting if local else replace(prompting, media="")


def _fetched(item: Play) -> bool:
    return item.source.startswith(("http://", "https://"))


def stop(turn: Turn, prompting: Prompting) -> None:
    """Nothing more of it shall be heard."""
    if prompting.playback_id:
        turn.emit(EndPlayback(channel_id=turn.call.channel_id, playback_id=prompting.playback_id))
