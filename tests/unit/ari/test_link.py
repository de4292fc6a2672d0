"""The link's life: connections that come and go, answers that do not come, events that are lost."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from recordbridge.ari import events, session
from recordbridge.errors import PbxUnavailableError, RecordbridgeError, StorageError
from recordbridge.machine import facts, intents
from tests.contract.driver import Driver, Told
from tests.fakeari import FakeAsterisk, FakeCall


async def enter(driver: Driver, fake: FakeAsterisk) -> FakeCall:
    call = await fake.call("100")
    await driver.expect(facts.CallEntered)
    driver.channel_id = call.channel_id
    return call


async def reconnected(driver: Driver, told: Told) -> None:
    while told.ups < 2:
        await told.changed()
    await driver.until_connected()


async def test_asterisk_is_told_which_events_we_want(driver: Driver, fake: FakeAsterisk) -> None:
    assert fake.allowed == set(events.USED)


@pytest.mark.rule("N-3")
@pytest.mark.parametrize("clean", [True, False])
async def test_any_end_of_the_socket_is_a_disconnect(
    driver: Driver, fake: FakeAsterisk, told: Told, clean: bool
) -> None:
    await fake.cut(clean=clean)
    await reconnected(driver, told)
    assert len(told.downs) == 1
    await enter(driver, fake)


@pytest.mark.rule("N-3")
async def test_an_asterisk_that_restarts_is_found_again(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    await fake.crash()
    while not told.downs:
        await told.changed()
    assert not driver.pbx.connected
    await fake.restart()
    await reconnected(driver, told)
    assert fake.allowed == set(events.USED)


async def test_connected_only_after_reconciling(driver: Driver, fake: FakeAsterisk) -> None:
    """Until `on_up` returns commands work and events flow, but no new work is accepted."""
    reconciling, go_on = asyncio.Event(), asyncio.Event()

    async def reconcile() -> None:
        reconciling.set()
        await go_on.wait()

    driver.pbx._on_up = reconcile
    await fake.cut()
    await reconciling.wait()
    assert not driver.pbx.connected
    await enter(driver, fake)
    driver.perform(intents.Answer(driver.channel_id))
    await driver.expect(facts.CallAnswered)
    go_on.set()
    await driver.until_connected()


async def test_commands_while_away_are_refused_but_not_gone(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    call = await enter(driver, fake)
    await fake.crash()
    while not told.downs:
        await told.changed()
    driver.perform(intents.Answer(call.channel_id))
    assert not told.of(facts.CommandRefused), "never re-entered"
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.command, refused.gone) == ("Answer", False)


async def test_a_command_whose_answer_was_lost_is_repeated(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    """The snoop was made before the line broke; making it again finds it there."""
    await enter(driver, fake)
    fake.faults.lose_answer("POST channels/*/snoop/*")
    fake.faults.drop("StasisStart")
    driver.perform(intents.BeginSnoop(driver.channel_id, driver.id("snoop"), "in"))
    await driver.expect(facts.SnoopEntered)
    assert sum("/snoop/" in each for each in fake.requests) == 2
    assert not told.of(facts.CommandRefused)


async def test_a_playback_is_never_repeated(driver: Driver, fake: FakeAsterisk) -> None:
    """It plays: its end will be told. (Asterisk would play a second one under the same id.)"""
    await enter(driver, fake)
    fake.faults.lose_answer("POST channels/*/play/*")
    playback = driver.id("play")
    driver.perform(intents.BeginPlayback(driver.channel_id, playback, "sound:hello-world"))
    ended = await driver.expect(facts.PlaybackEnded)
    assert ended.playback_id == playback
    assert sum("/play/" in each for each in fake.requests) == 1


async def test_a_playback_that_never_began_is_told(driver: Driver, fake: FakeAsterisk) -> None:
    await enter(driver, fake)
    fake.faults.delay("POST channels/*/play/*", 0.2)
    playback = driver.id("play")
    driver.perform(intents.BeginPlayback(driver.channel_id, playback, "sound:hello-world"))
    await fake.cut()
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.object_id, refused.gone) == (playback, False)


async def test_a_recording_that_ended_unheard_is_told_when_it_is_stopped(
    driver: Driver, fake: FakeAsterisk
) -> None:
    await enter(driver, fake)
    snoop, name = driver.id("snoop"), driver.id("rec")
    driver.perform(intents.BeginSnoop(driver.channel_id, snoop, "in"))
    await driver.expect(facts.SnoopEntered)
    driver.perform(intents.BeginCapture(driver.channel_id, snoop, name))
    await driver.expect(facts.CaptureBegan)
    fake.faults.drop("RecordingFinished")
    driver.perform(intents.EndCapture(driver.channel_id, name))
    await asyncio.sleep(0.1)
    driver.perform(intents.EndCapture(driver.channel_id, name))
    assert (await driver.expect(facts.CaptureEnded)).name == name


async def test_a_call_that_left_unheard_is_looked_for(driver: Driver, fake: FakeAsterisk) -> None:
    """Its hangup request was lost: only asking tells that the channel is gone."""
    call = await enter(driver, fake)
    fake.faults.drop("ChannelHangupRequest")
    await call.hangup()
    await driver.expect(facts.CallLeft)
    await driver.expect(facts.CallDestroyed)


async def test_a_snoop_on_a_call_that_is_gone(driver: Driver, fake: FakeAsterisk) -> None:
    """Asterisk's 500 says nothing; looking does."""
    call = await enter(driver, fake)
    fake.faults.refuse("POST channels/*/snoop/*", 500, "Snoop channel could not be created")
    driver.perform(intents.BeginSnoop(call.channel_id, driver.id("snoop"), "in"))
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.object_id, refused.gone) == (driver.id("snoop"), False)


