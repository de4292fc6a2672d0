"""The FastAGI door over real sockets, with an engine that the test plays: G-1 to G-4."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
import pytest_asyncio

from recordbridge.agi import AgiServer, Door, connection
from recordbridge.engine.applications import Application
from recordbridge.engine.dialplans import Asked, Wanted
from recordbridge.engine.lines import Line
from recordbridge.errors import ListenError, PbxError, PbxUnavailableError, StorageError
from recordbridge.machine.intents import Agi, AgiAnswer, AgiPlay, AgiResult
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import RecordDefaults
from tests.unit.agi.asterisk import Channel

LOOPBACK = (ip_network("127.0.0.0/8"),)
APPLICATION = Application(
    profile=Profile(account="MAEXAMPLEACCOUNT0001", application="voicemail"),
    defaults=RecordDefaults(max_length=20),
)
DONE = AgiResult(
    "a",
    status="DONE",
    recording_id="r1",
    account="MAEXAMPLEACCOUNT0001",
    file="r1.mp3",
    duration_ms=2000,
    reason="finishOnKey",
    digits="#",
)


class Engine:
    """Plays the engine and the applications."""

    def __init__(self) -> None:
        self.wanted: list[Wanted] = []
        self.happened: list[str] = []
        self.orders: tuple[Agi, ...] = (DONE,)
        self.error: PbxError | StorageError | None = None
        self.asked = asyncio.Event()
        self.gone = asyncio.Event()

    async def record(self, line: Line, wanted: Wanted) -> Asked:
        self.wanted.append(wanted)
        if self.error is not None:
            raise self.error
        for order in self.orders:
            line.perform(order)
        self.asked.set()
        return Asked("a", "c")

    def answered(self, _: Asked) -> None:
        self.happened.append("answered")

    def played(self, _: Asked, playback_id: str, *, failed: bool) -> None:
        self.happened.append(f"{playback_id} {'failed' if failed else 'played'}")

    def left(self, _: Asked) -> None:
        self.happened.append("left")
        self.gone.set()

    def match(self, named: str | None, dialled: str) -> Application | None:
        return APPLICATION if named in (None, "voicemail") and dialled == "100" else None

    def named(self, _: str) -> Application | None:
        return None

    def tokens(self, _: str) -> tuple[str, ...]:
        return ()


@pytest.fixture
def engine() -> Engine:
    return Engine()


def door(engine: Engine, *asterisks: str) -> Door:
    return Door(engine, engine, asterisks or ("pbx",), lambda account, name: f"{account}/{name}")


@pytest_asyncio.fixture
async def server(engine: Engine) -> AsyncIterator[AgiServer]:
    async with AgiServer(door(engine), "127.0.0.1", 0, LOOPBACK) as server:
        yield server


async def run(server: AgiServer, *arguments: str, answers: tuple[str, ...] = ()) -> Channel:
    """A whole AGI() with these arguments."""
    channel = await Channel.connect(server.port)
    channel.greet(arguments)
    async with asyncio.timeout(5):
        await channel.obey(*answers)
    channel.close()
    return channel


@pytest.mark.rule("G-1", "A-18")
async def test_every_attribute_by_its_name(server: AgiServer, engine: Engine) -> None:
    await run(
        server,
        "finishOnKey=12#",
        " timeout=3",
        "",
        "action=https://app.example.com/x?a=b,c;d#rt=2000",
        "method=GET",
        "application=voicemail",
        "asterisk=pbx",
    )
    (wanted,) = engine.wanted
    element = wanted.element
    assert (wanted.asterisk, wanted.channel_id) == ("pbx", "pbx-1.1")
    assert (element.finish_on_key, element.timeout_s, element.max_length_s) == ("12#", 3, 20)
    assert element.action is not None
    assert element.action.url == "https://app.example.com/x?a=b,c;d"
    assert element.action.method == "GET"
    assert wanted.profile == APPLICATION.profile


@pytest.mark.rule("G-2")
async def test_the_result_is_in_variables(server: AgiServer) -> None:
    channel = await run(server)
    assert channel.variables == {
        "RECORDBRIDGE_STATUS": "DONE",
        "RECORDBRIDGE_RECORDING_ID": "r1",
        "RECORDBRIDGE_URL": "MAEXAMPLEACCOUNT0001/r1.mp3",
        "RECORDBRIDGE_DURATION_MS": "2000",
        "RECORDBRIDGE_END_REASON": "finishOnKey",
        "RECORDBRIDGE_DIGITS": "#",
    }
    assert channel.commands[-1].startswith("SET VARIABLE RECORDBRIDGE_STATUS")


@pytest.mark.rule("G-3")
@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("nonsense", 'the argument "nonsense" is not NAME=VALUE'),
        ("=1", 'the argument "=1" is not NAME=VALUE'),
        ("maxLength=1", 'maxLength="1" is not allowed; it must be a whole number of seconds, 2'),
        ("action=ftp://x", 'action="ftp://x" is not allowed; it must'),
        ("application=nobody", "application=nobody is not configured"),
        ("asterisk=other", "asterisk=other is not configured; it must be one of pbx"),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(
    server: AgiServer, engine: Engine, argument: str, said: str
) -> None:
    channel = await run(server, argument)
    assert channel.variables == {"RECORDBRIDGE_STATUS": "ERROR"}
    assert channel.commands[0].startswith("VERBOSE")
    assert said in channel.commands[0].replace('\\"', '"')
    assert not engine.wanted


@pytest.mark.rule("G-3")
async def test_an_argument_given_twice_is_wrong(server: AgiServer) -> None:
    channel = await run(server, "timeout=3", "timeout=4")
    assert channel.variables == {"RECORDBRIDGE_STATUS": "ERROR"}
    assert "given twice" in channel.commands[0]


@pytest.mark.rule("G-3")
async def test_another_address_is_wrong(server: AgiServer) -> None:
    channel = await Channel.connect(server.port)
    channel.greet(script="play")
    await channel.obey()
    assert channel.variables == {"RECORDBRIDGE_STATUS": "ERROR"}
    channel.close()


@pytest.mark.rule("G-1")
async def test_with_several_asterisks_it_must_be_named(engine: Engine) -> None:
    async with AgiServer(door(engine, "a", "b"), "127.0.0.1", 0, LOOPBACK) as server:
        channel = await run(server)
        assert "asterisk=NAME is missing; it must be one of a, b" in channel.commands[0]
        await run(server, "asterisk=b")
    assert [wanted.asterisk for wanted in engine.wanted] == ["b"]


@pytest.mark.rule("A-1")
async def test_an_unknown_attribute_is_ignored_with_a_warning(
    server: AgiServer, engine: Engine
) -> None:
    channel = await run(server, "maxlength=3")
    assert "maxlength" in channel.commands[0]
    assert channel.variables["RECORDBRIDGE_STATUS"] == "DONE"
    assert engine.wanted[0].element.max_length_s == 20


async def test_orders_are_carried_out_in_turn(server: AgiServer, engine: Engine) -> None:
    engine.orders = (AgiAnswer("a"), AgiPlay("a", "p1", "sound:beep"), DONE)
    channel = await run(server, answers=("200 result=0",))
    assert channel.commands[:2] == ["ANSWER", 'STREAM FILE "beep" ""']
    assert engine.happened == ["answered", "p1 played", "left"]


@pytest.mark.parametrize("answer", ["200 result=-1 endpos=0", "200 result=0 endpos=0", "510 What"])
async def test_a_sound_that_is_not_there(server: AgiServer, engine: Engine, answer: str) -> None:
    engine.orders = (AgiPlay("a", "p1", "sound:beep"), DONE)
    await run(server, answers=(answer,))
    assert engine.happened[0] == "p1 failed"


async def test_a_tone_is_ended(server: AgiServer, engine: Engine) -> None:
    engine.orders = (AgiPlay("a", "p1", "tone:dial"), DONE)
    channel = await run(server)
    assert channel.commands[:2] == ['EXEC PlayTones "dial"', 'EXEC StopPlayTones ""']
    assert engine.happened[0] == "p1 played"


@pytest.mark.rule("G-2")
async def test_a_hangup_in_between_does_not_keep_it_from_telling(
    server: AgiServer, engine: Engine
) -> None:
    engine.orders = (AgiPlay("a", "p1", "sound:beep"), DONE)
    channel = await run(server, answers=("HANGUP\n200 result=-1 endpos=0",))
    assert channel.variables["RECORDBRIDGE_STATUS"] == "DONE"


async def test_usage_in_several_lines_is_one_answer(server: AgiServer, engine: Engine) -> None:
    engine.orders = (AgiAnswer("a"), DONE)
    channel = await run(server, answers=("520-Invalid\nUsage\n520 End of usage",))
    assert channel.variables["RECORDBRIDGE_STATUS"] == "DONE"
    assert engine.happened == ["left"]


@pytest.mark.rule("G-4")
async def test_a_broken_connection_is_told(server: AgiServer, engine: Engine) -> None:
    engine.orders = ()
    channel = await Channel.connect(server.port)
    channel.greet()
    await engine.asked.wait()
    channel.close()
    async with asyncio.timeout(5):
        await engine.gone.wait()
    assert engine.happened == ["left"]


@pytest.mark.rule("G-4")
async def test_the_end_of_the_service_ends_connections(engine: Engine) -> None:
    engine.orders = ()
    async with AgiServer(door(engine), "127.0.0.1", 0, LOOPBACK) as server:
        channel = await Channel.connect(server.port)
        channel.greet()
        await engine.asked.wait()
    async with asyncio.timeout(5):
        assert await channel.line() == ""
    assert engine.happened == ["left"]
    channel.close()


@pytest.mark.rule("G-2")
@pytest.mark.parametrize("error", [PbxUnavailableError("away"), StorageError("away")])
async def test_what_cannot_be_begun_has_failed(
    server: AgiServer, engine: Engine, error: PbxError | StorageError
) -> None:
    engine.error = error
    channel = await run(server)
    assert channel.commands[0] == 'VERBOSE "recordbridge: away" 1'
    assert channel.variables["RECORDBRIDGE_STATUS"] == "FAILED"


@pytest.mark.rule("G-3")
async def test_a_stranger_is_closed_at_once(engine: Engine) -> None:
    networks = (ip_network("192.0.2.0/24"), ip_network("::/0"))
    async with AgiServer(door(engine), "127.0.0.1", 0, networks) as server:
        channel = await Channel.connect(server.port)
        assert await channel.line() == ""
        channel.close()
    assert not engine.wanted


@pytest.mark.rule("G-3")
async def test_a_flood_is_bounded_and_ends(engine: Engine) -> None:
    engine.orders = ()
    async with AgiServer(door(engine), "127.0.0.1", 0, LOOPBACK, most=2) as server:
        first = [await Channel.connect(server.port) for _ in range(2)]
        for each in first:
            each.greet()
        while len(engine.wanted) < 2:
            await asyncio.sleep(0)
        more = [await Channel.connect(server.port) for _ in range(20)]
        assert [await each.line() for each in more] == [""] * 20
        first[0].close()
        await engine.gone.wait()
        engine.orders = (DONE,)
        assert (await run(server)).variables["RECORDBRIDGE_STATUS"] == "DONE"
        for each in (*first, *more):
            each.close()


async def test_a_greeting_without_an_end_is_given_up(server: AgiServer, engine: Engine) -> None:
    channel = await Channel.connect(server.port)
    channel.say(*(f"agi_arg_{at}: x" for at in range(1, 400)))
    async with asyncio.timeout(5):
        assert await channel.line() == ""
    assert not engine.wanted
    channel.close()


@pytest.mark.rule("G-3")
@pytest.mark.parametrize("arguments", [["maxLength=5"], ["nonsense"]])
async def test_one_that_answers_nothing_is_given_up(
    server: AgiServer, engine: Engine, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Neither a wrong Asterisk nor one that hangs holds a place for ever."""
    monkeypatch.setattr(connection, "ANSWER_S", 0.1)
    channel = await Channel.connect(server.port)
    channel.greet(arguments)
    async with asyncio.timeout(5):
        while await channel.line():
            pass
    channel.close()


@pytest.mark.rule("G-3")
async def test_one_that_greets_too_slowly_is_given_up(
    server: AgiServer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "GREETING_S", 0.1)
    channel = await Channel.connect(server.port)
    channel.say("agi_network: yes")
    async with asyncio.timeout(5):
        assert await channel.line() == ""
    assert not engine.wanted
    channel.close()


async def test_an_address_that_is_taken_is_told(server: AgiServer, engine: Engine) -> None:
    with pytest.raises(ListenError, match=rf"agi.listen: 127.0.0.1:{server.port} cannot be"):
        await AgiServer(door(engine), "127.0.0.1", server.port, LOOPBACK).__aenter__()
