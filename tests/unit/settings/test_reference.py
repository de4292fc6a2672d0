"""The example, the reference and the schema agree with the models (O-6)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from recordbridge.settings import Settings, json_schema, load
from recordbridge.settings.allowed import allowed, keys_of, section_in
from recordbridge.settings.reference import markdown
from tests.unit.settings.conftest import HEAD

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "config/recordbridge.yaml"
ENVIRON = {"RECORDBRIDGE_AUTH_TOKEN": "token-of-the-account", "ARI_PASSWORD": "secret"}
EXAMPLES_OF_ITS_OWN = {"accounts", "applications", "default_application", "asterisk"}

pytestmark = pytest.mark.rule("O-6")


def sections(root: type[BaseModel]) -> list[type[BaseModel]]:
    """Every section, the top one included."""
    below = (section_in(info.annotation) for info in root.model_fields.values())
    return [root, *(each for section in below if section for each in sections(section))]


def test_the_example_holds_every_key_at_its_default(tmp_path: Path) -> None:
    (tmp_path / "rb.yaml").write_text(HEAD)
    plain = load(tmp_path / "rb.yaml", {"TOKEN": "x" * 8, "ARI_PASSWORD": "x"})
    example = load(EXAMPLE, ENVIRON)
    for key in set(keys_of(Settings)) - EXAMPLES_OF_ITS_OWN - {"storage", "database"}:
        assert getattr(example, key) == getattr(plain, key), key
    assert example.storage.model_dump(exclude={"path"}) == plain.storage.model_dump(
        exclude={"path"}
    )
    assert example.storage.path == EXAMPLE.parent / "var/recordings"
    assert example.database.url.get_secret_value().endswith("/config/var/recordbridge.db")
    server = example.asterisk[0].model_dump(exclude={"password"})
    assert server == plain.asterisk[0].model_dump(exclude={"password"})


def test_the_example_leaves_no_key_out() -> None:
    class Loader(yaml.SafeLoader):
        """Takes the tags as words."""

    Loader.add_constructor("!env", lambda loader, node: node.value)
    given = yaml.load(EXAMPLE.read_text(), Loader)
    assert set(given) == set(keys_of(Settings))
    for key, info in keys_of(Settings).items():
        section = section_in(info.annotation)
        if section is None or key in {"applications", "console"}:
            continue
        value = given[key][0] if isinstance(given[key], list) else given[key]
        assert set(value) == set(keys_of(section)), key
    assert set(given["recording"]["defaults"]) == set(
        keys_of(type(load(EXAMPLE, ENVIRON).recording.defaults))
    )
    both = set(given["applications"]["voicemail"]) | set(given["applications"]["sales"])
    assert both == set(keys_of(type(load(EXAMPLE, ENVIRON).applications["sales"])))


def test_every_key_is_documented_and_says_what_it_takes() -> None:
    for section in sections(Settings):
        for key, info in keys_of(section).items():
            assert info.description, f"{section.__name__}.{key}"
            assert allowed(info)


def test_the_committed_reference_is_the_generated_one() -> None:
    """Made by: python -m recordbridge.settings > docs/configuration.md"""
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == markdown()


def test_the_schema_names_every_section_and_takes_camel_case_attributes() -> None:
    schema = json_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == set(keys_of(Settings))
    assert schema["additionalProperties"] is False
    assert "maxLength" in json.dumps(schema)
    assert "max_length" not in json.dumps(schema["$defs"])


@pytest.mark.parametrize(("arguments", "start"), [([], "# Configuration"), (["--schema"], "{")])
def test_the_module_prints_them(arguments: list[str], start: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "recordbridge.settings", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith(start)
    assert done.stderr == ""
