"""The texts given to the driver fit the dialect and take their values from the rows."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from recordbridge.store.statements import Statements
from tests.unit.store.rows import a_call, a_recording, a_request, an_attempt


@pytest.mark.rule("M-3")
@pytest.mark.parametrize(
    ("name", "options", "mark"),
    [("sqlite+pysqlite", {}, "?"), ("postgresql+psycopg", {"paramstyle": "format"}, "%s")],
    ids=["sqlite", "postgresql"],
)
def test_one_set_of_statements_for_both_databases(
    name: str, options: dict[str, str], mark: str
) -> None:
    sql = Statements(make_url(f"{name}://").get_dialect()(**options), "rb-1")
    for hot, row in (
        (sql.call_insert, a_call()),
        (sql.call_update, a_call(version=2)),
        (sql.recording, a_recording()),
        (sql.request, a_request()),
        (sql.attempt, an_attempt()),
    ):
        assert hot.sql.count(mark) == len(hot.values(row))


def test_update_of_a_call_names_the_version_it_follows_and_the_fence() -> None:
    hot = Statements(make_url("sqlite://").get_dialect()(), "rb-1").call_update
    assert hot.sql.endswith(
        "WHERE calls.call_uuid = ? AND calls.version + 1 = ? AND calls.fence = ?"
    )
    assert hot.values(a_call("c9", 7, fence=3))[-3:] == ("c9", 7, 3)