async def test_a_failure_of_asterisks_is_told(driver: Driver, fake: FakeAsterisk) -> None:
    call = await enter(driver, fake)
    fake.faults.refuse("POST channels/*/answer", 500, "Failed to answer channel")
    driver.perform(intents.Answer(call.channel_id))
    refused = await driver.expect(facts.CommandRefused)
    assert refused.reason == "Failed to answer channel"


async def test_nonsense_on_the_socket_is_logged_and_forgotten(
    driver: Driver, fake: FakeAsterisk
) -> None:
    with capture_logs() as logs:
        for nonsense in ("{", "[]", '{"type":"StasisEnd","channel":3}', '{"type":"New"}'):
            fake.sockets["recordbridge"].send_text(nonsense)
        await enter(driver, fake)
    assert [each["event"] for each in logs] == [
        "ari_message_malformed",
        "ari_message_malformed",
        "ari_event_not_understood",
    ]


async def test_times_are_in_our_clock(fake: FakeAsterisk, driver: Driver, told: Told) -> None:
    fake.skew_ms = -90_000
    await fake.cut()
    await reconnected(driver, told)
    assert abs(driver.pbx.clock_offset_ms + 90_000) < 20
    await fake.call("100")
    entered = await driver.expect(facts.CallEntered)
    assert abs(entered.at - driver.clock()) < 100


@pytest.mark.rule("N-3")
async def test_calls_that_the_store_does_not_know_can_be_listed(
    driver: Driver, fake: FakeAsterisk
) -> None:
    call = await fake.call("200", args=("application=sales",), caller="1555")
    await driver.expect(facts.CallEntered)
    driver.perform(intents.BeginSnoop(call.channel_id, driver.id("snoop"), "in"))
    await driver.expect(facts.SnoopEntered)
    ((uuid, found),) = await driver.calls_present()
    assert isinstance(found, facts.CallEntered)
    assert (uuid, found.caller, found.dialled) == (driver.call_uuid, "1555", "200")
    assert found.args == {"application": "sales"}


@pytest.mark.rule("N-3")
async def test_a_socket_that_answers_no_commands_is_given_up(
    driver: Driver, fake: FakeAsterisk, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still answers pings; the command is repeated on the next one."""
    monkeypatch.setattr(session, "WATCH_S", 0.02)
    monkeypatch.setattr(session, "STALLED_S", 0.1)
    await fake.cut()
    await reconnected(driver, told)
    await enter(driver, fake)
    fake.rest_on_socket = False
    driver.perform(intents.Answer(driver.channel_id))
    while len(told.downs) < 2:
        await told.changed()
    assert "not answered" in told.downs[1]
    fake.rest_on_socket = True
    await driver.expect(facts.CallAnswered)


@pytest.mark.rule("X-8")
async def test_an_old_asterisk_gets_its_commands_by_http(
    driver: Driver, fake: FakeAsterisk, told: Told
) -> None:
    fake.version, fake.rest_on_socket = "16.28.0~dfsg-0+deb11u4", False
    await fake.cut()
    await reconnected(driver, told)
    await enter(driver, fake)
    driver.perform(intents.Answer(driver.channel_id))
    await driver.expect(facts.CallAnswered)


@pytest.mark.parametrize(
    "error", [PbxUnavailableError("GET channels/c: it failed"), StorageError("it is away")], ids=str
)
async def test_a_first_failure_to_reconcile_is_tried_again(
    driver: Driver, fake: FakeAsterisk, told: Told, error: RecordbridgeError
) -> None:
    """An engine that could not look has not reconciled: the link is not connected."""
    tries = 0

    async def reconcile() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise error
        await told.up()

    driver.pbx._on_up = reconcile
    await fake.cut()
    await reconnected(driver, told)
    assert tries == 2
