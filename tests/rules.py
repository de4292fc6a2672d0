"""Prints the rules of docs/rules.md that no test names, by group, and how many there are.

A test names its rules with `@pytest.mark.rule("P-5", ...)` on a function, a class or, as
`pytestmark`, a module. They are collected from the source, so nothing needs to run. Ids that
tests name and the rules do not have are told too. Always exits 0: it reports, it does not judge.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

TESTS = Path(__file__).resolve().parent
RULES = TESTS.parent / "docs" / "rules.md"
_LINE = re.compile(r"^([A-Z]-[0-9]+) (.+)$")


def rules(text: str) -> dict[str, str]:
    """Rule id to its words, in the order of the file."""
    found = (_LINE.match(line) for line in text.splitlines())
    return {line[1]: line[2] for line in found if line}


def named(source: str) -> Iterator[str]:
    """The rule ids that a test module names."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "rule"
            and ast.unparse(node.func.value).endswith("mark")
        ):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def named_in(folder: Path) -> set[str]:
    return {
        rule
        for path in sorted(folder.rglob("*.py"))
        for rule in named(path.read_text(encoding="utf-8"))
    }


def report(known: dict[str, str], tested: set[str]) -> Iterator[str]:
    """The lines to print."""
    missing = [rule for rule in known if rule not in tested]
    for group, members in groupby(missing, key=lambda rule: rule[0]):
        of_group = [rule for rule in known if rule[0] == group]
        listed = list(members)
        yield f"{group}: {len(of_group) - len(listed)} of {len(of_group)} have a test"
        yield from (f"  {rule} {known[rule]}" for rule in listed)
    strangers = sorted(tested - known.keys())
    if strangers:
        yield f"named by tests, but no rule: {', '.join(strangers)}"
    yield f"{len(known) - len(missing)} of {len(known)} rules have a test, {len(missing)} have none"


def main() -> int:
    for line in report(rules(RULES.read_text(encoding="utf-8")), named_in(TESTS)):
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
