"""A caller and a leg together: who hears whom, keys from both sides, who leaves."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest

from recordbridge.machine import facts, intents
from tests.contract.conftest import Callee, Caller, Exchange
from tests.contract.driver import Driver, Told
from tests.contract.test_dialling import enter, leg, of_legs

LOUD = 300


async def answered(driver: Driver, exchange: Exchange, script: str = "talk") -> Callee:
    """A leg that is up, for a caller who is up."""
    driver.perform(intents.Answer(driver.channel_id), leg(driver, script))
    await driver.expect(facts.LegAnswered)
    return await exchange.calls.callee()


async def join(driver: Driver) -> None:
    """The caller and the leg in a bridge; returns when they are."""
    bridge, members = driver.id("bridge"), (driver.channel_id, driver.id("leg"))
    driver.perform(
        intents.MakeBridge(driver.channel_id, bridge),
        intents.JoinBridge(driver.channel_id, bridge, members),
    )
    await asyncio.sleep(0.3)


async def bridged(driver: Driver, exchange: Exchange, script: str = "talk") -> Callee:
    callee = await answered(driver, exchange, script)
    await join(driver)
    return callee


async def capture(driver: Driver, *directions: str) -> dict[str, str]:
    """Recordings of the caller's channel, by direction."""
    names = {}
    for number, direction in enumerate(directions, 1):
        snoop_id, name = driver.id("snoop", number), driver.id("rec", number)
        assert direction in ("in", "out")
        driver.perform(
            intents.BeginSnoop(driver.channel_id, snoop_id, direction)  # type: ignore[arg-type]  # asserted
        )
        await driver.expect(facts.SnoopEntered)
        driver.perform(intents.BeginCapture(driver.channel_id, snoop_id, name))
        await driver.expect(facts.CaptureBegan)
        names[direction] = name
    return names


async def loudness(driver: Driver, names: dict[str, str], folder: Path) -> dict[str, float]:
    """End the recordings; how much of each was loud, 0 to 1."""
    heard = {}
    for direction, name in names.items():
        driver.perform(intents.EndCapture(driver.channel_id, name))
        await driver.expect(facts.CaptureEnded)
        path = await driver.pbx.fetch_recording(name, folder / f"{direction}.wav")
        with wave.open(str(path)) as file:
            pcm = memoryview(file.readframes(file.getnframes())).cast("h")
        frames = [pcm[at : at + 800] for at in range(0, len(pcm), 800)]
        heard[direction] = sum(max(map(abs, each)) > LOUD for each in frames) / len(frames)
    return heard


@pytest.mark.rule("S-7")
async def test_both_directions_of_a_bridged_call(
    driver: Driver, exchange: Exchange, tmp_path: Path
) -> None:
    """`in` has the caller, `out` the called party: here each speaks while the other does not."""
    await enter(driver, exchange, talk_s=0.5)
    await bridged(driver, exchange)
    await asyncio.sleep(0.4)
    names = await capture(driver, "in", "out")
    await asyncio.sleep(1)
    heard = await loudness(driver, names, tmp_path)
    assert heard["in"] < 0.2
    assert heard["out"] > 0.6


async def test_keys_from_both_sides(driver: Driver, exchange: Exchange, told: Told) -> None:
    caller = await enter(driver, exchange)
    callee = await answered(driver, exchange)
    await callee.press("4")
    alone = await driver.expect(facts.LegKeyPressed)
    await join(driver)
    await callee.press("5", duration_ms=120)
    pressed = await driver.expect(facts.LegKeyPressed)
    assert (alone.key, pressed.key, pressed.leg_id) == ("4", "5", driver.id("leg"))
    assert 100 <= pressed.duration_ms <= 200
    await caller.press("6")
    assert (await driver.expect(facts.KeyPressed)).key == "6"
    assert len(told.of(facts.LegKeyPressed)) == 2


async def test_the_called_party_hangs_up(driver: Driver, exchange: Exchange, told: Told) -> None:
    """The caller stays; the bridge can be left and ended twice."""
    await enter(driver, exchange)
    callee = await bridged(driver, exchange)
    await callee.hangup()
    assert (await driver.expect(facts.LegEnded)).cause == 16
    leave = intents.LeaveBridge(driver.channel_id, driver.id("bridge"))
    end = intents.EndBridge(driver.channel_id, driver.id("bridge"))
    driver.perform(leave, leave, end, end, leave)
    driver.perform(intents.BeginPlayback(driver.channel_id, driver.id("play"), "sound:beep"))
    assert not (await driver.expect(facts.PlaybackEnded)).failed
    assert not told.of(facts.CommandRefused)
    assert not told.of(facts.CallDestroyed)


