"""What the composition root asks the settings."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from recordbridge.plivo.elements import RecordDefaults
from tests.unit.settings.conftest import ENVIRON, Load

APPLICATIONS = """\
applications:
  voicemail: {account: MAEXAMPLEACCOUNT0001, numbers: ["100"], answer_url: "http://a/"}
  sales:
    account: MAEXAMPLEACCOUNT0001
    numbers: ["200", "+49"]
    answer_url: "http://a/#rc=3"
    recording: {timeout: 3, maxLength: 600, playBeep: false, finishOnKey: "", fileFormat: wav,
                recordChannelType: stereo}
"""


@pytest.mark.rule("F-1")
@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        (None, "100", "voicemail"),
        (None, "+49", "sales"),
        (None, "300", "voicemail"),
        ("sales", "100", "sales"),
        ("nobody", "100", None),
        ("", "100", None),
    ],
)
def test_an_application_is_found_by_name_else_number_else_default(
    read: Load, name: str | None, number: str, expected: str | None
) -> None:
    """A name that is asked for and not there gives none, never another one."""
    found = read(APPLICATIONS + "default_application: voicemail\n").application_for(name, number)
    assert (found.name if found else None) == expected


@pytest.mark.rule("F-1")
def test_without_a_default_an_unknown_number_has_no_application(read: Load) -> None:
    assert read(APPLICATIONS).application_for(None, "300") is None


@pytest.mark.rule("A-18")
def test_an_application_puts_its_own_values_over_the_defaults(read: Load) -> None:
    settings = read(APPLICATIONS + "recording: {defaults: {timeout: 7, recordChannelType: mono}}\n")
    assert RecordDefaults(**settings.record_values(settings.applications["sales"])) == (
        RecordDefaults(
            timeout=3,
            max_length=600,
            play_beep=False,
            finish_on_key="",
            file_format="wav",
            stereo=True,
        )
    )
    voicemail = settings.record_values(settings.applications["voicemail"])
    assert RecordDefaults(**voicemail) == RecordDefaults(timeout=7, stereo=False)


@pytest.mark.rule("A-18")
def test_defaults_are_those_of_the_language(read: Load) -> None:
    assert RecordDefaults(**read().record_values(None)) == RecordDefaults()


@pytest.mark.rule("E-6")
def test_a_channel_outside_applications_belongs_to_the_defaults_account(read: Load) -> None:
    settings = read(APPLICATIONS + "default_application: sales\n")
    assert settings.account_of(settings.asterisk[0]) == "MAEXAMPLEACCOUNT0001"
    bare = read("")
    assert bare.account_of(bare.asterisk[0]) is None


@pytest.mark.rule("H-6")
def test_secrets_are_in_no_repr(read: Load) -> None:
    settings = read(
        "storage: {kind: s3, bucket: b, access_key: akey-geheim, secret_key: skey-geheim,"
        " url_keys: [ukey-geheim-geheim]}\n"
        'database: {url: "postgresql://u:geheim@h/n"}\n'
        "console: {users: [{name: anna, password: geheim}]}\n"
    )
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "geheim" not in shown
    assert not any(value in shown for key, value in ENVIRON.items() if key != "PORT")
    account = settings.account("MAEXAMPLEACCOUNT0001")
    assert account is not None
    assert account.auth_token[0].get_secret_value() == ENVIRON["TOKEN"]


def test_settings_do_not_change(read: Load) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read("").service.worker = "other"
