"""After a gap in the events: what Asterisk has now is taken for what happened (N-1, N-2, N-3).

    PbxLost   nothing new begins, and no deadline counts but those of files that are being read
    PbxSeen   what began, went on or ended meanwhile is made up for; what is missing is asked for
              again where that does no harm; what nobody needs is taken away

Of a recording that ended unheard Asterisk's file tells why (`life`). A playback of which no
beginning was heard is played again: better twice than not at all. A phone is never rung twice.
"""

from __future__ import annotations

from recordbridge.machine import (
    agi,
    capture,
    dial,
    dialing,
    doing,
    follow,
    gather,
    leftovers,
    life,
    missed,
    pausing,
    presence,
    prompts,
    record,
    renewal,
    transfer,
)
from recordbridge.machine import (
    facts as f,
)
from recordbridge.machine.intents import (
    Answer,
    BeginSnoop,
    Discard,
    EndBridge,
    EndCapture,
    EndLeg,
    EndSnoop,
    HangUp,
    JoinBridge,
    LoadFlow,
    MakeBridge,
)
from recordbridge.machine.progress import Dialing, Gathering, Prompting, leg_of
from recordbridge.machine.state import (
    LAG_MS,
    EndReason,
    Fetching,
    HangingUp,
    Playing,
    Recording,
    Sending,
    Tap,
    Taping,
    Waiting,
)
from recordbridge.machine.turn import Turn, replace

FILED = ("collecting", "done")
"""Phases in which Asterisk has closed the files."""
BEEP_MS = 500
"""How long after it was asked for a recording begins that nobody heard begin, with a beep."""
KILLED = "Asterisk was ended during the recording; this is what it had written"


def lost(turn: Turn, fact: f.PbxLost) -> None:
    """The connection is away. Files can be read all the same, if their folder is shared."""
    turn.change(away=True)
    if fact.restarted:
        for recording in turn.call.recordings:
            _collect(turn, recording)


def seen(turn: Turn, fact: f.PbxSeen) -> None:
    """The connection is back."""
    turn.change(away=False)
    turn.durable = True
    missed.forgotten(turn, fact)
    killed = _restarted(turn, fact)
    for known in turn.call.recordings:
        _begun(turn, known, fact)
    moved = bool(fact.stranger) and fact.stranger not in fact.legs
    for known in turn.call.recordings:
        _closed(turn, known, fact, killed=killed, moved=moved)
    if fact.stranger:
        transfer.unheard(turn, fact, moved=moved)
    _channel(turn, fact)
    for known in turn.call.recordings:
        _going_on(turn, known, fact)
        follow.seen(turn, turn.recording(known.recording_id) or known, fact, begun=moved)
    if turn.call.present:
        _element(turn, fact)
    renewal.seen(turn, fact)
    _strays(turn, fact)
    leftovers.seen(turn)


def _restarted(turn: Turn, fact: f.PbxSeen) -> bool:
    """N-2: it is not the Asterisk that the call has entered, or it was started after that, for all
    that is known of a call that an earlier release has kept.
    """
    call, since = turn.call, fact.up_since
    if since is None:
        return False
    return since > call.entered_at if call.up_since is None else since != call.up_since


# -- the channel


def _channel(turn: Turn, fact: f.PbxSeen) -> None:
    call = turn.call
    if not _there(turn, fact):
        presence.destroyed(turn, f.CallDestroyed(at=fact.at))
    elif fact.answered:
        presence.answered(turn, f.CallAnswered(at=fact.at))
    elif call.answering and not call.outside:
        turn.emit(Answer(channel_id=call.channel_id))
    if call.outside and not turn.call.over:
        presence.follow(turn)
        agi.follow_peer(turn)


def _there(turn: Turn, fact: f.PbxSeen) -> bool:
    return fact.exists if turn.call.outside else fact.channel


# -- recordings


def _names(recording: Recording) -> tuple[str, ...]:
    """The files that Asterisk should write now."""
    return tuple(life.capture_name(tap) for tap in recording.taps if not tap.lost)


def _begun(turn: Turn, recording: Recording, fact: f.PbxSeen) -> None:
    """Asterisk writes, or wrote, what we did not hear begin: not a sample of it is given up."""
    written = {*fact.live, *fact.stored}
    if recording.phase in ("preparing", "starting") and written.intersection(_names(recording)):
        beeped = recording.mode == "plain" and recording.element.play_beep
        at = recording.added_at
        if beeped:
            at = fact.at if set(_names(recording)) <= set(fact.live) else at + BEEP_MS
        recording = missed.found(turn, recording, at, guessed=beeped)
    if recording.phase == "answering" and (fact.answered or not _there(turn, fact)):
        captured = recording.captured_at
        assert captured is not None
        capture.run(turn, recording, captured - LAG_MS)


