"""Templates, dialplan and compose file."""

import re
from pathlib import Path

import pytest
import yaml

from asterisk.rigging import calls, render
from asterisk.rigging.errors import RigError

ASTERISK = Path(render.HERE)


def test_only_our_placeholders_are_filled_in() -> None:
    text = "a=${AST_NAME} b=${EXTEN} c=${RIG_TALK_S}"
    assert render.fill(text, {"AST_NAME": "pbx"}) == "a=pbx b=${EXTEN} c=${RIG_TALK_S}"


def test_a_placeholder_that_nothing_sets_is_named() -> None:
    with pytest.raises(RigError, match="AST_NEW"):
        render.fill("${AST_NEW}", {})


def test_modules_that_are_missing_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "here.so").touch()
    text = render.without_missing("load = here.so\nload = gone.so\n", tmp_path)
    assert text == "load = here.so\n; not in this Asterisk: gone.so\n"


def test_speech_engine_loads_before_agi() -> None:
    text = (ASTERISK / "etc/both/modules.conf").read_text()
    assert text.index("res_speech.so") < text.index("res_agi.so")


def test_entrypoint_sets_what_the_templates_want() -> None:
    wanted = set()
    for path in ASTERISK.glob("etc/*/*.conf"):
        wanted |= set(re.findall(r"\$\{(AST_[A-Z_]+)\}", path.read_text()))
    image = (ASTERISK / "docker/entrypoint").read_text() + (ASTERISK / "Dockerfile").read_text()
    assert {name for name in wanted if not re.search(rf"{name}[=:]", image)} == set()


def test_every_script_is_an_extension() -> None:
    text = (ASTERISK / "etc/carrier/scripts.conf").read_text()
    for script in calls.SCRIPTS:
        assert f"\nexten => {script},1," in text


@pytest.mark.rule("N-8")
@pytest.mark.parametrize("name", ["recordbridge", "recordbridge-workers"])
def test_a_refused_call_is_offered_again_before_it_is_answered(name: str) -> None:
    text = (ASTERISK / f"dialplan/{name}.conf").read_text()
    steps = [line for line in text.splitlines() if re.match(r"\s*(exten|same) =>", line)]
    again = next(index for index, step in enumerate(steps) if "Goto(offer)" in step)
    assert not any("Answer" in step for step in steps[:again])
    assert any("Wait(0.5)" in step for step in steps[:again])
    assert any("recordbridge-fallback,${EXTEN}" in step for step in steps)


def test_compose_starts_all_three() -> None:
    compose = yaml.safe_load((ASTERISK / "compose.yaml").read_text())
    assert set(compose["services"]) == {"pbx", "carrier", "recordbridge"}
    for service in compose["services"].values():
        for port in service["ports"]:
            assert port.startswith("127.0.0.1:")
