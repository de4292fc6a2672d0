"""init: what it writes works, is private where it must be, and overwrites nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recordbridge.settings import load
from tests.unit.cli.conftest import Run

pytestmark = pytest.mark.rule("O-4")

FILES = {
    "recordbridge.yaml",
    "flows/voicemail.xml",
    "asterisk/ari.conf",
    "asterisk/http.conf",
    "asterisk/extensions.conf",
    "secrets/auth_token",
    "secrets/ari_password",
}


def written(folder: Path) -> dict[str, str]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_text() for each in files}


def test_what_is_written_is_good_at_once(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "new/rb"
    done = run("init", str(folder))
    assert (done.code, done.out) == (0, "")
    assert set(written(folder)) == FILES
    assert f"recordbridge serve -c {folder}/recordbridge.yaml" in done.err
    assert run("check", "-c", str(folder / "recordbridge.yaml")).code == 0


def test_the_password_of_ari_conf_is_the_services(tmp_path: Path, run: Run) -> None:
    run("init", str(tmp_path))
    password = load(tmp_path / "recordbridge.yaml").asterisk[0].password.get_secret_value()
    assert f"\npassword = {password}\n" in (tmp_path / "asterisk/ari.conf").read_text()
    assert password not in (tmp_path / "recordbridge.yaml").read_text()
    assert len(password) >= 32


def test_secrets_are_the_owners_alone_and_fresh(tmp_path: Path, run: Run) -> None:
    run("init", str(tmp_path / "a"))
    run("init", str(tmp_path / "b"))
    for name in ("secrets/auth_token", "secrets/ari_password", "asterisk/ari.conf"):
        assert (tmp_path / "a" / name).stat().st_mode & 0o077 == 0
        assert (tmp_path / "a" / name).read_text() != (tmp_path / "b" / name).read_text()
    assert (tmp_path / "a/secrets").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten(tmp_path: Path, run: Run) -> None:
    (tmp_path / "recordbridge.yaml").write_text("mine")
    done = run("init", str(tmp_path))
    assert done.code == 1
    assert f"{tmp_path}/recordbridge.yaml" in done.err
    assert written(tmp_path) == {"recordbridge.yaml": "mine"}


def test_force_overwrites_all_but_what_applications_know(tmp_path: Path, run: Run) -> None:
    run("init", str(tmp_path))
    before = written(tmp_path)
    (tmp_path / "asterisk/http.conf").write_text("mine")
    assert run("init", str(tmp_path), "--force").code == 0
    assert written(tmp_path) == before


def test_json_names_the_files(tmp_path: Path, run: Run) -> None:
    done = run("init", str(tmp_path), "--json")
    assert set(json.loads(done.out)["written"]) == {str(tmp_path / name) for name in FILES}
    again = run("init", str(tmp_path), "--json")
    assert again.code == 1
    assert json.loads(again.out)["written"] == []


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").touch()
    done = run("init", str(tmp_path / "file"))
    assert done.code == 1
    assert done.err.startswith("recordbridge: ")
    assert "Traceback" not in done.err


@pytest.mark.rule("N-8")
def test_the_dialplan_offers_a_refused_call_again_and_then_falls_back(
    tmp_path: Path, run: Run
) -> None:
    run("init", str(tmp_path))
    dialplan = (tmp_path / "asterisk/extensions.conf").read_text()
    settings = load(tmp_path / "recordbridge.yaml")
    assert f"Stasis({settings.asterisk[0].app},headers=" in dialplan
    assert '"${STASISSTATUS}" != "FAILED"' in dialplan
    assert "Goto(recordbridge-fallback,${EXTEN},1)" in dialplan
    assert "[recordbridge-fallback]" in dialplan


def test_the_starter_flow_is_the_example(tmp_path: Path, run: Run) -> None:
    run("init", str(tmp_path))
    example = Path(__file__).parents[3] / "config/flows/voicemail.xml"
    assert (tmp_path / "flows/voicemail.xml").read_text() == example.read_text()
