"""PostgreSQL alone: what cannot be used is told; the server may die or freeze; names keep apart."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import InternalError

from recordbridge.errors import StorageError
from recordbridge.ports.rows import Unit
from recordbridge.store import Database, open_store, postgres, writer
from recordbridge.store.backend import backend_of
from recordbridge.store.statements import Cursor, Statements
from tests.postgres import Server, running
from tests.unit.store.places import PostgresPlace
from tests.unit.store.rows import a_call, a_request

pytestmark = pytest.mark.rule("M-3")


@pytest.fixture
def place(postgres: Server) -> Iterator[PostgresPlace]:
    place = PostgresPlace(postgres)
    yield place
    postgres.give_back(place.url)


@pytest.fixture
def mortal() -> Iterator[Server]:
    """A server of the test's own, to be killed."""
    with running() as server:
        yield server


@pytest.fixture
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PATIENCE_S", 0.0)


async def _refusal(url: str) -> str:
    with pytest.raises(StorageError) as refused:
        async with open_store(url, worker="rb-1"):
            pass
    text = str(refused.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert "geheim" not in text
    return text


async def test_wrong_password(postgres: Server) -> None:
    told = await _refusal(postgres.url("postgres", password="falsch-geheim"))
    assert f"postgres of 127.0.0.1:{postgres.port} (user recordbridge) refused the user" in told
    assert "correct database.url" in told


async def test_no_such_user(postgres: Server) -> None:
    assert "refused the user or the password" in await _refusal(postgres.url("x", user="nobody"))


async def test_no_such_database(postgres: Server) -> None:
    assert "nowhere of 127.0.0.1" in (told := await _refusal(postgres.url("nowhere")))
    assert "is not there; create it (createuser, createdb)" in told


@pytest.mark.usefixtures("_no_patience")
async def test_no_server() -> None:
    told = await _refusal("postgresql://u:geheim@127.0.0.1:1/calls")
    assert "cannot be reached; start PostgreSQL there or correct database.url" in told


@pytest.mark.usefixtures("_no_patience")
async def test_no_such_host() -> None:
    told = await _refusal("postgresql://u:geheim@no-such-host.invalid/calls")
    assert "has a host name that is not known" in told


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:geheim@h/n?bogus=1", "postgresql://u:geheim@h:port/n", "postgresql:geheim"],
)
async def test_url_that_cannot_be_read(url: str) -> None:
    assert "postgresql://USER:PASSWORD@HOST/NAME" in await _refusal(url)


async def test_database_that_cannot_keep_every_text(postgres: Server) -> None:
    postgres.execute(
        "postgres",
        "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
    )
    assert "has the encoding LATIN1" in await _refusal(postgres.url("latin"))


def test_missing_driver_is_told_with_the_words_that_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "recordbridge.store.postgres")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match=r"pip install 'recordbridge\[postgres\]'"):
        backend_of("postgresql://u:geheim@h/n")


@pytest.mark.rule("N-5")
async def test_server_that_starts_a_little_later_is_waited_for(mortal: Server) -> None:
    url = mortal.fresh()
    mortal.stop()
    starting = asyncio.create_task(asyncio.to_thread(mortal.start))
    async with open_store(url, worker="rb-1") as store:
        await store.commit(Unit(call=a_call()))
    await starting


@pytest.mark.rule("N-6")
@pytest.mark.usefixtures("_no_patience")
async def test_second_worker_of_our_name_is_refused_another_name_is_not(
    place: PostgresPlace,
) -> None:
    async with open_store(place.url, worker="rb-1") as store:
        assert "in use by another worker of the name rb-1" in await _refusal(place.url)
        async with open_store(place.url, worker="rb-2") as other:
            await other.commit(Unit(call=a_call("c2")))
        await store.commit(Unit(call=a_call("c1")))
    async with open_store(place.url, worker="rb-1") as store:
        assert await store.count_calls() == 2


async def test_workers_that_start_together_migrate_once(place: PostgresPlace) -> None:
    async def start(worker: str) -> None:
        async with open_store(place.url, worker=worker) as store:
            await store.commit(Unit(call=a_call(worker)))

    await asyncio.gather(*(start(f"rb-{n}") for n in range(4)))
    assert place.rows("SELECT count(*) FROM calls") == [(4,)]
    assert place.rows("SELECT count(*) FROM schema_floor") == [(1,)]


async def test_text_with_a_character_that_postgresql_does_not_know(place: PostgresPlace) -> None:
    async with open_store(place.url, worker="rb-1") as store:
        await store.commit(Unit(call=a_call(caller="a\0b")))
        assert await store.call("c1") == a_call(caller="a\ufffdb")


