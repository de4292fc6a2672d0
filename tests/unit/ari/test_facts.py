"""Which facts each event gives, whose they are, and when they were."""

from __future__ import annotations

import pytest

from recordbridge import ids, instant
from recordbridge.ari import events
from recordbridge.ari.facts import Translator
from recordbridge.machine import facts

WHEN = "2026-03-17T08:32:35.709-0600"
AT = instant.from_asterisk(WHEN)
MAIN = events.Channel(
    "c-1",
    "PJSIP/a-1",
    "Up",
    events.Caller("Ann", "1555"),
    events.Dialplan("100", "Stasis", "recordbridge,a=b"),
)
CALL = ids.call_uuid("pbx", "c-1")
SNOOP = events.Channel(ids.object_id(CALL, "snoop", 1), "Snoop/c-1-00000001", "Up")
NAME = ids.object_id(CALL, "rec", 1)
LEG = events.Channel(ids.object_id(CALL, "leg", 1), "PJSIP/b-1", "Up")


@pytest.fixture
def translator() -> Translator:
    return Translator("pbx")


def bridged(bridge: str, channel: events.Channel = MAIN) -> events.ChannelEnteredBridge:
    return events.ChannelEnteredBridge(
        timestamp=WHEN, channel=channel, bridge=events.Bridge(id=bridge)
    )


def hangup(**fields: object) -> events.ChannelHangupRequest:
    return events.ChannelHangupRequest(timestamp=WHEN, channel=MAIN, **fields)  # type: ignore[arg-type]  # cause, soft


CASES = [
    (
        events.StasisStart(timestamp=WHEN, channel=MAIN, args=["application=sales", "x=a=b", "k"]),
        facts.CallEntered(
            AT, "c-1", "1555", "Ann", "100", True, {"application": "sales", "x": "a=b", "k": ""}
        ),
    ),
    (events.StasisStart(timestamp=WHEN, channel=SNOOP), facts.SnoopEntered(SNOOP.id)),
    (events.StasisEnd(timestamp=WHEN, channel=MAIN), facts.CallLeft(AT)),
    (events.StasisEnd(timestamp=WHEN, channel=SNOOP), facts.SnoopLeft(SNOOP.id)),
    (events.ChannelStateChange(timestamp=WHEN, channel=MAIN), facts.CallAnswered(AT)),
    (
        events.ChannelDestroyed(timestamp=WHEN, channel=MAIN, cause=17, cause_txt="User busy"),
        facts.CallDestroyed(AT, 17, "User busy"),
    ),
    (hangup(cause=17), facts.HangupRequested(AT, 17)),
    (bridged("somebodys"), facts.MovedElsewhere("somebodys")),
    (hangup(cause=32, soft=True), facts.HangupRequested(AT, 0)),
    (hangup(), facts.HangupRequested(AT, 16)),
    (
        events.ChannelDtmfReceived(timestamp=WHEN, channel=MAIN, digit="#", duration_ms=120),
        facts.KeyPressed(AT, "#", 120),
    ),
    (events.Dial(timestamp=WHEN, peer=LEG, dialstatus="RINGING"), facts.LegRinging(LEG.id, AT)),
    (events.ChannelStateChange(timestamp=WHEN, channel=LEG), facts.LegAnswered(LEG.id, AT)),
    (
        events.ChannelDestroyed(timestamp=WHEN, channel=LEG, cause=17),
        facts.LegEnded(LEG.id, AT, 17),
    ),
    (
        events.ChannelDtmfReceived(timestamp=WHEN, channel=LEG, digit="5", duration_ms=90),
        facts.LegKeyPressed(LEG.id, AT, "5", 90),
    ),
    (
        events.ChannelTalkingStarted(timestamp=WHEN, channel=SNOOP),
        facts.Talking(SNOOP.id, AT, True),
    ),
    (
        events.PlaybackStarted(timestamp=WHEN, playback=events.Playback(NAME, "playing")),
        facts.PlaybackBegan(NAME, AT),
    ),
    (
        events.PlaybackFinished(timestamp=WHEN, playback=events.Playback(NAME, "done")),
        facts.PlaybackEnded(NAME, AT),
    ),
    (
        events.PlaybackFinished(timestamp=WHEN, playback=events.Playback(NAME, "failed")),
        facts.PlaybackEnded(NAME, AT, failed=True),
    ),
    (
        events.RecordingStarted(timestamp=WHEN, recording=events.Recording(NAME)),
        facts.CaptureBegan(NAME, AT),
    ),
    (
        events.RecordingFinished(timestamp=WHEN, recording=events.Recording(NAME)),
        facts.CaptureEnded(NAME, AT),
    ),
    (
        events.RecordingFailed(timestamp=WHEN, recording=events.Recording(NAME, "no answer")),
        facts.CaptureFailed(NAME, "no answer"),
    ),
]


@pytest.mark.rule("E-7")
@pytest.mark.parametrize(("event", "fact"), CASES, ids=lambda case: type(case).__name__)
def test_each_event_gives_its_fact(
    translator: Translator, event: events.Known, fact: facts.Fact
) -> None:
    assert translator.facts(event) == ((CALL, fact),)


