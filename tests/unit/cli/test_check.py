"""check: the YAML file, the flows in it, and with --live the servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recordbridge import app
from recordbridge.errors import PbxUnavailableError
from recordbridge.settings import Settings
from tests.unit.cli.conftest import CONFIG, Run

pytestmark = pytest.mark.rule("O-3")


def test_a_good_file_is_good(folder: Path, run: Run) -> None:
    assert run("check") == (0, "", "recordbridge.yaml: good\n")


def test_mistakes_of_the_file_and_of_its_flows_are_told_together(folder: Path, run: Run) -> None:
    (folder / "recordbridge.yaml").write_text(CONFIG + "log: {level: loud}\n")
    (folder / "flow.xml").write_text('<Response>\n  <Record timeout="0"/>\n</Response>')
    done = run("check")
    assert (done.code, done.out) == (2, "")
    first, second = done.err.splitlines()
    assert first == (
        "recordbridge.yaml:9: log.level: loud is not allowed; debug or info or warning or error"
    )
    assert second.startswith(f"{folder}/flow.xml:2: applications.voicemail.flow: column 3: ")
    assert "timeout" in second


@pytest.mark.rule("A-19")
@pytest.mark.parametrize(
    ("flow", "line"),
    [
        ("<Response><Record></Response>", 1),
        ("<Response>\n\n<Bogus/></Response>", 3),
        ('<Response>\n<Record action="no"/>\n<Record action="no"/></Response>', 2),
        ("", 1),
    ],
)
def test_a_flow_is_told_with_its_own_line(folder: Path, run: Run, flow: str, line: int) -> None:
    (folder / "flow.xml").write_text(flow)
    done = run("check")
    assert done.code == 2
    (told,) = done.err.splitlines()
    assert told.startswith(f"{folder}/flow.xml:{line}: applications.voicemail.flow: ")


def test_a_flow_of_two_applications_is_told_once(folder: Path, run: Run) -> None:
    more = "  other: {account: MAEXAMPLEACCOUNT0001, flow: flow.xml}\n"
    (folder / "recordbridge.yaml").write_text(CONFIG + more)
    (folder / "flow.xml").write_text("<Bogus/>")
    assert len(run("check").err.splitlines()) == 1


@pytest.mark.rule("D-33")
@pytest.mark.parametrize("attribute", ["recordSession", "startOnDialAnswer"])
def test_recording_in_the_background_may_not_be_legal(
    folder: Path, run: Run, attribute: str
) -> None:
    (folder / "flow.xml").write_text(f'<Response>\n<Record {attribute}="true"/></Response>')
    assert (
        f"warning: {folder}/flow.xml:2: the flow records in the background, "
        "which may not be legal everywhere" in run("check").err
    )


@pytest.mark.rule("D-33")
def test_the_documentation_says_so_too() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    assert "may not be legal everywhere" in " ".join(readme.replace(">", " ").split())


@pytest.mark.rule("A-1")
def test_what_is_merely_odd_is_a_warning(folder: Path, run: Run) -> None:
    (folder / "flow.xml").write_text('<Response>\n<Record playbeep="true"/></Response>')
    done = run("check")
    assert done.code == 0
    warning, good = done.err.splitlines()
    assert warning.startswith(f"warning: {folder}/flow.xml:2: ")
    assert "playbeep" in warning
    assert good == "recordbridge.yaml: good"


@pytest.mark.rule("T-3")
@pytest.mark.parametrize(
    "attribute", ['transcriptionType="auto"', 'transcriptionUrl="https://h/t"']
)
def test_transcription_without_engine_or_model_is_a_warning(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, attribute: str
) -> None:
    (folder / "flow.xml").write_text(f"<Response>\n<Record {attribute}/></Response>")
    assert "asks for transcription" not in run("check").err
    monkeypatch.setattr("recordbridge.speech.models.find", lambda model: None)
    done = run("check")
    assert done.code == 0
    assert f"warning: {folder}/flow.xml:2: the flow asks for transcription" in done.err
    assert "no model 'tiny.en'" in done.err
    monkeypatch.setattr("recordbridge.speech.whisper.installed", lambda: False)
    assert "pip install 'recordbridge[transcription]'" in run("check").err


def test_a_text_without_a_speech_engine_is_a_warning(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever in the flow it is spoken."""
    flow = "<Response>\n<GetDigits>\n<Speak>Hello</Speak></GetDigits>\n<Speak>x</Speak></Response>"
    (folder / "flow.xml").write_text(flow)
    assert "no speech engine" not in run("check").err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = [line for line in run("check").err.splitlines() if "no speech engine" in line]
    starts = [f"warning: {folder}/flow.xml:{line}: the flow speaks a text" for line in (3, 4)]
    assert [line[: len(starts[0])] for line in told] == starts
    assert "pip install 'recordbridge[speech]'" in told[0]


@pytest.mark.rule("O-4")
def test_json_is_one_object_on_stdout(folder: Path, run: Run) -> None:
    good = run("check", "--json")
    assert (good.code, good.err) == (0, "")
    assert json.loads(good.out) == {
        "file": "recordbridge.yaml",
        "good": True,
        "mistakes": [],
        "warnings": [],
        "live": None,
    }
    (folder / "flow.xml").unlink()
    bad = run("check", "--json")
    assert (bad.code, bad.err) == (2, "")
    assert json.loads(bad.out)["mistakes"] == [
        (
            f"recordbridge.yaml:8: applications.voicemail.flow: the file {folder}/flow.xml "
            "does not exist; the path of an existing file"
        )
    ]


@pytest.mark.parametrize(
    ("problems", "code"), [([], 0), (["pbx: the module res_ari is not loaded"], 1)]
)
def test_live_asks_the_servers(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, problems: list[str], code: int
) -> None:
    monkeypatch.setattr(app, "check_live", lambda settings: problems, raising=False)
    done = run("check", "--live")
    assert done.code == code
    assert done.err.splitlines() == (problems or ["recordbridge.yaml: good"])
    assert json.loads(run("check", "--live", "--json").out)["live"] == problems


@pytest.mark.rule("O-4")
def test_a_server_that_is_not_reachable_is_3(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(settings: Settings) -> list[str]:
        raise PbxUnavailableError("pbx: no answer from http://127.0.0.1:8088")

    monkeypatch.setattr(app, "check_live", away, raising=False)
    done = run("check", "--live")
    assert done.code == 3
    assert "no answer from" in done.err


def test_live_does_not_ask_with_a_bad_file(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "check_live", lambda settings: pytest.fail("asked"), raising=False)
    (folder / "recordbridge.yaml").write_text("accounts: []\n")
    assert run("check", "--live").code == 2
