"""SIGHUP: what is taken over at once, what waits for a restart, and that a mistake changes nothing
(O-4).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from recordbridge.app.configured import ConfiguredApplications
from recordbridge.app.reload import Reload
from recordbridge.errors import StorageError
from recordbridge.settings import Settings, load

pytestmark = pytest.mark.rule("O-4")

FIRST, SECOND = "MAEXAMPLEACCOUNT0001", "MAEXAMPLEACCOUNT0002"


class Kept:
    """A YAML file that is changed, and what takes it over."""

    def __init__(self, folder: Path) -> None:
        (folder / "a.xml").write_text("<Response><Hangup/></Response>")
        self.file = folder / "rb.yaml"
        self.content: dict[str, Any] = {
            "accounts": [{"auth_id": FIRST, "auth_token": "first-token"}],
            "asterisk": [{"name": "pbx", "password": "ari-password"}],
            "applications": {"a": {"account": FIRST, "numbers": ["100"], "flow": "a.xml"}},
            "storage": {"url_keys": ["k" * 32]},
        }
        self.applied: list[Settings] = []
        self.failing = ""
        self.write()
        settings = load(self.file, {})
        self.applications = ConfiguredApplications(settings)
        self.reload = Reload(settings, self.applications, self.apply)

    def write(self) -> None:
        self.file.write_text(yaml.safe_dump(self.content))

    async def apply(self, settings: Settings) -> None:
        if self.failing:
            raise StorageError(self.failing)
        self.applied.append(settings)

    async def again(self) -> tuple[bool, dict[str, Any]]:
        """The file as it is now; whether it was taken, and what the log says of it."""
        self.write()
        with structlog.testing.capture_logs() as said:
            taken = await self.reload()
        return taken, {each["event"]: each for each in said}


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


async def test_applications_numbers_and_accounts_are_new_at_once(
    kept: Kept, tmp_path: Path
) -> None:
    accounts = kept.applications.accounts
    (tmp_path / "b.xml").write_text("<Response><Wait/></Response>")
    kept.content["accounts"] = [
        {"auth_id": FIRST, "auth_token": ["newer-token", "first-token"]},
        {"auth_id": SECOND, "auth_token": "second-token"},
    ]
    kept.content["applications"] = {
        "a": {"account": FIRST, "numbers": ["101"], "flow": "b.xml"},
        "b": {"account": SECOND, "numbers": ["200"], "answer_url": "https://app.example.com/"},
    }
    kept.content["default_application"] = "b"
    taken, said = await kept.again()
    assert taken
    assert said.keys() == {"reloaded"}
    assert (said["reloaded"]["applications"], said["reloaded"]["accounts"]) == (
        ["a", "b"],
        [FIRST, SECOND],
    )
    assert kept.applications.tokens(FIRST) == ("newer-token", "first-token")
    assert accounts is kept.applications.accounts
    assert accounts[SECOND] == ("second-token",)
    found = kept.applications.match(None, "101")
    assert found is not None
    assert found.flow is not None
    assert type(found.flow.elements[0]).__name__ == "Wait"
    default = kept.applications.match(None, "100")
    assert default is not None
    assert default.profile.application == "b"
    assert kept.applications.owner("pbx") == SECOND


async def test_an_account_that_is_gone_opens_nothing_any_more(kept: Kept) -> None:
    kept.content["accounts"] = [{"auth_id": SECOND, "auth_token": "second-token"}]
    kept.content["applications"] = {}
    assert (await kept.again())[0]
    assert kept.applications.accounts == {SECOND: ("second-token",)}
    assert kept.applications.named("a") is None


@pytest.mark.parametrize("wrong", ["key", "flow", "file", "store"])
async def test_a_mistake_changes_nothing_and_is_told(
    kept: Kept, tmp_path: Path, wrong: str
) -> None:
    before = kept.applications.match(None, "100")
    kept.content["accounts"].append({"auth_id": SECOND, "auth_token": "second-token"})
    sentence = "nope"
    if wrong == "key":
        kept.content["nope"] = 1
    elif wrong == "flow":
        (tmp_path / "a.xml").write_text("<Response><Nope/></Response>")
        sentence = "Nope"
    elif wrong == "store":
        kept.failing = sentence
    if wrong == "file":
        sentence = "cannot be read"
        kept.file.unlink()
        with structlog.testing.capture_logs() as lines:
            taken = await kept.reload()
        said = {each["event"]: each for each in lines}
    else:
        taken, said = await kept.again()
    assert not taken
    assert said.keys() == {"reload_refused"}
    assert sentence in " ".join(said["reload_refused"]["mistakes"])
    assert kept.applications.match(None, "100") is before
    assert SECOND not in kept.applications.accounts


async def test_passwords_and_keys_are_passed_on_and_nothing_is_to_be_restarted(kept: Kept) -> None:
    kept.content["asterisk"][0]["password"] = "other-password"
    kept.content["storage"]["url_keys"] = ["n" * 32, "k" * 32]
    kept.content["recording"] = {"silence_threshold": 200}
    taken, said = await kept.again()
    assert taken
    assert said.keys() == {"reloaded"}
    assert kept.applied[0].asterisk[0].password.get_secret_value() == "other-password"
    profile = kept.applications.match("a", "")
    assert profile is not None
    assert profile.profile.silence_threshold == 200


async def test_what_needs_a_restart_is_named_without_its_value(kept: Kept) -> None:
    kept.content["service"] = {"listen": "127.0.0.1:9999"}
    kept.content["asterisk"][0]["url"] = "http://127.0.0.1:9088"
    kept.content["database"] = {"url": "postgresql://u:very-secret@127.0.0.1/db"}
    kept.content["agi"] = None
    taken, said = await kept.again()
    assert taken
    told = said["reload_needs_restart"]
    assert told["keys"] == ["agi", "asterisk.url", "database.url", "service.listen"]
    assert "very-secret" not in str(said)


async def test_another_asterisk_needs_a_restart(kept: Kept) -> None:
    kept.content["asterisk"].append({"name": "two", "password": "x", "app": "other"})
    _, said = await kept.again()
    assert said["reload_needs_restart"]["keys"] == ["asterisk"]