async def test_the_caller_hangs_up(driver: Driver, exchange: Exchange, told: Told) -> None:
    """The leg stays until it is ended."""
    caller = await enter(driver, exchange)
    await bridged(driver, exchange)
    await caller.hangup()
    assert (await driver.expect(facts.CallDestroyed)).cause == 16
    await asyncio.sleep(0.1)
    assert of_legs(told) == ["LegAnswered"]
    driver.perform(
        intents.EndLeg(driver.channel_id, driver.id("leg")),
        intents.EndBridge(driver.channel_id, driver.id("bridge")),
    )
    await driver.expect(facts.LegEnded)


async def test_after_the_bridge_both_are_still_there(driver: Driver, exchange: Exchange) -> None:
    await enter(driver, exchange)
    callee = await bridged(driver, exchange)
    driver.perform(intents.EndBridge(driver.channel_id, driver.id("bridge")))
    await asyncio.sleep(0.1)
    await callee.press("1")
    assert (await driver.expect(facts.LegKeyPressed)).key == "1"
    target = driver.id("leg")
    playback = driver.id("play")
    driver.perform(intents.BeginPlayback(driver.channel_id, playback, "sound:beep", target))
    assert not (await driver.expect(facts.PlaybackEnded)).failed


async def test_a_playback_to_the_leg_alone(
    driver: Driver, exchange: Exchange, tmp_path: Path
) -> None:
    """The caller does not hear it, neither before the bridge nor in it."""
    await enter(driver, exchange)
    await answered(driver, exchange, "hears-keys")
    names = await capture(driver, "out")
    playback = intents.BeginPlayback(
        driver.channel_id, driver.id("play"), "sound:hello-world", driver.id("leg")
    )
    driver.perform(playback)
    began = await driver.expect(facts.PlaybackBegan)
    ended = await driver.expect(facts.PlaybackEnded)
    assert ended.at - began.at > 1200
    assert (await loudness(driver, names, tmp_path))["out"] == 0


async def test_keys_are_sent_to_the_leg(driver: Driver, exchange: Exchange, told: Told) -> None:
    await enter(driver, exchange)
    callee = await answered(driver, exchange, "hears-keys")
    began = driver.clock()
    keys = [driver.id("keys", number) for number in (1, 2)]
    driver.perform(intents.SendKeys(driver.channel_id, keys[0], driver.id("leg"), "1w2"))
    assert (await driver.expect(facts.KeysSent)).keys_id == keys[0]
    assert 1000 <= driver.clock() - began <= 1400
    await join(driver)
    driver.perform(intents.SendKeys(driver.channel_id, keys[1], driver.id("leg"), "*0"))
    await driver.expect(facts.KeysSent)
    assert await asyncio.wait_for(callee.keys(), 3) == "12*0"
    assert not told.of(facts.KeyPressed)
    assert not told.of(facts.LegKeyPressed)


async def test_keys_to_nobody_end_at_once(driver: Driver, exchange: Exchange) -> None:
    await enter(driver, exchange)
    driver.perform(
        intents.SendKeys(driver.channel_id, driver.id("keys"), driver.id("leg"), "1WWW2")
    )
    assert (await driver.expect(facts.CommandRefused)).gone
    await asyncio.wait_for(driver.expect(facts.KeysSent), 0.5)


async def test_ringing_and_early_media(driver: Driver, exchange: Exchange, told: Told) -> None:
    """The unanswered caller is told that it rings, then hears what is played."""
    caller = await enter(driver, exchange)
    driver.perform(intents.Ring(driver.channel_id))
    await asyncio.wait_for(caller.rings(), 3)
    assert await caller.packets_heard() == 0
    driver.perform(
        intents.Ring(driver.channel_id, on=False),
        intents.Progress(driver.channel_id),
        intents.BeginPlayback(driver.channel_id, driver.id("play"), "sound:hello-world"),
    )
    assert not (await driver.expect(facts.PlaybackEnded)).failed
    assert await caller.packets_heard() > 50
    assert not told.of(facts.CallAnswered)
    assert not told.of(facts.CommandRefused)


