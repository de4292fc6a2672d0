"""The list of rules, and the program that tells which of them no test names."""

import re

from tests.rules import RULES, TESTS, named, named_in, report, rules


def test_ids_stand_once_and_without_gaps() -> None:
    ids = re.findall(r"^([A-Z])-([0-9]+) ", RULES.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(ids) > 100
    groups: dict[str, list[int]] = {}
    for group, number in ids:
        groups.setdefault(group, []).append(int(number))
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in groups.values())


def test_tests_name_only_rules_that_exist() -> None:
    assert named_in(TESTS) <= rules(RULES.read_text(encoding="utf-8")).keys()


def test_marks_are_found_wherever_they_stand() -> None:
    source = """
import pytest
pytestmark = [pytest.mark.asterisk, pytest.mark.rule("A-1")]
@pytest.mark.rule("A-2", "A-3")
class Test:
    @pytest.mark.rule("A-4")
    async def test(self): ...
    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rule("A-5"))])
    def other(self): "rule('A-6')"
"""
    assert set(named(source)) == {"A-1", "A-2", "A-3", "A-4", "A-5"}


def test_the_report_is_grouped_and_counted() -> None:
    known = {"A-1": "one", "A-2": "two", "P-1": "three"}
    assert list(report(known, {"A-1", "Z-1"})) == [
        "A: 1 of 2 have a test",
        "  A-2 two",
        "P: 0 of 1 have a test",
        "  P-1 three",
        "named by tests, but no rule: Z-1",
        "1 of 3 rules have a test, 2 have none",
    ]
