"""What is done to the parts of a lane, again and again while its calls go on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from tests.chaos.lane import Lane
from tests.rigged import pbx

PLACES = (
    *(f"{when}.{what}" for when in ("before", "after") for what in (
        "Answer", "BeginSnoop", "BeginCapture", "EndCapture", "EndSnoop", "MakeBridge", "BeginLeg",
        "JoinBridge", "BeginPlayback", "Discard", "HangUp",
    )),
    *(f"{when}.{what}" for when in ("before", "sending") for what in (
        "answer", "action", "callback", "hangup",
    )),
    "answered.action", "answered.callback",
    "pipeline.measured", "pipeline.kept", "pipeline.deleting",
)  # fmt: skip
ARMED_S = 3.0
"""How long a failpoint waits for somebody to come by."""
PATIENT_S = 15.0
"""The same where it must be this one."""
FULL_S = 2.5
GAP_S = 1.0
"""Between two faults, at the least."""
NOTICED_S = 1.0
"""How long it may take until the service tries a database again that was away."""
OVER_S = 2
"""Longer than workers wait before they look again who lives."""


async def kill_service(lane: Lane, kills: int, pace_s: float, places: Sequence[str] = ()) -> None:
    """So often: at a named place, at any moment, or while it is starting; or only at these
    `places`. One every `pace_s`.
    """
    service = lane.service
    began = lane.now()
    while (done := lane.done["service"]) < kills:
        await asyncio.sleep(max(0, began + done * pace_s - lane.now()))
        how = "place" if places else lane.random.choices(("place", "moment", "start"), (5, 4, 1))[0]
        armed_s = PATIENT_S if places else ARMED_S
        if how == "place" and await _die(lane, places or PLACES, armed_s):
            lane.kills[how] += 1
            lane.touch("service")
        else:
            await asyncio.sleep(lane.random.uniform(0.1, 2.0))
            await _kill(lane, how)
        with lane.outage():
            await service.start()
            if how == "start":
                await asyncio.sleep(lane.random.uniform(0.05, 0.6))
                await _kill(lane, how)
                await service.start()
            await service.ready()


async def _die(lane: Lane, places: Sequence[str], armed_s: float) -> bool:
    """At a named place, if it comes there."""
    place = lane.service.failpoints / lane.random.choice(places)
    place.touch()
    await lane.service.died(armed_s)
    try:
        place.unlink()
    except FileNotFoundError:  # it came there, perhaps just now: then it is dying
        await lane.service.died(PATIENT_S)
        lane.dies(place.name)
        return True
    return False


async def _kill(lane: Lane, how: str) -> None:
    """One that has ended by itself, because its database was away at the start, does not count."""
    lane.dies(how)
    if await lane.service.kill():
        lane.kills["moment" if how == "place" else how] += 1
        lane.touch("service")


async def kill_application(lane: Lane) -> None:
    lane.dies("application")
    lane.application.kill()
    await asyncio.sleep(lane.random.uniform(0.2, 1.5))
    await lane.application.start()


async def kill_asterisk(lane: Lane) -> None:
    """Its calls are over; the carrier is not told, so callers and callees there are hung up.

    Before it is back: what they went on saying could come to the port of a new call.
    """
    lane.reachable.clear()
    await asyncio.to_thread(pbx.kill, lane.rig)
    await lane.pbx_died()
    await asyncio.to_thread(pbx.start, lane.rig)
    lane.reachable.set()


async def kill_database(lane: Lane) -> None:
    assert lane.postgres is not None
    lane.dies("postgresql")
    with lane.outage():
        await asyncio.to_thread(lane.postgres.kill)
        await asyncio.sleep(lane.random.uniform(0.2, 2.0))
        await asyncio.to_thread(lane.postgres.start)
        await asyncio.sleep(NOTICED_S)


async def kill_store(lane: Lane) -> None:
    assert lane.store is not None
    await asyncio.to_thread(lane.store.kill)
    await asyncio.sleep(lane.random.uniform(0.2, 2.0))
    await asyncio.to_thread(lane.store.start)


async def cut(lane: Lane) -> None:
    with lane.outage():
        await lane.cable.cut_mid_frame()
        await asyncio.sleep(lane.random.uniform(0.1, 2.0))
        await lane.cable.mend()
        await lane.service.ready()


async def slow(lane: Lane) -> None:
    with lane.outage():
        lane.cable.delay_s = lane.random.uniform(0.1, 0.5)
        await asyncio.sleep(3)
        lane.cable.delay_s = 0


async def clock(lane: Lane) -> None:
    """The system's clock is set; the service sees it when it starts the next time."""
    lane.service.clock.write_text(str(lane.random.choice((-20, -5, 5, 20))))


async def fill_storage(lane: Lane) -> None:
    await _fill(lane, "storage")


async def fill_spool(lane: Lane) -> None:
    await _fill(lane, "spool")


async def _fill(lane: Lane, name: str) -> None:
    disk = lane.disks[name]
    with suppress(OSError):  # others write as well while it fills up
        await asyncio.to_thread(disk.fill)
    await asyncio.sleep(FULL_S)
    disk.empty()


async def end_lease(lane: Lane) -> None:
    """By the database's clock the first worker's beat was long ago, and it does not know: the
    other one takes its calls, while it goes on with them.
    """
    assert lane.postgres is not None
    over = "UPDATE workers SET expires_at = 0 WHERE worker = 'rb-1'"
    for _ in range(OVER_S * 10):
        await asyncio.to_thread(lane.postgres.execute, lane.database, over)
        await asyncio.sleep(0.1)


Fault = Callable[[Lane], Awaitable[None]]
FAULTS: dict[str, Fault] = {
    "application": kill_application,
    "asterisk": kill_asterisk,
    "postgresql": kill_database,
    "object store": kill_store,
    "line cut": cut,
    "line slow": slow,
    "clock": clock,
    "storage full": fill_storage,
    "spool full": fill_spool,
    "lease": end_lease,
}


async def faults(lane: Lane, names: list[str], times: int, over_s: float) -> None:
    """Each of them so many times, in a random order, spread over that time."""
    order = [name for name in names for _ in range(times)]
    lane.random.shuffle(order)
    began = lane.now()
    for nth, name in enumerate(order):
        await asyncio.sleep(max(GAP_S, began + nth * over_s / len(order) - lane.now()))
        lane.touch(name)
        await FAULTS[name](lane)
        lane.touch(name, count=False)  # those who came meanwhile
