"""Whatever stands in the YAML file: settings, or mistakes of one line each, at a line of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recordbridge.settings import Settings, survey
from recordbridge.settings.allowed import keys_of, section_in

BASE = {
    "accounts": [{"auth_id": "MAEXAMPLEACCOUNT0001", "auth_token": "token-of-it"}],
    "asterisk": [{"password": "secret"}],
}
SHAPE = re.compile(r"rb\.yaml:([0-9]+): .+: .+; \S.*")
KEYS = sorted(
    {*keys_of(Settings)}
    | {
        key
        for info in keys_of(Settings).values()
        if (section := section_in(info.annotation))
        for key in keys_of(section)
    }
)
words = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(KEYS)
)
trees = st.recursive(
    words,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
pytestmark = pytest.mark.rule("O-3")
quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def judge(folder: Path, text: str) -> None:
    (folder / "rb.yaml").write_text(text, encoding="utf-8", newline="")
    found = survey(folder / "rb.yaml", {})
    lines = max(1, len(text.split("\n")))
    assert (found.settings is None) == bool(found.mistakes)
    for mistake in found.mistakes:
        shaped = SHAPE.fullmatch(mistake.removeprefix(f"{folder}/"))
        assert shaped, mistake
        assert 1 <= int(shaped[1]) <= lines + 1


@quick
@given(st.dictionaries(st.sampled_from(sorted(keys_of(Settings))), trees, max_size=4))
def test_any_values_under_known_keys(tmp_path: Path, tree: dict[str, object]) -> None:
    judge(tmp_path, yaml.safe_dump(BASE | tree, allow_unicode=True, sort_keys=False))


@quick
@given(st.text(alphabet="ab:-#&*!<>{}[],'\"\n 0?|%@`~\t", max_size=40))
@example("a: !!int x")
@example("a: &x [*x]")
@example("!!set {a, b}")
@example("a: !!binary x")
@example("!!int 0")
@example("? !!null\n: 1")
@example("a: !!float x")
@example("a: !!bool x")
@example("a: !!timestamp x")
@example("a: !!null x")
@example('"a\\nb": 1')
def test_any_text(tmp_path: Path, text: str) -> None:
    judge(tmp_path, text)
