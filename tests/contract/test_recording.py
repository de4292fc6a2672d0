"""Calls recorded over a snoop: which facts come, in which order, and what the files hold."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest

from recordbridge import ids
from recordbridge.errors import PbxGoneError
from recordbridge.machine import facts, intents
from tests.contract.cable import Cable
from tests.contract.conftest import Caller, Exchange
from tests.contract.driver import Driver, Told


async def enter(driver: Driver, exchange: Exchange, **audio: object) -> Caller:
    caller = await exchange.calls.call("100", **audio)  # type: ignore[arg-type]  # talk_s, then
    entered = await driver.expect(facts.CallEntered)
    driver.channel_id = entered.channel_id
    return caller


async def snoop(driver: Driver, *, answer: bool = True) -> str:
    snoop_id = driver.id("snoop")
    driver.perform(intents.BeginSnoop(driver.channel_id, snoop_id, "in"))
    if answer:
        driver.perform(intents.Answer(driver.channel_id))
    await driver.expect(facts.SnoopEntered)
    while answer and not driver.told.of(facts.CallAnswered):  # which of both comes first varies
        await driver.told.changed()
    return snoop_id


async def record(driver: Driver, *, silence_s: int = 0, longest_s: int = 0) -> str:
    snoop_id, name = driver.id("snoop"), driver.id("rec")
    driver.perform(intents.BeginCapture(driver.channel_id, snoop_id, name, silence_s, longest_s))
    await driver.expect(facts.CaptureBegan)
    return name


async def file_of(driver: Driver, name: str, folder: Path) -> tuple[float, int]:
    """Seconds and loudest sample of Asterisk's file; checks that its header is right."""
    path = await driver.pbx.fetch_recording(name, folder / "fetched.wav")
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        pcm = file.readframes(file.getnframes())
    assert path.stat().st_size == 44 + len(pcm)
    return len(pcm) / 16000, max(abs(each) for each in memoryview(pcm).cast("h"))


async def test_a_call_enters_with_its_numbers_and_our_clock(
    driver: Driver, exchange: Exchange
) -> None:
    before = driver.clock()
    await exchange.calls.call("100", caller="15551230009")
    entered = await driver.expect(facts.CallEntered)
    assert (entered.caller, entered.dialled, entered.answered) == ("15551230009", "100", False)
    assert before - 5 <= entered.at <= driver.clock() + 5
    assert driver.call_uuid == ids.call_uuid("pbx", entered.channel_id)


async def test_stop_by_command(driver: Driver, exchange: Exchange, tmp_path: Path) -> None:
    """The file is whole when CaptureEnded comes; a second stop is no news."""
    await enter(driver, exchange)
    await snoop(driver)
    name = await record(driver)
    await asyncio.sleep(1)
    stop = intents.EndCapture(driver.channel_id, name)
    driver.perform(stop, stop)
    await driver.expect(facts.CaptureEnded)
    seconds, loudest = await file_of(driver, name, tmp_path)
    assert 0.8 < seconds < 1.3
    assert loudest > 1000
    driver.perform(stop, intents.HangUp(driver.channel_id))
    await driver.expect(facts.CallDestroyed)
    assert not driver.told.of(facts.CommandRefused)


async def test_caller_hangs_up_while_recorded(
    driver: Driver, exchange: Exchange, told: Told, tmp_path: Path
) -> None:
    """The call is gone some milliseconds before the recording on its snoop has ended."""
    caller = await enter(driver, exchange)
    await snoop(driver)
    name = await record(driver)
    await asyncio.sleep(0.5)
    await caller.hangup()
    await driver.expect(facts.SnoopLeft)
    assert told.kinds()[-5:] == [
        "HangupRequested",
        "CallLeft",
        "CallDestroyed",
        "CaptureEnded",
        "SnoopLeft",
    ]
    assert told.of(facts.CallDestroyed)[0].cause == 16
    seconds, _ = await file_of(driver, name, tmp_path)
    assert 0.3 < seconds < 0.9


