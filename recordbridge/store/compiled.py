"""Statements as the driver takes them: text, and parameters in the order of its places."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Rendered = tuple[str, tuple[object, ...]]
NOTHING: Mapping[str, object] = {}


def compiled(statement: Executable, dialect: Dialect, *, lists: bool = False) -> SQLCompiler:
    """The statement for that dialect; `lists` says that a parameter of it is one (`IN`)."""
    assert isinstance(statement, ClauseElement)
    found = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": lists})
    assert isinstance(found, SQLCompiler)
    return found


def rendered(statement: SQLCompiler, values: Mapping[str, object] = NOTHING) -> Rendered:
    """Its text and parameters: `values`, and for the rest those that it was built with."""
    known = {**statement.params, **values}
    return str(statement), tuple(known[name] for name in statement.positiontup or ())