def _closed(turn: Turn, known: Recording, fact: f.PbxSeen, *, killed: bool, moved: bool) -> None:
    """Asterisk has closed a file of a recording that ran as far as we know."""
    recording = turn.recording(known.recording_id) or known
    live = set(_names(recording)) <= set(fact.live)
    if recording.phase in FILED or (live and not killed):
        return
    if killed:
        if recording.captured_at is None:
            capture.fail(turn, recording, KILLED)
        else:
            missed.ended(turn, recording, "failed", fact.at, KILLED)
    elif recording.phase == "running" and not recording.hushed and not recording.renewing:
        if _unbegun(recording, fact) or (moved and recording.background):
            return
        missed.ended(turn, recording, _why(turn, recording, fact), fact.at)


def _unbegun(recording: Recording, fact: f.PbxSeen) -> bool:
    """E-5: the files after a pause were asked for, and Asterisk never wrote them."""
    later = [tap for tap in recording.taps if tap.later and not tap.lost]
    written = {*fact.live, *fact.stored}
    return bool(later) and not any(life.capture_name(tap) in written for tap in later)


def _why(turn: Turn, recording: Recording, fact: f.PbxSeen) -> EndReason:
    """What is likely; the file may tell better."""
    if not _there(turn, fact):
        return "hangup"
    now = turn.call.flow.doing
    if recording.mode == "dial" and not (isinstance(now, Dialing) and now.winner in fact.legs):
        return "dialEnded"
    return "failed" if recording.background else "silence"


def _going_on(turn: Turn, known: Recording, fact: f.PbxSeen) -> None:
    recording = turn.recording(known.recording_id) or known
    live = set(_names(recording)) <= set(fact.live)
    match recording.phase:
        case "preparing":
            _prepare(turn, recording, fact)
        case "starting":
            if all(tap.snoop_id in fact.snoops for tap in recording.taps):
                capture.begin(turn, recording)
            else:
                _prepare(turn, turn.put(recording, phase="preparing"), fact)
        case "answering" if not live:
            capture.ended(turn, recording, recording.taps[0], fact.at)
        case "running":
            _running(turn, recording, fact)
        case "ending":
            _end(turn, recording, fact)
        case "collecting" | "done":
            _file(turn, recording, fact)
        case _:
            pass


def _running(turn: Turn, recording: Recording, fact: f.PbxSeen) -> None:
    """It goes on, or it is paused (E-5)."""
    missed.talk(turn, recording)
    recording = turn.recording(recording.recording_id) or recording
    if recording.hushed or recording.renewing or recording.coming:
        for tap in recording.taps:
            _close(turn, recording.recording_id, tap, fact)
        pausing.go_on(turn, turn.recording(recording.recording_id) or recording)
    elif _unbegun(recording, fact):
        capture.begin_files(turn, recording)
    else:
        pausing.found(turn, recording, set(fact.live))


def _close(turn: Turn, recording_id: str, tap: Tap, fact: f.PbxSeen) -> None:
    """A file that is to be closed: it is, or it is asked for once more."""
    recording = turn.recording(recording_id)
    if recording is None or tap.closed:
        return
    name = life.capture_name(tap)
    if name in fact.live:
        turn.emit(EndCapture(channel_id=turn.call.channel_id, name=name))
    else:
        capture.ended(turn, recording, tap, recording.stopped_at or fact.at)


def _prepare(turn: Turn, recording: Recording, fact: f.PbxSeen) -> None:
    """Not recorded yet: whatever is missing is asked for again, the beep included."""
    recording = turn.put(recording, deadline=turn.now + capture.START_MS)
    missed_beep = recording.beep_id and recording.beep_id not in fact.playbacks
    if missed_beep and not turn.call.outside:  # FastAGI's is no playback of ARI's
        recording = record.beep(turn, recording)
    for tap in recording.taps:
        current = turn.recording(recording.recording_id) or recording
        if tap.snoop_id in fact.snoops:
            capture.snoop_entered(turn, current, tap)
            continue
        capture.mark(turn, current, tap, ready=False)
        turn.emit(
            BeginSnoop(
                channel_id=turn.call.channel_id, snoop_id=tap.snoop_id, direction=tap.direction
            )
        )


def _end(turn: Turn, recording: Recording, fact: f.PbxSeen) -> None:
    turn.put(recording, deadline=turn.now + capture.CLOSE_MS)
    for tap in recording.taps:
        _close(turn, recording.recording_id, tap, fact)


def _file(turn: Turn, recording: Recording, fact: f.PbxSeen) -> None:
    """Collect again what may not have been; delete what is stored, or was never to be kept."""
    _collect(turn, recording)
    if recording.size is None and recording.captured_at is not None:
        return
    names = {*life.left_names(recording), *map(life.first_name, recording.taps)}
    left = tuple(name for name in fact.stored if name in names)
    if left:
        turn.emit(Discard(recording_id=recording.recording_id, names=left))


def _collect(turn: Turn, recording: Recording) -> None:
    """The time to read it begins anew (P-8)."""
    if recording.phase not in FILED or life.settled(recording):
        return
    if recording.phase == "collecting" and recording.frames is None:
        recording = turn.put(recording, deadline=turn.now + life.READ_MS)
    turn.emit(life.collection(turn, recording))


# -- the element that runs