async def test_commits_are_on_the_disk_whatever_the_servers_default(place: PostgresPlace) -> None:
    place.execute(f"ALTER DATABASE {place.name} SET synchronous_commit = off")

    def look(cursor: Cursor, _sql: Statements) -> object:
        cursor.execute("SHOW synchronous_commit")
        return cursor.fetchone()

    async with open_store(place.url, worker="rb-1") as store:
        assert await store.run(look) == ("on",)


async def test_reader_cannot_change_anything(place: PostgresPlace) -> None:
    async with open_store(place.url, worker="rb-1"):
        pass
    engine = backend_of(place.url).readers(1)
    with (
        engine.connect() as connection,
        pytest.raises(InternalError, match="read-only transaction"),
    ):
        connection.exec_driver_sql("DELETE FROM calls")
    engine.dispose()


@pytest.mark.rule("N-5")
async def test_killed_server_loses_nothing_that_was_acknowledged(mortal: Server) -> None:
    """Calls go on while it dies and comes back, three times; each step is stored once."""
    told: asyncio.Queue[bool] = asyncio.Queue()
    url = mortal.fresh()
    done = asyncio.Event()

    async def one_call(store: Database, uuid: str) -> int:
        version = 0
        while not done.is_set() or version == 0:
            version += 1
            request = a_request(f"{uuid}-{version}", call_uuid=uuid)
            await store.commit(Unit(call=a_call(uuid, version), requests=(request,)))
        return version

    async with open_store(url, worker="rb-1", notice=told.put_nowait) as store:
        calls = [asyncio.create_task(one_call(store, f"c{n}")) for n in range(5)]
        for _ in range(3):
            await asyncio.to_thread(mortal.kill)
            assert await told.get() is False
            await asyncio.to_thread(mortal.start)
            assert await told.get() is True
        done.set()
        versions = await asyncio.gather(*calls)
        assert [(await store.count_requests())] == [sum(versions)]
        for number, version in enumerate(versions):
            assert await store.call(f"c{number}") == a_call(f"c{number}", version)


@pytest.mark.rule("N-5")
async def test_reading_goes_on_after_the_server_was_restarted(mortal: Server) -> None:
    async with open_store(mortal.fresh(), worker="rb-1") as store:
        assert await store.calls() == []
        mortal.kill()
        with pytest.raises(StorageError):
            await store.calls()
        mortal.start()
        assert await store.calls() == []


@pytest.mark.rule("N-5")
async def test_frozen_server_is_away_though_no_connection_breaks(mortal: Server) -> None:
    async with open_store(mortal.fresh(), worker="rb-1") as store:
        mortal.freeze()
        future = store.commit(Unit(call=a_call()))
        async with asyncio.timeout(5):
            while store.away_s < 0.2:
                await asyncio.sleep(0.01)
        mortal.thaw()
        await future
        assert store.away_s < 0.2


@pytest.mark.rule("N-7")
async def test_close_does_not_wait_for_a_frozen_server(
    mortal: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CLOSE_S", 0.1)
    monkeypatch.setattr("recordbridge.store.database.CLOSE_S", 0.1)
    monkeypatch.setitem(postgres.NETWORK, "connect_timeout", 2)
    async with open_store(mortal.fresh(), worker="rb-1") as store:
        assert await store.calls() == []
        mortal.freeze()
        reading = asyncio.create_task(store.calls())
        future = store.commit(Unit(call=a_call()))
        await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 8
    with pytest.raises(StorageError, match="until the service stopped"):
        await future
    with pytest.raises(StorageError):
        await reading


@pytest.mark.rule("N-5")
async def test_commit_that_a_lost_session_is_still_at_is_waited_for(place: PostgresPlace) -> None:
    """Its mark is locked until it has ended; only then is it known whether it was kept."""
    async with open_store(place.url, worker="rb-1") as store:
        await store.commit(Unit(call=a_call()))
        other = backend_of(place.url).connect("rb-2")
        cursor = other.cursor()
        cursor.execute("BEGIN")
        cursor.execute("UPDATE commits SET mark = 'theirs' WHERE worker = 'rb-1'")
        asked = threading.Event()

        def look(cursor: Cursor, sql: Statements) -> object:
            asked.set()
            cursor.execute(sql.mark_get, ("rb-1",))
            return cursor.fetchone()

        looking = store.run(look)
        await asyncio.to_thread(asked.wait)
        await asyncio.sleep(0.05)
        assert not looking.done()
        cursor.execute("COMMIT")
        assert await looking == ("theirs",)
        other.close()
