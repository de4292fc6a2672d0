"""A unit is stored whole or not at all, and may be repeated."""

from __future__ import annotations

import msgspec
import pytest

from recordbridge.errors import FenceError, StorageError
from recordbridge.ports.rows import RequestUpdate, Unit
from recordbridge.store import Database
from tests.unit.store.rows import NOON, a_call, a_recording, a_request, an_attempt


async def test_every_field_comes_back(store: Database) -> None:
    call = a_call(answered_at=NOON + 1, ended_at=NOON + 2, open=False, hangup_cause="Näh \u2713")
    recording = a_recording(start_ms=NOON, duration_ms=0, size=2**40, digest="ab")
    request = a_request(after="q0", recording_id=None, wants_document=True, step=3, settled=True)
    await store.commit(
        Unit(
            call=call,
            recordings=(recording,),
            requests=(request,),
            attempts=(an_attempt(), an_attempt(number=2, error="refused")),
        )
    )
    assert await store.call("c1") == call
    assert await store.recording("r1") == recording
    assert await store.request("q1") == request
    assert await store.attempts_of("q1") == [an_attempt(), an_attempt(number=2, error="refused")]


async def test_call_goes_on_version_by_version(store: Database) -> None:
    for version in (1, 2, 3):
        await store.commit(Unit(call=a_call(version=version, status=f"s{version}")))
    assert await store.call("c1") == a_call(version=3, status="s3")


@pytest.mark.parametrize("version", [1, 2, 4])
async def test_call_that_is_not_at_the_version_before_is_fenced(
    store: Database, version: int
) -> None:
    """Version 1 exists, 2 is taken, 4 leaves a gap: none may overwrite."""
    await store.commit(Unit(call=a_call()))
    await store.commit(Unit(call=a_call(version=2)))
    with pytest.raises(FenceError):
        await store.commit(
            Unit(call=a_call(version=version, state=b"other"), recordings=(a_recording(),))
        )
    assert await store.call("c1") == a_call(version=2)
    assert await store.recording("r1") is None


async def test_update_of_a_call_that_is_not_there_is_fenced(store: Database) -> None:
    with pytest.raises(FenceError):
        await store.commit(Unit(call=a_call(version=2)))


@pytest.mark.rule("N-6")
@pytest.mark.parametrize("fence", [0, 2])
async def test_another_fence_is_refused(store: Database, fence: int) -> None:
    await store.commit(Unit(call=a_call(fence=1)))
    with pytest.raises(FenceError):
        await store.commit(Unit(call=a_call(version=2, fence=fence)))


async def test_same_unit_again_counts_as_done(store: Database) -> None:
    unit = Unit(
        call=a_call(),
        recordings=(a_recording(),),
        requests=(a_request(),),
        attempts=(an_attempt(),),
    )
    for _ in range(3):
        await store.commit(unit)
    assert await store.call("c1") == a_call()
    assert await store.requests_of("c1") == [a_request()]
    assert await store.attempts_of("q1") == [an_attempt()]


async def test_recording_is_inserted_then_replaced(store: Database) -> None:
    await store.commit(Unit(recordings=(a_recording(),)))
    ready = a_recording(status="ready", duration_ms=1234, size=9, digest="ff", end_reason="timeout")
    await store.commit(Unit(recordings=(ready,)))
    assert await store.recording("r1") == ready


async def test_request_that_exists_is_left_alone(store: Database) -> None:
    await store.commit(Unit(requests=(a_request(),)))
    await store.commit(Unit(updates=(RequestUpdate("q1", state="delivered"),)))
    await store.commit(Unit(requests=(a_request(),)))
    assert await store.request("q1") == a_request(state="delivered")


@pytest.mark.parametrize(
    "update",
    [
        RequestUpdate("q1"),
        RequestUpdate("q1", state="parked"),
        RequestUpdate("q1", due_at=0, step=0),
        RequestUpdate("q1", settled=False, durable=False, wants_document=False),
        RequestUpdate("q1", "gone", NOON + 5, 9, settled=True, durable=True, wants_document=True),
    ],
)
async def test_update_changes_what_is_not_none(store: Database, update: RequestUpdate) -> None:
    before = a_request(step=4, settled=True, durable=True, wants_document=True)
    await store.commit(Unit(requests=(before,), updates=(update,)))
    changed = {k: v for k, v in msgspec.structs.asdict(update).items() if v is not None}
    assert await store.request("q1") == msgspec.structs.replace(before, **changed)


async def test_value_that_no_database_can_hold_fails_its_unit_alone(store: Database) -> None:
    bad = store.commit(Unit(call=a_call(caller="\udcff"), requests=(a_request(),)))
    huge = store.commit(Unit(call=a_call("c2", entered_at=2**70)))
    good = store.commit(Unit(call=a_call("c3")))
    await good
    for future in (bad, huge):
        with pytest.raises(StorageError, match="cannot keep the value"):
            await future
    assert await store.request("q1") is None
    assert [call.call_uuid for call in await store.calls()] == ["c3"]


async def test_empty_unit_is_committed(store: Database) -> None:
    await store.commit(Unit())