def _element(turn: Turn, fact: f.PbxSeen) -> None:
    channel = turn.call.channel_id
    match turn.call.flow.doing:
        case Fetching(request_id=request_id, purpose="answer") if turn.call.profile.answer is None:
            turn.emit(LoadFlow(request_id=request_id))
        case Playing(prompting=prompting):
            doing.went_on(turn, "", _heard(turn, prompting, fact))
        case Gathering() as gathering:
            _gathering(turn, gathering, fact)
        case Sending(keys_id=keys_id):
            doing.keys_sent(turn, keys_id)
        case Waiting(snoop_id=snoop_id) as waiting if snoop_id:
            turn.flow(doing=replace(waiting, quiet_since=turn.now))
            if snoop_id in fact.snoops:
                doing.snoop_entered(turn, snoop_id)
            else:
                turn.emit(BeginSnoop(channel_id=channel, snoop_id=snoop_id, direction="in"))
        case Dialing() as now:
            _dial(turn, now, fact)
        case HangingUp():
            turn.emit(HangUp(channel_id=channel))
        case Taping() | _:
            pass


def _heard(turn: Turn, prompting: Prompting, fact: f.PbxSeen) -> Prompting | None:
    prompting = prompts.unprepared(prompting)
    if prompting.playback_id in fact.playbacks:
        return prompting
    if prompting.playback_id and prompting.began:
        return prompts.playback_ended(turn, prompting, failed=False)
    return prompts.again(turn, prompting)


def _gathering(turn: Turn, gathering: Gathering, fact: f.PbxSeen) -> None:
    """N-1: keys pressed meanwhile are lost, so the time for the next one counts anew."""
    if gathering.prompting is not None:
        doing.went_on(turn, "", _heard(turn, gathering.prompting, fact))
    else:
        turn.flow(doing=gather.anew(turn, gathering))


def _dial(turn: Turn, now: Dialing, fact: f.PbxSeen) -> None:
    if now.bridge_id not in fact.bridges:
        turn.emit(MakeBridge(channel_id=turn.call.channel_id, bridge_id=now.bridge_id))
    if now.music is not None:
        doing.went_on(turn, "", _heard(turn, now.music, fact))
    for leg in now.legs:
        if leg.phase != "ended":
            _leg(turn, leg.leg_id, fact)
    dialled = dialing.under_way(turn)
    if dialled is not None:
        _bridged(turn, dialled, fact)


def _leg(turn: Turn, leg_id: str, fact: f.PbxSeen) -> None:
    now = dialing.under_way(turn)
    leg = None if now is None else leg_of(now, leg_id)
    if now is None or leg is None:
        return
    there = leg_id in fact.legs
    undialled = leg_id in fact.undialled and not leg.rang  # one that sent 183 looks the same
    if not leg.ending and ((leg.unsent and not there) or undialled):
        # It has not rung: to begin with it once more rings nobody twice.
        dialing.take(turn, dial.anew(turn, now, leg))
    elif not there:
        # It may only not have been dialled yet, when its commit takes long.
        turn.emit(EndLeg(channel_id=turn.call.channel_id, leg_id=leg_id))
        dialing.leg_ended(turn, leg_id, fact.at, 0)
    elif leg.ending:
        turn.emit(EndLeg(channel_id=turn.call.channel_id, leg_id=leg_id))
    elif leg.prompting is not None:
        doing.went_on(turn, leg_id, _heard(turn, leg.prompting, fact))


def _bridged(turn: Turn, now: Dialing, fact: f.PbxSeen) -> None:
    """Both are connected, or one hears the other, as far as we know: see to it that they are."""
    there = fact.bridges.get(now.bridge_id, ())
    channel = turn.call.channel_id
    far = now.winner if now.phase == "connected" else now.heard
    alive = (channel, *fact.legs)
    missing = tuple(each for each in (channel, far) if each in alive and each not in there)
    if far and missing:
        turn.emit(JoinBridge(channel_id=channel, bridge_id=now.bridge_id, members=missing))


# -- what nobody needs


def _strays(turn: Turn, fact: f.PbxSeen) -> None:
    """What was to be ended when the gap came, and was not."""
    channel, now = turn.call.channel_id, turn.call.flow.doing
    recordings = (r for r in turn.call.recordings if r.phase not in FILED)
    snoops = {t.snoop_id for r in recordings for t in (*r.taps, *r.coming, *r.earlier)}
    legs: set[str] = set()
    bridges: set[str] = set()
    if isinstance(now, Waiting):
        snoops.add(now.snoop_id)
    elif isinstance(now, Dialing):
        legs = {leg.leg_id for leg in now.legs}
        bridges = {now.bridge_id, *(leg.own_bridge for leg in now.legs)}
    turn.emit(
        *(EndSnoop(channel_id=channel, snoop_id=s) for s in fact.snoops if s not in snoops),
        *(EndLeg(channel_id=channel, leg_id=leg) for leg in fact.legs if leg not in legs),
        *(EndBridge(channel_id=channel, bridge_id=b) for b in fact.bridges if b not in bridges),
    )