async def test_a_leg_that_is_heard_before_it_answers(
    driver: Driver, exchange: Exchange, told: Told
) -> None:
    """It can be bridged with the unanswered caller, and hears tones; keys it cannot be sent."""
    await enter(driver, exchange)
    channel, leg, bridge = driver.channel_id, driver.id("leg"), driver.id("bridge")
    driver.perform(intents.BeginLeg(channel, leg, "PJSIP/early@carrier", "1555", "Ann", 20))
    assert (await driver.expect(facts.LegEarly)).leg_id == leg
    driver.perform(
        intents.Progress(channel),
        intents.MakeBridge(channel, bridge),
        intents.JoinBridge(channel, bridge, (channel, leg)),
        intents.SendTones(channel, driver.id("tones"), bridge, "1w2"),
    )
    assert (await driver.expect(facts.PlaybackBegan)).playback_id == driver.id("tones")
    assert not told.of(facts.CommandRefused)
    driver.perform(intents.SendKeys(channel, driver.id("keys"), leg, "5"))
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.command, refused.reason) == ("SendKeys", "Channel in invalid state")
    driver.perform(intents.EndPlayback(channel, driver.id("tones")))
    await driver.expect(facts.PlaybackEnded)
    driver.perform(
        intents.EndLeg(channel, leg),
        intents.LeaveBridge(channel, bridge),
        intents.EndBridge(channel, bridge),
    )
    await driver.expect(facts.LegEnded)
    assert not told.of(facts.CallAnswered)
    assert not told.of(facts.LegAnswered)


async def test_ringing_after_the_answer(driver: Driver, exchange: Exchange, tmp_path: Path) -> None:
    """A tone, which the called party's voice replaces."""
    await enter(driver, exchange)
    driver.perform(intents.Answer(driver.channel_id), intents.Ring(driver.channel_id))
    await driver.expect(facts.CallAnswered)
    names = await capture(driver, "out")
    await asyncio.sleep(0.5)
    assert (await loudness(driver, names, tmp_path))["out"] > 0.5
    driver.perform(intents.Ring(driver.channel_id, on=False))
    await asyncio.sleep(0.2)
    driver.perform(intents.BeginCapture(driver.channel_id, driver.id("snoop"), driver.id("rec", 5)))
    await driver.expect(facts.CaptureBegan)
    await asyncio.sleep(0.3)
    assert (await loudness(driver, {"out": driver.id("rec", 5)}, tmp_path))["out"] == 0


async def test_joining_behind_a_playback_holds_up_nobody_else(
    driver: Driver, exchange: Exchange
) -> None:
    """Asterisk answers it only when the playback is over; other commands must not wait."""
    await enter(driver, exchange)
    await answered(driver, exchange)
    channel, playback = driver.channel_id, driver.id("play")
    driver.perform(
        intents.BeginPlayback(channel, playback, "sound:demo-congrats", driver.id("leg"))
    )
    await driver.expect(facts.PlaybackBegan)
    await join(driver)
    snoop_id = driver.id("snoop")
    driver.perform(intents.BeginSnoop(channel, snoop_id, "in"))
    await asyncio.wait_for(driver.expect(facts.SnoopEntered), 1)
    driver.perform(intents.EndPlayback(channel, playback))
    await driver.expect(facts.PlaybackEnded)


async def test_repeats_are_no_failures(driver: Driver, exchange: Exchange, told: Told) -> None:
    """Design "Repeating": ids that are taken are taken by us."""
    await enter(driver, exchange)
    await bridged(driver, exchange)
    members = (driver.channel_id, driver.id("leg"))
    driver.perform(
        leg(driver, "talk"),
        intents.MakeBridge(driver.channel_id, driver.id("bridge")),
        intents.JoinBridge(driver.channel_id, driver.id("bridge"), members),
    )
    await asyncio.sleep(0.3)
    assert not told.of(facts.CommandRefused)
    driver.perform(intents.JoinBridge(driver.channel_id, driver.id("bridge", 2), members))
    refused = await driver.expect(facts.CommandRefused)
    assert (refused.object_id, refused.gone) == (driver.id("bridge", 2), True)


async def test_who_is_gone_cannot_join(driver: Driver, exchange: Exchange) -> None:
    caller: Caller = await enter(driver, exchange)
    await answered(driver, exchange)
    await caller.hangup()
    await driver.expect(facts.CallDestroyed)
    await join(driver)
    assert (await driver.expect(facts.CommandRefused)).command == "JoinBridge"
