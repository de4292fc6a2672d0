"""Mistakes that lie between keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.settings import load
from tests.unit.settings.conftest import ENVIRON, HEAD, Load, Mistakes

pytestmark = pytest.mark.rule("O-3")

ANSWER = 'account: MAEXAMPLEACCOUNT0001, answer_url: "http://a/"'

BAD = {
    "neither": (
        "applications:\n  a: {account: MAEXAMPLEACCOUNT0001}\n",
        "6: applications.a: it has neither flow nor answer_url; give one of the two",
    ),
    "both": (
        f"applications:\n  a: {{{ANSWER}, flow: rb.yaml}}\n",
        "6: applications.a: it has both flow and answer_url; give one of the two",
    ),
    "unknown_account": (
        'applications:\n  a:\n    account: MAEXAMPLEACCOUNT0002\n    answer_url: "http://a/"\n',
        (
            "7: applications.a.account: there is no account MAEXAMPLEACCOUNT0002; "
            "did you mean MAEXAMPLEACCOUNT0001?"
        ),
    ),
    "unknown_default": (
        f"applications: {{sales: {{{ANSWER}}}}}\ndefault_application: voicemail\n",
        "6: default_application: there is no application voicemail; the applications are: sales",
    ),
    "default_of_none": (
        "default_application: voicemail\n",
        (
            "5: default_application: there is no application voicemail; "
            "the applications are: none are given"
        ),
    ),
    "number_in_two_applications": (
        (
            f'applications:\n  a: {{{ANSWER}, numbers: ["1"]}}\n'
            f'  b:\n    numbers: ["2",\n      "1"]\n    <<: {{{ANSWER}}}\n'
        ),
        (
            "9: applications.b.numbers[1]: 1 belongs to applications.a already (line 6); "
            "a number leads to one application"
        ),
    ),
    "certificate_without_key": (
        "service: {tls_cert: rb.yaml}\n",
        "5: service.tls_cert: tls_key is missing; give both tls_cert and tls_key",
    ),
    "bucket_without_s3": (
        "storage: {bucket: b}\n",
        "5: storage.bucket: the key is for kind: s3 only; leave it out",
    ),
    "server_without_url": (
        "transcription: {engine: openai, model: m}\n",
        "5: transcription.engine: engine: openai has no url; give transcription.url",
    ),
    "server_without_model": (
        "transcription: {engine: openai, url: 'http://gpu/v1'}\n",
        "5: transcription.engine: engine: openai has no model; give transcription.model",
    ),
    "key_without_server": (
        "transcription: {api_key: geheim}\n",
        "5: transcription.api_key: the key is for engine: openai only; leave it out",
    ),
    "s3_without_bucket": (
        "storage: {kind: s3}\n",
        "5: storage.kind: kind: s3 has no bucket; give storage.bucket",
    ),
    "half_of_the_s3_keys": (
        "storage: {kind: s3, bucket: b, secret_key: geheim}\n",
        "5: storage.secret_key: access_key is missing; give both access_key and secret_key",
    ),
    "missing_flow_is_not_told_twice": (
        "applications:\n  a: {account: MAEXAMPLEACCOUNT0001, flow: !env NOBODY}\n",
        (
            "6: applications.a.flow: the environment variable NOBODY is not set; "
            "set NOBODY or use !file PATH"
        ),
    ),
}


@pytest.mark.parametrize(("text", "line"), BAD.values(), ids=BAD.keys())
def test_a_mistake_between_keys_is_one_sentence(mistakes: Mistakes, text: str, line: str) -> None:
    assert mistakes(text) == [line]


BAD_HEADS = {
    "account_twice": (
        (
            "accounts:\n"
            "  - {auth_id: MAEXAMPLEACCOUNT0001, auth_token: !env TOKEN}\n"
            "  - {auth_id: MAEXAMPLEACCOUNT0001, auth_token: !env TOKEN}\n"
            "asterisk: [{password: x}]\n"
        ),
        "3: accounts[1].auth_id: MAEXAMPLEACCOUNT0001 is given in line 2 already; give it once",
    ),
    "asterisk_twice": (
        HEAD.replace("{password", '{name: a, url: "http://a", password')
        + "  - {name: a, password: x}\n",
        "5: asterisk[1].name: a is given in line 4 already; give it once",
    ),
    "asterisk_without_a_name": (
        HEAD.replace("{password", "{name: a, password") + '  - {url: "http://b", password: x}\n',
        "5: asterisk[1].name: the key is missing; several servers need names",
    ),
    "one_asterisk_as_two": (
        HEAD.replace("{password", "{name: a, password") + "  - {name: b, password: x}\n",
        (
            "5: asterisk[1].app: the same url and app are given in line 4 already; "
            "each Asterisk is named once"
        ),
    ),
    "account_of_an_asterisk": (
        HEAD.replace("{password", "{account: SAEXAMPLEACCOUNT0009, password"),
        (
            "4: asterisk[0].account: there is no account SAEXAMPLEACCOUNT0009; "
            "did you mean MAEXAMPLEACCOUNT0001?"
        ),
    ),
}


@pytest.mark.parametrize(("head", "line"), BAD_HEADS.values(), ids=BAD_HEADS.keys())
def test_a_mistake_between_entries_of_a_list(mistakes: Mistakes, head: str, line: str) -> None:
    assert mistakes("", head=head) == [line]


def test_a_flow_that_is_not_there(mistakes: Mistakes, tmp_path: Path) -> None:
    assert mistakes(
        "applications:\n  a:\n    account: MAEXAMPLEACCOUNT0001\n    flow: flows/none.xml\n"
    ) == [
        (
            f"8: applications.a.flow: the file {tmp_path}/flows/none.xml does not exist; "
            "the path of an existing file"
        )
    ]


def test_one_application_may_have_a_number_twice_only_once(mistakes: Mistakes) -> None:
    assert len(mistakes(f'applications: {{a: {{{ANSWER}, numbers: ["1", "1"]}}}}\n')) == 1


@pytest.mark.parametrize(
    "url", ["https://bücher.example/", "https://a\\b/", "http://[fe80::1%eth0]/", "http://-a/"]
)
def test_what_cannot_be_requested_is_told_before_the_start(mistakes: Mistakes, url: str) -> None:
    """Documents are as strict: else a file that `check` calls good would not start."""
    (mistake,) = mistakes(
        f"applications: {{a: {{{ANSWER}, hangup_url: '{url}#rc=2', fallback_url: 'http://b/'}}}}\n"
    )
    assert f"applications.a.hangup_url: {url}#rc=2 must be " in mistake


def test_whole_pairs_are_good(read: Load, tmp_path: Path) -> None:
    (tmp_path / "pem").touch()
    settings = read(
        "service: {tls_cert: pem, tls_key: pem}\n"
        "storage: {kind: s3, bucket: b, access_key: k, secret_key: s}\n"
    )
    assert settings.service.tls_key == tmp_path / "pem"
    assert settings.storage.bucket == "b"


def test_two_servers_are_good(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(
        HEAD.replace("{password", "{name: a, password")
        + '  - {name: b, url: "http://b:8088", password: x}\n'
    )
    assert [each.name for each in load(file, ENVIRON).asterisk] == ["a", "b"]
