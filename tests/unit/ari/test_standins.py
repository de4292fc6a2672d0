"""Channels that take another's place, as Asterisk's events tell it (S-1)."""

from __future__ import annotations

import pytest

from recordbridge import ids
from recordbridge.ari import events
from recordbridge.ari.facts import Facts, Translator
from recordbridge.ari.survey import note
from recordbridge.machine import facts
from recordbridge.ports.pbx import Belongings, Survey

pytestmark = pytest.mark.rule("S-1")

WHEN = "2026-03-17T08:32:35.709-0600"
CALL = ids.call_uuid("pbx", "c-1")
MAIN = events.Channel("c-1", "PJSIP/a-1", "Up")
LEG = events.Channel(ids.object_id(CALL, "leg", 1), "PJSIP/b-1", "Up")
NEW = events.Channel("x-1", "Local/9@default-1;1", "Up")
FROM_LEG = ["leg", "30"]


@pytest.fixture
def translator() -> Translator:
    return Translator("pbx")


def told(translator: Translator, event: events.Known) -> list[facts.Fact]:
    given: Facts = translator.facts(event)
    assert all(call == CALL for call, _ in given)
    return [fact for _, fact in given]


def entered(channel: events.Channel, old: events.Channel | None = None) -> events.StasisStart:
    return events.StasisStart(timestamp=WHEN, channel=channel, replace_channel=old)


def hung_up(channel: events.Channel) -> events.ChannelHangupRequest:
    return events.ChannelHangupRequest(timestamp=WHEN, channel=channel, cause=16)


def left(channel: events.Channel) -> events.StasisEnd:
    return events.StasisEnd(timestamp=WHEN, channel=channel)


@pytest.mark.parametrize("old", [MAIN, LEG], ids=["caller", "leg"])
def test_it_is_told_with_both_ids(translator: Translator, old: events.Channel) -> None:
    (fact,) = told(translator, entered(NEW, old))
    assert isinstance(fact, facts.ChannelReplaced)
    assert (fact.old_id, fact.new_id) == (old.id, NEW.id)


def test_the_new_caller_is_the_calls_own(translator: Translator) -> None:
    told(translator, entered(NEW, MAIN))
    assert translator.call_uuid(NEW.id) == CALL
    assert isinstance(told(translator, hung_up(NEW))[0], facts.HangupRequested)
    assert isinstance(told(translator, left(NEW))[-1], facts.CallDestroyed)


def test_the_old_caller_is_of_no_interest(translator: Translator) -> None:
    told(translator, entered(NEW, MAIN))
    destroyed = events.ChannelDestroyed(timestamp=WHEN, channel=MAIN, cause=16)
    key = events.ChannelDtmfReceived(timestamp=WHEN, channel=MAIN, digit="1")
    for event in (key, hung_up(MAIN), left(MAIN), destroyed):
        assert not told(translator, event)
    assert not translator.is_main_id(MAIN.id)


def test_the_new_leg_is_a_leg(translator: Translator) -> None:
    told(translator, entered(NEW, LEG))
    assert not translator.is_main_id(NEW.id)
    key = events.ChannelDtmfReceived(timestamp=WHEN, channel=NEW, digit="1")
    assert isinstance(told(translator, key)[0], facts.LegKeyPressed)
    told(translator, hung_up(NEW))
    (ended,) = told(translator, left(NEW))
    assert ended == facts.LegEnded(NEW.id, ended.at, 16)  # type: ignore[attr-defined]  # LegEnded


def test_a_transferred_leg_is_transferred_again(translator: Translator) -> None:
    other = events.Channel("x-2", "Local/8@default-2;1", "Up")
    told(translator, entered(NEW, LEG))
    (fact,) = told(translator, entered(other, NEW))
    assert isinstance(fact, facts.ChannelReplaced)
    assert translator.standins.leg("x-2") == CALL


@pytest.mark.rule("Q-2")
@pytest.mark.parametrize("leg", [LEG, NEW], ids=["ours", "stands in"])
def test_a_leg_that_leaves_without_a_hangup(translator: Translator, leg: events.Channel) -> None:
    told(translator, entered(NEW, LEG))
    (fact,) = told(translator, left(leg))
    assert isinstance(fact, facts.LegLeft)


def test_a_leg_that_is_hung_up_has_not_left(translator: Translator) -> None:
    """Its end has a cause, which ChannelDestroyed tells."""
    assert not told(translator, hung_up(LEG))
    assert not told(translator, left(LEG))


def test_a_leg_that_comes_back_by_the_dialplan_is_a_call(translator: Translator) -> None:
    told(translator, left(LEG))
    ((call, fact),) = translator.facts(entered(LEG))
    assert isinstance(fact, facts.CallEntered)
    assert call == ids.call_uuid("pbx", LEG.id) != CALL
    assert translator.is_main_id(LEG.id)


def test_what_replaces_a_strange_channel_is_not_ours(translator: Translator) -> None:
    snoop = events.Channel(ids.object_id(CALL, "snoop", 1), "Snoop/c-1-1", "Up")
    assert not told(translator, entered(NEW, snoop))


def test_after_a_restart_it_is_known_from_the_state(translator: Translator) -> None:
    translator.adopt(CALL, NEW.id, [MAIN.id], [LEG.id, "x-2"])
    assert translator.call_uuid(NEW.id) == CALL
    assert not translator.is_main_id(MAIN.id)
    assert not translator.is_main_id("x-2")
    assert translator.standins.leg("x-2") == CALL


BRIDGE = ids.object_id(CALL, "bridge", 2)


def found(*channels: events.Channel, members: tuple[str, ...]) -> tuple[Survey, Belongings]:
    """What is there after a gap: channels, and a bridge of the call with members."""
    of = Belongings(bridges={BRIDGE: members})
    survey = Survey(up_since=0, ours=set(), channels={}, calls={}, belongings={CALL: of})
    for each in channels:
        note(survey, each)
    return survey, of


@pytest.mark.rule("N-3")
def test_who_stands_for_a_leg_after_a_gap_is_one(translator: Translator) -> None:
    survey, of = found(MAIN, NEW, members=(MAIN.id, NEW.id))
    assert translator.standins.unheard(CALL, MAIN.id, survey, of) == NEW.id
    assert translator.standins.with_legs(CALL, of, survey.channels).legs == {NEW.id: "Up"}
    assert not translator.is_main_id(NEW.id), "and no call of its own"


@pytest.mark.rule("N-3")
def test_who_stands_for_the_caller_after_a_gap_is_the_calls_own(translator: Translator) -> None:
    survey, of = found(LEG, NEW, members=(LEG.id, NEW.id))
    assert translator.standins.unheard(CALL, MAIN.id, survey, of) == NEW.id
    assert translator.call_uuid(NEW.id) == CALL
    assert not translator.is_main_id(MAIN.id), "the transferer"


@pytest.mark.rule("N-3")
@pytest.mark.parametrize(
    "members",
    [(MAIN.id, LEG.id), (MAIN.id, "gone"), ("y-1", NEW.id), (LEG.id, "a-1")],
    ids=["all", "gone", "two", "keys are played to a leg"],
)
def test_nobody_is_taken_for_another_without_need(
    translator: Translator, members: tuple[str, ...]
) -> None:
    other = events.Channel("y-1", "Local/8@default-1;1", "Up")
    announcer = events.Channel("a-1", "Announcer/ARI-1;2", "Up")
    survey, of = found(MAIN, LEG, NEW, other, announcer, members=members)
    assert translator.standins.unheard(CALL, MAIN.id, survey, of) == ""
    assert translator.is_main_id(NEW.id)
