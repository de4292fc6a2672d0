"""The tables hold exactly the rows' fields, and nothing that only SQLite knows."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, Text
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateTable

from recordbridge.ports.rows import AttemptRow, CallRow, RecordingRow, RequestRow
from recordbridge.store import tables


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (tables.calls, CallRow),
        (tables.recordings, RecordingRow),
        (tables.requests, RequestRow),
        (tables.attempts, AttemptRow),
    ],
)
def test_columns_are_the_fields_in_their_order(table: Table, row: type[msgspec.Struct]) -> None:
    assert tuple(column.name for column in table.columns) == row.__struct_fields__


@pytest.mark.rule("M-3")
@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda table: table.name)
def test_schema_suits_postgresql(table: Table) -> None:
    portable = (Text, Integer, BigInteger, Boolean, LargeBinary)
    assert all(type(column.type) in portable for column in table.columns)
    assert str(CreateTable(table).compile(dialect=make_url("postgresql://").get_dialect()()))


def test_instants_have_room_for_milliseconds() -> None:
    instants = [
        column
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_at") or column.name in {"start_ms", "end_ms", "stopped_ms"}
    ]
    assert instants
    assert all(isinstance(column.type, BigInteger) for column in instants)
