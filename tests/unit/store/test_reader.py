"""Lists as the API and the CLI ask for them."""

from __future__ import annotations

import pytest

from recordbridge.errors import StorageError
from recordbridge.ports.lists import CallFilter, Lists, RecordingFilter, RequestFilter, Span
from recordbridge.ports.rows import RequestState, Unit
from recordbridge.ports.store import Store
from recordbridge.store import Database
from tests.unit.store.rows import NOON, a_call, a_recording, a_request, a_start


async def _fill(store: Database) -> None:
    await store.commit(
        Unit(
            recordings=tuple(
                a_recording(
                    f"r{n}",
                    call_uuid=f"c{n % 2}",
                    account="MA1" if n < 4 else "MA2",
                    caller=f"+{n % 3}",
                    added_at=NOON + n,
                )
                for n in range(6)
            )
        )
    )


async def test_it_is_what_the_engine_and_the_api_ask_for(store: Database) -> None:
    """The type checker reads this too."""
    as_store: Store = store
    as_lists: Lists = store
    assert await as_store.call("c1") is None
    assert await as_lists.calls() == []


@pytest.mark.rule("E-3")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RecordingFilter(), "543210"),
        (RecordingFilter(account="MA1"), "3210"),
        (RecordingFilter(call_uuid="c1"), "531"),
        (RecordingFilter(caller="+0", account="MA2"), ""),
        (RecordingFilter(caller="+1"), "41"),
        (RecordingFilter(dialled="100", status="recording"), "543210"),
        (RecordingFilter(dialled="200"), ""),
        (RecordingFilter(added=Span(after=NOON + 2)), "543"),
        (RecordingFilter(added=Span(since=NOON + 2)), "5432"),
        (RecordingFilter(added=Span(before=NOON + 2)), "10"),
        (RecordingFilter(added=Span(until=NOON + 2)), "210"),
        (RecordingFilter(added=Span(since=NOON + 1, before=NOON + 3)), "21"),
    ],
)
async def test_recordings_by_filter_newest_first(
    store: Database, wanted: RecordingFilter, found: str
) -> None:
    await _fill(store)
    rows = await store.recordings(wanted)
    assert "".join(row.recording_id[1:] for row in rows) == found
    assert await store.count_recordings(wanted) == len(found)


async def test_pages(store: Database) -> None:
    await _fill(store)
    pages = [await store.recordings(limit=4, offset=offset) for offset in (0, 4, 8)]
    assert [[row.recording_id for row in page] for page in pages] == [
        ["r5", "r4", "r3", "r2"],
        ["r1", "r0"],
        [],
    ]


@pytest.mark.rule("N-1")
async def test_open_calls_are_those_of_that_asterisk_oldest_first(store: Database) -> None:
    for uuid, entered, asterisk, is_open in (
        ("late", NOON + 2, "pbx", True),
        ("early", NOON + 1, "pbx", True),
        ("done", NOON, "pbx", False),
        ("other", NOON, "pbx2", True),
    ):
        await store.commit(
            Unit(call=a_call(uuid, entered_at=entered, asterisk=asterisk, open=is_open))
        )
    assert [row.call_uuid for row in await store.take_calls("pbx")] == ["early", "late"]
    assert [row.call_uuid for row in await store.calls(CallFilter(open=False))] == ["done"]
    assert await store.count_calls() == 4


@pytest.mark.rule("H-3")
async def test_unsettled_requests_are_taken_up_oldest_first(store: Database) -> None:
    states: tuple[RequestState, ...] = ("waiting", "delivered", "waiting", "parked", "gone")
    await store.commit(
        Unit(
            requests=tuple(
                a_request(f"q{n}", state=state, created_at=NOON - n)
                for n, state in enumerate(states)
            )
        )
    )
    assert [row.request_id for row in await store.take_requests()] == ["q2", "q0"]
    assert [row.request_id for row in await store.requests_of("c1")] == [
        f"q{n}" for n in (4, 3, 2, 1, 0)
    ]
    assert [row.state for row in await store.requests(RequestFilter(state="parked"))] == ["parked"]
    assert await store.count_requests(RequestFilter(recording_id="r1")) == 5


