"""`check_live`: every Asterisk's faults are told, each line with its name."""

from __future__ import annotations

import pytest

from recordbridge.app import live
from recordbridge.errors import PbxUnavailableError
from recordbridge.settings.sections import Asterisk, Transcription
from recordbridge.settings.storage import Storage


async def verdicts(asterisk: Asterisk) -> list[str]:
    match asterisk.name:
        case "away":
            raise PbxUnavailableError("nothing accepts connections")
        case "odd":
            return ["its clock is wrong", "a module is missing"]
        case _:
            return []


def named(*names: str) -> tuple[Asterisk, ...]:
    return tuple(Asterisk.model_validate({"name": name, "password": "p"}) for name in names)


@pytest.mark.rule("O-3")
async def test_faults_are_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_diagnose", verdicts)
    assert await live._check(
        named("good", "odd"), Storage(), "sqlite:///absent.db", Transcription()
    ) == [
        "asterisk odd: its clock is wrong",
        "asterisk odd: a module is missing",
    ]


@pytest.mark.rule("O-3")
async def test_one_that_is_away_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_diagnose", verdicts)
    with pytest.raises(PbxUnavailableError) as told:
        await live._check(named("away", "odd"), Storage(), "sqlite:///absent.db", Transcription())
    assert str(told.value).splitlines() == [
        "asterisk away: nothing accepts connections",
        "asterisk odd: its clock is wrong",
        "asterisk odd: a module is missing",
    ]
