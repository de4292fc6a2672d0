"""The shape of the code, as the house keeps it: sizes, names, and who may start tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "recordbridge").rglob("*.py"))
EVERYTHING = sorted(
    path
    for folder in ("recordbridge", "tests", "asterisk")
    for path in (ROOT / folder).rglob("*.py")
)
MOST_LINES = 400
MOST_FUNCTION_LINES = 40
MOST_CLASS_LINES = 250
LONGER: dict[str, str] = {
    "recordbridge/machine/facts.py": "the vocabulary of facts, one small class each",
    "tests/unit/machine/test_record.py": "one table of the rules of plain Record",
}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc"}
TASK_STARTERS = {
    "recordbridge/agi",
    "recordbridge/app/service.py",
    "recordbridge/ari/dispatch.py",
    "recordbridge/ari/session.py",
    "recordbridge/blobs/objects.py",
    "recordbridge/engine/backlog.py",
    "recordbridge/engine/commands.py",
    "recordbridge/engine/deliveries.py",
    "recordbridge/engine/errands.py",
    "recordbridge/engine/heartbeat.py",
    "recordbridge/engine/pipeline.py",
    "recordbridge/engine/prompts.py",
    "recordbridge/engine/room.py",
    "recordbridge/engine/transcriber.py",
    "recordbridge/store/writer.py",
    "recordbridge/web",
}
"""Whoever starts a task owns its end; nobody else starts one."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(node: ast.AST) -> int:
    """The node's lines without its docstring."""
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    length = (node.end_lineno or 0) - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        length -= (first.end_lineno or 0) - first.lineno + 1
    return length


def definitions(kind: type | tuple[type, ...]) -> Iterator[tuple[str, ast.AST]]:
    for path in SOURCES:
        if "migrations/versions" in name(path):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kind):
                yield f"{name(path)}:{getattr(node, 'name', '')}", node


def longer(kind: type | tuple[type, ...], most: int) -> dict[str, int]:
    lengths = {where: lines(node) for where, node in definitions(kind)}
    return {where: length for where, length in lengths.items() if length > most}


@pytest.mark.parametrize("path", EVERYTHING, ids=name)
def test_files_are_short(path: Path) -> None:
    length = len(path.read_text().splitlines())
    assert length <= MOST_LINES or name(path) in LONGER


def test_functions_are_short() -> None:
    assert not longer((ast.FunctionDef, ast.AsyncFunctionDef), MOST_FUNCTION_LINES)


def test_classes_are_short() -> None:
    assert not longer(ast.ClassDef, MOST_CLASS_LINES)


def test_modules_have_names_of_the_field() -> None:
    bad = [name(path) for path in EVERYTHING if path.stem in FORBIDDEN_NAMES]
    assert not bad


def test_modules_say_what_they_are_for() -> None:
    silent = [
        name(path)
        for path in SOURCES
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent


def test_tasks_are_started_where_somebody_owns_them() -> None:
    starters = {
        where.partition(":")[0]
        for where, node in definitions(ast.Call)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("create_task", "ensure_future")
    }
    assert all(any(each.startswith(known) for known in TASK_STARTERS) for each in starters)