@pytest.mark.parametrize("then", ["silence", "mute"])
async def test_silence_ends_it_and_is_trimmed(
    driver: Driver, exchange: Exchange, tmp_path: Path, then: str
) -> None:
    """Also when the phone sends no RTP at all: a snoop keeps wall-clock time."""
    await enter(driver, exchange, talk_s=1, then=then)
    await snoop(driver)
    began = driver.clock()
    name = await record(driver, silence_s=1, longest_s=30)
    ended = await driver.expect(facts.CaptureEnded)
    assert 1900 < ended.at - began < 2700
    seconds, _ = await file_of(driver, name, tmp_path)
    assert 1.0 < seconds < 1.45


async def test_longest_duration_overshoots(
    driver: Driver, exchange: Exchange, tmp_path: Path
) -> None:
    await enter(driver, exchange, talk_s=9)
    await snoop(driver)
    name = await record(driver, longest_s=1)
    await driver.expect(facts.CaptureEnded)
    seconds, _ = await file_of(driver, name, tmp_path)
    assert 0.95 < seconds <= 2.1


async def test_recording_may_begin_before_the_answer(
    driver: Driver, exchange: Exchange, tmp_path: Path
) -> None:
    await enter(driver, exchange)
    await snoop(driver, answer=False)
    name = await record(driver)
    driver.perform(intents.Answer(driver.channel_id))
    await driver.expect(facts.CallAnswered)
    await asyncio.sleep(0.5)
    driver.perform(intents.EndCapture(driver.channel_id, name))
    await driver.expect(facts.CaptureEnded)
    _, loudest = await file_of(driver, name, tmp_path)
    assert loudest > 1000


async def test_a_key_is_told_with_its_duration(driver: Driver, exchange: Exchange) -> None:
    caller = await enter(driver, exchange)
    driver.perform(intents.Answer(driver.channel_id))
    await driver.expect(facts.CallAnswered)
    await asyncio.sleep(0.3)
    await caller.press("#", duration_ms=120)
    pressed = await driver.expect(facts.KeyPressed)
    assert pressed.key == "#"
    assert 100 <= pressed.duration_ms <= 140
    assert abs(pressed.at - driver.clock()) < 300


async def test_repeats_of_ours_are_no_failures(driver: Driver, exchange: Exchange) -> None:
    """E-7, design "Repeating": a taken snoop id and a taken recording name are our own."""
    await enter(driver, exchange)
    snoop_id = await snoop(driver)
    driver.perform(intents.BeginSnoop(driver.channel_id, snoop_id, "in"))
    await driver.expect(facts.SnoopEntered)
    name = await record(driver)
    driver.perform(intents.BeginCapture(driver.channel_id, snoop_id, name))
    driver.perform(intents.EndCapture(driver.channel_id, name))
    await driver.expect(facts.CaptureEnded)
    driver.perform(intents.BeginCapture(driver.channel_id, snoop_id, name))
    await driver.expect(facts.CaptureEnded)
    driver.perform(intents.EndSnoop(driver.channel_id, snoop_id))
    await driver.expect(facts.SnoopLeft)
    assert not driver.told.of(facts.CommandRefused)


async def test_playback_to_its_end_stopped_and_failed(driver: Driver, exchange: Exchange) -> None:
    await enter(driver, exchange)
    driver.perform(intents.Answer(driver.channel_id))
    channel = driver.channel_id
    driver.perform(intents.BeginPlayback(channel, driver.id("play", 1), "sound:beep"))
    began = await driver.expect(facts.PlaybackBegan)
    ended = await driver.expect(facts.PlaybackEnded)
    assert 380 <= ended.at - began.at <= 520
    assert not ended.failed
    driver.perform(intents.BeginPlayback(channel, driver.id("play", 2), "sound:no-such"))
    assert (await driver.expect(facts.PlaybackEnded)).failed
    driver.perform(intents.BeginPlayback(channel, driver.id("play", 3), "sound:demo-congrats"))
    await driver.expect(facts.PlaybackBegan)
    driver.perform(intents.EndPlayback(channel, driver.id("play", 3)))
    assert not (await driver.expect(facts.PlaybackEnded)).failed


