"""What is asked of calls across workers: kept until the owner, whoever that is, has answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from recordbridge.ports.rows import AnswerRow, CommandRow, Unit
from recordbridge.store import Database, open_store
from tests.unit.store.places import PostgresPlace
from tests.unit.store.rows import NOON, a_call

pytestmark = pytest.mark.rule("N-6")

ASKED = CommandRow("q1", "c1", b"fact", NOON)


@pytest.fixture
async def owner(postgres_place: PostgresPlace) -> AsyncIterator[Database]:
    async with open_store(postgres_place.url, worker="rb-1") as opened:
        await opened.leases.beat()
        await opened.commit(Unit(call=a_call()))
        yield opened


@pytest.fixture
async def door(postgres_place: PostgresPlace) -> AsyncIterator[Database]:
    async with open_store(postgres_place.url, worker="rb-2") as opened:
        yield opened


async def test_the_owner_sees_it_and_its_answer_is_part_of_the_step(
    owner: Database, door: Database
) -> None:
    await door.commands.add(ASKED)
    await door.commands.add(CommandRow("q1", "c1", b"again", NOON + 1))
    assert await door.commands.waiting() == []
    assert await owner.commands.waiting() == [(ASKED, True)]
    assert await door.commands.answer("q1") is None
    answer = AnswerRow("q1", NOON + 2, b"reply")
    await owner.commit(Unit(call=a_call(version=2), answers=(answer,)))
    assert await door.commands.answer("q1") == b"reply"
    assert await owner.commands.waiting() == []
    await owner.commit(Unit(answers=(AnswerRow("q1", NOON + 3, b"another"),)))
    assert await door.commands.answer("q1") == b"reply"


async def test_it_goes_with_the_call(
    owner: Database, door: Database, postgres_place: PostgresPlace
) -> None:
    await door.commands.add(ASKED)
    postgres_place.execute("UPDATE workers SET expires_at = 0 WHERE worker = 'rb-1'")
    assert len(await door.leases.adopt_calls("pbx")) == 1
    assert await owner.commands.waiting() == []
    assert await door.commands.waiting() == [(ASKED, True)]
    await door.commit(Unit(call=a_call(version=2, fence=1, open=False)))
    assert await door.commands.waiting() == [(ASKED, False)]


async def test_old_ones_are_deleted(owner: Database, door: Database) -> None:
    await door.commands.add(ASKED)
    await owner.commands.forget(NOON)
    assert len(await owner.commands.waiting()) == 1
    await owner.commands.forget(NOON + 1)
    assert await owner.commands.waiting() == []
