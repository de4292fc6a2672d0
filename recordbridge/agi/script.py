"""What happens on a connection: arguments, recording, variables (G-1 to G-4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

import structlog

from recordbridge.agi import arguments, protocol
from recordbridge.agi.connection import Connection
from recordbridge.agi.protocol import Greeting
from recordbridge.engine.applications import Application, Applications
from recordbridge.engine.dialplans import Asked, Wanted
from recordbridge.engine.lines import Line
from recordbridge.errors import ElsewhereError, PbxError, StorageError
from recordbridge.machine.intents import AgiAnswer, AgiPlay, AgiResult
from recordbridge.plivo.elements import Record
from recordbridge.plivo.parser import parse_record

log = structlog.get_logger()

SCRIPT = "record"
SOUND, TONE = "sound:", "tone:"
TONE_S = 0.5
"""A tone of Asterisk's goes on until it is ended."""
PATIENCE_S, BEEP_S, READ_S = 10, 30, 15
"""How long a dialplan waits at the most: to begin, for the beep, for the file's true values."""
STATUS, RECORDING_ID, URL, DURATION_MS, END_REASON, DIGITS = (
    f"RECORDBRIDGE_{name}"
    for name in ("STATUS", "RECORDING_ID", "URL", "DURATION_MS", "END_REASON", "DIGITS")
)


class Records(Protocol):
    """See `engine.dialplans.Dialplans`."""

    async def record(self, line: Line, wanted: Wanted) -> Asked: ...

    def answered(self, asked: Asked) -> None: ...

    def played(self, asked: Asked, playback_id: str, *, failed: bool) -> None: ...

    def left(self, asked: Asked) -> None: ...


class Door(NamedTuple):
    """What the door needs. `file_url` gives the address of an account's file."""

    records: Records
    applications: Applications
    asterisks: tuple[str, ...]
    file_url: Callable[[str, str], str]


async def run(door: Door, connection: Connection) -> None:
    """Serve the dialplan that waits at the other end. Raises GoneError when it has gone."""
    greeting = await connection.greeting()
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(connection.read(), name="agi-reader")
        try:
            await _serve(door, connection, greeting)
        finally:
            reading.cancel()


async def _serve(door: Door, connection: Connection, greeting: Greeting) -> None:
    try:
        wanted, warnings = _wanted(door, greeting)
    except ValueError as error:
        log.warning("agi_arguments_wrong", channel_id=greeting.channel_id, reason=str(error))
        await _tell(connection, {STATUS: "ERROR"}, str(error))
        return
    for warning in warnings:
        log.warning("agi_arguments_odd", channel_id=greeting.channel_id, reason=warning)
        await connection.command(protocol.verbose(f"recordbridge: {warning}"))
    try:
        asked = await door.records.record(connection, wanted)
    except (PbxError, StorageError, ElsewhereError) as error:
        log.warning("agi_refused", channel_id=greeting.channel_id, reason=str(error))
        await _result(door, connection, AgiResult("", status="FAILED", error=str(error)))
        return
    try:
        async with asyncio.timeout(_patience_s(wanted.element)):
            await _attend(door, connection, asked)
    except TimeoutError:
        late = "no result came in time; the recording goes on"
        await _result(door, connection, AgiResult("", status="FAILED", error=late))
    finally:
        door.records.left(asked)


def _patience_s(element: Record) -> int:
    """G-4: longer than anything takes while the database is there."""
    background = element.record_session or element.start_on_dial_answer
    return PATIENCE_S if background else PATIENCE_S + BEEP_S + READ_S + element.max_length_s


def _wanted(door: Door, greeting: Greeting) -> tuple[Wanted, tuple[str, ...]]:
    """Raises ValueError with a sentence about what is wrong."""
    if greeting.script.split("?")[0].strip("/") != SCRIPT:
        raise ValueError(f"the address ends in /{greeting.script}; it must end in /{SCRIPT}")
    given = arguments.parse(greeting.arguments)
    asterisk = _asterisk(door, given.asterisk)
    application = _application(door, given.application, greeting.dialled)
    element, warnings = parse_record(given.values, application.defaults)
    wanted = Wanted(
        asterisk=asterisk,
        channel_id=greeting.channel_id,
        element=element,
        profile=application.profile,
    )
    return wanted, warnings


def _asterisk(door: Door, named: str | None) -> str:
    known = ", ".join(door.asterisks)
    if named is None and len(door.asterisks) > 1:
        raise ValueError(f"asterisk=NAME is missing; it must be one of {known}")
    if named is not None and named not in door.asterisks:
        raise ValueError(f"asterisk={named} is not configured; it must be one of {known}")
    return named or door.asterisks[0]


def _application(door: Door, named: str | None, dialled: str) -> Application:
    found = door.applications.match(named, dialled)
    if found is None and named is not None:
        raise ValueError(f"application={named} is not configured; give one of `applications`")
    if found is None:
        raise ValueError(
            f"no application has the number {dialled}; give application=NAME, or configure"
            " default_application"
        )
    return found


async def _attend(door: Door, connection: Connection, asked: Asked) -> None:
    """Do what the recording needs of the dialplan, until there is a result."""
    async for order in connection.orders():
        match order:
            case AgiAnswer():
                if (await connection.command(protocol.answer())).good:
                    door.records.answered(asked)
            case AgiPlay(playback_id=playback_id, media=media):
                played = await _play(connection, media)
                door.records.played(asked, playback_id, failed=not played)
            case AgiResult():
                await _result(door, connection, order)
            case _:
                raise AssertionError(order)


async def _play(connection: Connection, media: str) -> bool:
    if media.startswith(TONE):
        answer = await connection.command(protocol.tone(media.removeprefix(TONE)))
        await asyncio.sleep(TONE_S)
        await connection.command(protocol.tone_off())
        return answer.good
    for name in media.removeprefix(SOUND).split("&"):
        if not (await connection.command(protocol.stream(name))).played:
            return False
    return True


async def _result(door: Door, connection: Connection, result: AgiResult) -> None:
    """G-2. All variables are set, so that none is left of an earlier recording."""
    values = {
        RECORDING_ID: result.recording_id,
        URL: door.file_url(result.account, result.file) if result.file else "",
        DURATION_MS: str(result.duration_ms),
        END_REASON: result.reason,
        DIGITS: result.digits,
        STATUS: result.status,
    }
    await _tell(connection, values, result.error)


async def _tell(connection: Connection, values: dict[str, str], error: str) -> None:
    if error:
        await connection.command(protocol.verbose(f"recordbridge: {error}"))
    for name, value in values.items():
        await connection.command(protocol.variable(name, value))