async def test_a_playback_that_is_lost(driver: Driver, exchange: Exchange) -> None:
    """No event tells its end; whoever asks is told that it is gone. One that plays is no news."""
    await enter(driver, exchange)
    driver.perform(intents.Answer(driver.channel_id))
    channel, plays, lost = driver.channel_id, driver.id("play", 1), driver.id("play", 2)
    driver.perform(intents.BeginPlayback(channel, lost, "recording:none"))
    await driver.expect(facts.PlaybackBegan)
    driver.perform(intents.BeginPlayback(channel, plays, "sound:demo-congrats"))
    await driver.expect(facts.PlaybackBegan)
    driver.perform(intents.FindPlayback(channel, plays), intents.FindPlayback(channel, lost))
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.object_id, refused.command, refused.gone) == (lost, "FindPlayback", True)
    driver.perform(intents.EndPlayback(channel, plays))
    assert (await driver.expect(facts.PlaybackEnded)).playback_id == plays
    assert len(driver.told.of(facts.CommandRefused)) == 1


async def test_an_answer_behind_a_playback_holds_up_nobody_else(
    driver: Driver, exchange: Exchange
) -> None:
    """Asterisk answers it only when the playback is over; other commands must not wait."""
    await enter(driver, exchange)
    channel, playback = driver.channel_id, driver.id("play")
    driver.perform(intents.BeginPlayback(channel, playback, "sound:demo-congrats"))
    await driver.expect(facts.PlaybackBegan)
    driver.perform(intents.Answer(channel))
    snoop_id = driver.id("snoop")
    driver.perform(intents.BeginSnoop(channel, snoop_id, "in"))
    driver.perform(intents.EndPlayback(channel, playback))
    await driver.expect(facts.PlaybackEnded)
    await driver.expect(facts.CallAnswered)


async def test_commands_for_what_is_gone(driver: Driver, exchange: Exchange) -> None:
    await enter(driver, exchange)
    driver.perform(intents.HangUp(driver.channel_id, "rejected"))
    await driver.expect(facts.CallDestroyed)
    await asyncio.sleep(0.1)
    driver.perform(intents.BeginSnoop(driver.channel_id, driver.id("snoop"), "both"))
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.object_id, refused.command) == (driver.id("snoop"), "BeginSnoop")
    assert refused.gone
    seen = await driver.look()
    assert not seen.channel


async def test_what_ended_while_the_line_was_cut(
    driver: Driver, exchange: Exchange, cable: Cable, told: Told, tmp_path: Path
) -> None:
    """Nothing is replayed: after the reconnect it is found by looking (N-3)."""
    await enter(driver, exchange, talk_s=9)
    snoop_id = await snoop(driver)
    name = await record(driver, longest_s=1)
    seen = await driver.look(name)
    assert (seen.channel, seen.answered, seen.live, seen.snoops) == (
        True,
        True,
        (name,),
        (snoop_id,),
    )
    await cable.cut()
    while not told.downs:
        await told.changed()
    await asyncio.sleep(2.2)
    await cable.mend()
    await driver.until_connected()
    assert told.ups == 2
    seen = await driver.look(name)
    assert (seen.channel, seen.live, seen.snoops) == (True, (), (snoop_id,))
    seconds, _ = await file_of(driver, name, tmp_path)
    assert seconds > 0.9
    assert [call for call, _ in await driver.calls_present()] == [driver.call_uuid]
    driver.perform(intents.HangUp(driver.channel_id))
    await driver.expect(facts.CallDestroyed)


async def test_a_recording_is_deleted_once_and_for_all(
    driver: Driver, exchange: Exchange, tmp_path: Path
) -> None:
    await enter(driver, exchange)
    await snoop(driver)
    name = await record(driver)
    driver.perform(intents.EndCapture(driver.channel_id, name))
    await driver.expect(facts.CaptureEnded)
    await driver.pbx.delete_recordings([name])
    await driver.pbx.delete_recordings([name])
    with pytest.raises(PbxGoneError):
        await driver.pbx.fetch_recording(name, tmp_path / "none.wav")
    assert not (tmp_path / "none.wav").exists()