@pytest.mark.parametrize(
    "event",
    [
        events.ChannelStateChange(timestamp=WHEN, channel=events.Channel("c-1", "X", "Ringing")),
        events.ChannelDtmfReceived(timestamp=WHEN, channel=SNOOP, digit="1"),
        events.StasisStart(timestamp=WHEN, channel=events.Channel("s", "Snoop/other-1")),
        events.RecordingStarted(timestamp=WHEN, recording=events.Recording("somebody-elses")),
        events.StasisStart(timestamp=WHEN, channel=LEG, args=["leg", "30"]),
        events.ChannelStateChange(timestamp=WHEN, channel=events.Channel(LEG.id, LEG.name, "Down")),
        events.ChannelHangupRequest(timestamp=WHEN, channel=LEG, cause=17),
        bridged("somebodys", LEG),
        bridged(ids.object_id(CALL, "bridge", 2)),
        events.Dial(timestamp=WHEN, peer=LEG, dialstatus="ANSWER"),
        events.Dial(timestamp=WHEN, peer=events.Channel("theirs"), dialstatus="RINGING"),
        events.ChannelDestroyed(timestamp=WHEN, channel=events.Channel(LEG.id + ";2", "Local/b")),
        events.Unknown("ChannelVarset"),
    ],
)
def test_what_is_not_ours_gives_nothing(
    translator: Translator, event: events.Known | events.Unknown
) -> None:
    assert translator.facts(event) == ()


def test_leaving_after_a_hangup_request_is_the_end_of_the_channel(translator: Translator) -> None:
    """ChannelDestroyed itself never comes unless it was subscribed to."""
    translator.facts(hangup(cause=17))
    told = translator.facts(events.StasisEnd(timestamp=WHEN, channel=MAIN))
    assert told == ((CALL, facts.CallLeft(AT)), (CALL, facts.CallDestroyed(AT, 17)))


def test_our_own_hangup_has_the_cause_that_we_gave(translator: Translator) -> None:
    """Of a soft hangup Asterisk tells a flag, not a cause."""
    translator.hangs_up("c-1", 17)
    assert translator.facts(hangup(cause=32, soft=True)) == ((CALL, facts.HangupRequested(AT, 17)),)
    told = translator.facts(events.StasisEnd(timestamp=WHEN, channel=MAIN))
    assert told == ((CALL, facts.CallLeft(AT)), (CALL, facts.CallDestroyed(AT, 17)))


def test_a_leg_rings_once(translator: Translator) -> None:
    """180 and 183 may both come, and each several times."""
    statuses = ("", "RINGING", "PROGRESS", "RINGING")
    told = [
        translator.facts(events.Dial(timestamp=WHEN, peer=LEG, dialstatus=each))
        for each in statuses
    ]
    early = facts.LegEarly(LEG.id, AT)
    assert told == [(), ((CALL, facts.LegRinging(LEG.id, AT)),), ((CALL, early),), ()]


def test_a_leg_that_is_heard_at_once_rings_too(translator: Translator) -> None:
    told = [
        translator.facts(events.Dial(timestamp=WHEN, peer=LEG, dialstatus="PROGRESS"))
        for _ in range(2)
    ]
    ringing, early = facts.LegRinging(LEG.id, AT), facts.LegEarly(LEG.id, AT)
    assert told == [((CALL, ringing), (CALL, early)), ()]


@pytest.mark.parametrize(
    ("before", "cause"),
    [
        (["RINGING"], 19),
        ([], 16),
        (["RINGING", "answered"], 16),
        (["RINGING", "ended by us"], 16),
    ],
)
def test_a_leg_that_only_rang_was_not_answered(
    translator: Translator, before: list[str], cause: int
) -> None:
    """Asterisk 16 says 16 when the time to ring is up."""
    for each in before:
        if each == "answered":
            translator.facts(events.ChannelStateChange(timestamp=WHEN, channel=LEG))
        elif each == "ended by us":
            translator.legs.hangs_up(LEG.id)
        else:
            translator.facts(events.Dial(timestamp=WHEN, peer=LEG, dialstatus=each))
    told = translator.facts(events.ChannelDestroyed(timestamp=WHEN, channel=LEG, cause=16))
    assert told == ((CALL, facts.LegEnded(LEG.id, AT, cause)),)


def test_instants_are_in_our_clock(translator: Translator) -> None:
    translator.offset_ms = 1500
    told = translator.facts(events.ChannelStateChange(timestamp=WHEN, channel=MAIN))
    assert told == ((CALL, facts.CallAnswered(AT - 1500)),)


def test_talking_ended_when_it_did_not_when_it_was_noticed(translator: Translator) -> None:
    translator.facts(events.ChannelTalkingStarted(timestamp=WHEN, channel=SNOOP))
    late = "2026-03-17T08:32:39.209-0600"
    told = translator.facts(
        events.ChannelTalkingFinished(timestamp=late, channel=SNOOP, duration=3000)
    )
    assert told == ((CALL, facts.Talking(SNOOP.id, AT + 3000, speaking=False)),)