async def test_missing_rows_are_none(store: Database) -> None:
    assert await store.call("c") is None
    assert await store.recording("r") is None
    assert await store.request("q") is None
    assert await store.attempts_of("q") == []


async def test_number_that_no_database_can_hold(store: Database) -> None:
    with pytest.raises(StorageError, match="too big"):
        await store.recordings(offset=2**70)


@pytest.mark.rule("E-4")
async def test_secret_is_made_once_and_kept(store: Database) -> None:
    assert await store.secret("url_key", "first") == "first"
    assert await store.secret("url_key", "second") == "first"
    assert await store.secret("console", "third") == "third"


@pytest.mark.rule("E-5")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RequestFilter(host="app.example.com"), "3210"),
        (RequestFilter(host="APP.example.com"), "3210"),
        (RequestFilter(host="app.example.com:8080"), "1"),
        (RequestFilter(host="app.example"), ""),
        (RequestFilter(host="app_example.com"), ""),
        (RequestFilter(host="app.example.com", state=("parked", "gone")), "32"),
        (RequestFilter(wants_document=True), "4"),
    ],
)
async def test_requests_by_host(store: Database, wanted: RequestFilter, found: str) -> None:
    urls = (
        "https://app.example.com",
        "http://app.example.com:8080/x",
        "https://App.Example.com/x",
        "https://app.example.com?app=1",
        "https://other.example.com/app.example.com/",
    )
    states: tuple[RequestState, ...] = ("delivered", "waiting", "parked", "gone", "waiting")
    await store.commit(
        Unit(
            requests=tuple(
                a_request(
                    f"q{n}",
                    states[n],
                    url=url,
                    created_at=NOON + n,
                    wants_document=n == 4,
                )
                for n, url in enumerate(urls)
            )
        )
    )
    rows = await store.requests(wanted)
    assert "".join(row.request_id[1:] for row in rows) == found
    assert await store.count_requests(wanted) == len(found)


@pytest.mark.rule("E-5")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (CallFilter(over=True), "2"),
        (CallFilter(over=False), "1"),
        (CallFilter(ended=Span(since=NOON + 5)), "2"),
        (CallFilter(ended=Span(before=NOON + 5)), ""),
        (CallFilter(caller="+15551234", dialled="100", direction="inbound"), "21"),
    ],
)
async def test_calls_by_their_end(store: Database, wanted: CallFilter, found: str) -> None:
    await store.commit(Unit(call=a_call("c1", entered_at=NOON)))
    await store.commit(Unit(call=a_call("c2", entered_at=NOON + 1, ended_at=NOON + 5)))
    assert "".join(row.call_uuid[1:] for row in await store.calls(wanted)) == found


@pytest.mark.rule("E-3")
async def test_a_deleted_recording_stays_deleted_when_its_row_is_written_again(
    store: Database,
) -> None:
    await store.commit(Unit(recordings=(a_recording("r1"), a_recording("r2"))))
    await store.delete_recording("r1", NOON + 7)
    await store.delete_recording("r1", NOON + 8)
    await store.commit(Unit(recordings=(a_recording("r1", status="ready", pauses="1-2"),)))
    row = await store.recording("r1")
    assert row is not None
    assert (row.status, row.pauses, row.deleted_at) == ("ready", "1-2", NOON + 7)
    assert [r.recording_id for r in await store.recordings(RecordingFilter(deleted=False))] == [
        "r2"
    ]
    wanted = RecordingFilter(status=("ready", "failed"))
    assert [r.recording_id for r in await store.recordings(wanted)] == ["r1"]


@pytest.mark.rule("E-1")
async def test_starts_are_found_by_their_key_until_they_are_forgotten(store: Database) -> None:
    first = a_start()
    await store.commit(Unit(starts=(first, a_start(account="MA2"), a_start(key="other"))))
    assert await store.start("MA1", "k") == first
    again = a_start(recording_id="r2", added_at=NOON + 1)
    await store.commit(Unit(starts=(again,)))
    assert await store.start("MA1", "k") == again
    await store.forget_start("MA1", "k")
    assert await store.start("MA1", "k") is None
    assert await store.start("MA2", "k") is not None
    await store.forget_starts(NOON + 1)
    assert await store.start("MA2", "k") is None
