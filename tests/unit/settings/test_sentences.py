"""Every kind of bad value: one sentence at the exact line."""

from __future__ import annotations

import pytest

from tests.unit.settings.conftest import HEAD, Mistakes

pytestmark = pytest.mark.rule("O-3")

APP = 'applications: {a: {account: MAEXAMPLEACCOUNT0001, answer_url: "http://a/", '
SECONDS = "a whole number of seconds from"

BAD = {
    "unknown_key": ("sevice: {}\n", "5: sevice: unknown key sevice; did you mean service?"),
    "unknown_key_without_likeness": (
        "log: {qqqq: 1}\n",
        "5: log.qqqq: unknown key qqqq; the keys here are format, level",
    ),
    "case_of_an_attribute": (
        "recording: {defaults: {max_length: 5}}\n",
        "5: recording.defaults.max_length: unknown key max_length; did you mean maxLength?",
    ),
    "number_as_text": (
        APP + "numbers: [100]}}\n",
        (
            "5: applications.a.numbers[0]: YAML does not read 100 as a text; "
            'write "100" in quotes: dialled numbers in quotes, such as "100" or "+4930123456"'
        ),
    ),
    "one_number_without_a_list": (
        APP + 'numbers: "100"}}\n',
        (
            "5: applications.a.numbers: one value stands where a list belongs; "
            'write [...] around it: dialled numbers in quotes, such as "100" or "+4930123456"'
        ),
    ),
    "number_with_a_space": (
        APP + 'numbers: ["1 0"]}}\n',
        (
            "5: applications.a.numbers[0]: 1 0 is not allowed; "
            'dialled numbers in quotes, such as "100" or "+4930123456"'
        ),
    ),
    "text_as_number": (
        'recording:\n  defaults: {timeout: "5"}\n',
        f"6: recording.defaults.timeout: 5 is in quotes; without quotes: {SECONDS} 1 to 86400",
    ),
    "fraction": (
        "recording: {defaults: {timeout: 1.5}}\n",
        f"5: recording.defaults.timeout: 1.5 is not allowed; {SECONDS} 1 to 86400",
    ),
    "timeout_too_small": (
        "recording: {defaults: {timeout: 0}}\n",
        f"5: recording.defaults.timeout: 0 is out of range; {SECONDS} 1 to 86400",
    ),
    "max_length_too_small": (
        "recording: {defaults: {maxLength: 1}}\n",
        f"5: recording.defaults.maxLength: 1 is out of range; {SECONDS} 2 to 86400",
    ),
    "max_length_too_large": (
        APP + "recording: {maxLength: 86401}}}\n",
        f"5: applications.a.recording.maxLength: 86401 is out of range; {SECONDS} 2 to 86400",
    ),
    "beep_flag": (
        "recording: {defaults: {playBeep: maybe}}\n",
        "5: recording.defaults.playBeep: maybe is not allowed; true or false",
    ),
    "finish_key": (
        'recording: {defaults: {finishOnKey: "#a"}}\n',
        (
            "5: recording.defaults.finishOnKey: #a holds something that is not a key; "
            'keys in quotes, of 0-9 * #, such as "#", or none'
        ),
    ),
    "finish_key_unquoted_digit": (
        "recording: {defaults: {finishOnKey: 1}}\n",
        (
            "5: recording.defaults.finishOnKey: YAML does not read 1 as a text; "
            'write "1" in quotes: keys in quotes, of 0-9 * #, such as "#", or none'
        ),
    ),
    "file_format": (
        APP + "recording: {fileFormat: ogg}}}\n",
        "5: applications.a.recording.fileFormat: ogg is not allowed; mp3 or wav",
    ),
    "channel_type": (
        "recording: {defaults: {recordChannelType: both}}\n",
        "5: recording.defaults.recordChannelType: both is not allowed; mono or stereo",
    ),
    "threshold": (
        "recording: {silence_threshold: 0}\n",
        "5: recording.silence_threshold: 0 is out of range; a whole number from 1 to 32767",
    ),
    "beep": (
        "recording: {beep: beep}\n",
        "5: recording.beep: beep names no sound; sound:NAME or tone:NAME of Asterisk",
    ),
    "answer_url": (
        'applications:\n  a: {account: MAEXAMPLEACCOUNT0001, answer_url: "ftp://a/"}\n',
        (
            "6: applications.a.answer_url: ftp://a/ does not begin with http:// or https://; "
            "an absolute http or https URL"
        ),
    ),
    "url_without_host": (
        APP + 'hangup_url: "http:///x"}}\n',
        (
            "5: applications.a.hangup_url: http:///x has no usable host and port; "
            "an absolute http or https URL"
        ),
    ),
    "url_with_a_bad_port": (
        APP + 'fallback_url: "http://a:99999/"}}\n',
        (
            "5: applications.a.fallback_url: http://a:99999/ is not a URL; "
            "an absolute http or https URL"
        ),
    ),
    "method": (
        APP + "answer_method: PUT}}\n",
        "5: applications.a.answer_method: PUT is not allowed; GET or POST",
    ),
    "retention": (
        APP + "retention_days: -1}}\n",
        (
            "5: applications.a.retention_days: -1 is out of range; "
            "a whole number of days from 0 to 36500"
        ),
    ),
    "application_name": (
        'applications:\n  a b: {account: MAEXAMPLEACCOUNT0001, answer_url: "http://a/"}\n',
        "6: applications.a b: the name is not usable; up to 63 of A-Z a-z 0-9 . _ and -",
    ),
    "empty_application": (
        "applications:\n  a:\n",
        "6: applications.a: the value is empty; a set of keys",
    ),
    "missing_account": (
        'applications:\n  a:\n    answer_url: "http://a/"\n',
        (
            "6: applications.a.account: the key is missing; "
            "it must be given: MA or SA and 18 capital letters or digits"
        ),
    ),
    "section_that_is_a_word": ("log: loud\n", "5: log: loud is not allowed; a set of keys"),
    "section_that_is_a_list": (
        "log: [1]\n",
        "5: log: a list or a set of keys stands where it does not belong; a set of keys",
    ),
    "word_that_is_a_list": (
        "speech: {voice: [de]}\n",
        "5: speech.voice: a list or a set of keys stands where it does not belong; a text",
    ),
    "listen": (
        "service: {listen: 127.0.0.1}\n",
        (
            "5: service.listen: 127.0.0.1 is not HOST:PORT; "
            'HOST:PORT, such as 127.0.0.1:8080 or "[::1]:8080"'
        ),
    ),
    "listen_port": (
        'agi: {listen: "[::1]:70000"}\n',
        (
            "5: agi.listen: [::1]:70000 is not HOST:PORT; "
            'HOST:PORT, such as 127.0.0.1:8080 or "[::1]:8080"'
        ),
    ),
    "public_url_query": (
        'service: {public_url: "http://a/?b"}\n',
        (
            "5: service.public_url: http://a/?b has a query or a fragment; "
            "an absolute http or https URL without user, query or fragment"
        ),
    ),
    "public_url_user": (
        'service: {public_url: "http://u:geheim@a/"}\n',
        (
            "5: service.public_url: the URL has a user name or a password in it; "
            "an absolute http or https URL without user, query or fragment"
        ),
    ),
    "worker": (
        'service: {worker: "a b"}\n',
        (
            "5: service.worker: a b is not allowed; "
            "up to 63 letters, digits, dots, hyphens and underscores"
        ),
    ),
    "network_with_host_bits": (
        "webhooks:\n  allow_networks:\n    - 10.0.0.0/8\n    - 10.1.2.3/8\n",
        (
            "8: webhooks.allow_networks[1]: 10.1.2.3/8 is an address inside the network "
            '10.0.0.0/8; networks in CIDR form, such as "10.0.0.0/8" or "fd00::/8"'
        ),
    ),
    "network_word": (
        "webhooks: {allow_networks: [localhost]}\n",
        (
            "5: webhooks.allow_networks[0]: localhost is not a network; "
            'networks in CIDR form, such as "10.0.0.0/8" or "fd00::/8"'
        ),
    ),
    "network_number": (
        "agi: {allow_networks: [10]}\n",
        (
            "5: agi.allow_networks[0]: 10 is not a network; "
            'networks in CIDR form, such as "10.0.0.0/8" or "fd00::/8"'
        ),
    ),
    "schedule": (
        "webhooks: {schedule_s: [5, 0]}\n",
        (
            "5: webhooks.schedule_s[1]: 0 is out of range; "
            "a list of whole numbers of seconds from 1 to 604800"
        ),
    ),
    "rate": (
        "transcription: {rate_per_minute: 0.5}\n",
        (
            "5: transcription.rate_per_minute: YAML does not read 0.5 as a text; "
            'write "0.5" in quotes: a decimal number in quotes, such as "0.005"'
        ),
    ),
    "rate_word": (
        "transcription: {rate_per_minute: free}\n",
        (
            "5: transcription.rate_per_minute: free is not a decimal number; "
            'a decimal number in quotes, such as "0.005"'
        ),
    ),
    "dial_template": (
        "dial: {number: PJSIP/carrier}\n",
        (
            "5: dial.number: PJSIP/carrier is not an endpoint with {number} in it; "
            "an endpoint with {number} in it"
        ),
    ),
    "log_level": (
        "log: {level: loud}\n",
        "5: log.level: loud is not allowed; debug or info or warning or error",
    ),
    "storage_kind": ("storage: {kind: nfs}\n", "5: storage.kind: nfs is not allowed; local or s3"),
    "short_url_key": (
        "storage: {url_keys: [geheim]}\n",
        (
            "5: storage.url_keys[0]: the secret is too short; "
            "a list of secrets of at least 16 characters, best as !env NAME or !file PATH"
        ),
    ),
    "database_scheme": (
        'database: {url: "mysql://u:geheim@h/n"}\n',
        (
            "5: database.url: the URL does not begin with sqlite:/// or postgresql://; "
            "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
        ),
    ),
    "database_without_a_name": (
        'database: {url: "postgresql://u:geheim@h"}\n',
        (
            "5: database.url: the PostgreSQL URL names no database, or its port is not a number; "
            "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
        ),
    ),
    "database_port": (
        'database: {url: "postgresql://u:geheim@h:port/n"}\n',
        (
            "5: database.url: the PostgreSQL URL names no database, or its port is not a number; "
            "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
        ),
    ),
    "database_in_memory": (
        'database: {url: "sqlite:///:memory:"}\n',
        (
            "5: database.url: the SQLite URL names no file; "
            "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
        ),
    ),
}


@pytest.mark.parametrize(("text", "line"), BAD.values(), ids=BAD.keys())
def test_a_mistake_is_one_sentence_at_its_line(mistakes: Mistakes, text: str, line: str) -> None:
    assert mistakes(text) == [line]
    assert "geheim" not in line


BAD_HEADS = {
    "empty_file": (
        "",
        [
            "1: accounts: the key is missing; it must be given: a list with at least one entry",
            "1: asterisk: the key is missing; it must be given: a list with at least one entry",
        ],
    ),
    "not_a_mapping": (
        "- 1\n",
        ["1: (file): there are no keys; at least accounts and asterisk are given"],
    ),
    "empty_lists": (
        "accounts: []\nasterisk: []\n",
        [
            "1: accounts: the list is empty; a list with at least one entry",
            "2: asterisk: the list is empty; a list with at least one entry",
        ],
    ),
    "password_comment": (
        HEAD.replace("{password: !env ARI_PASSWORD}", "username: me\n    password: #geheim"),
        [
            (
                "5: asterisk[0].password: the value is empty, because an unquoted # begins "
                "a comment; quote it: a secret, best as !env NAME or !file PATH"
            )
        ],
    ),
    "password_number": (
        HEAD.replace("!env ARI_PASSWORD", "12345678"),
        [
            (
                "4: asterisk[0].password: YAML does not read the secret as a text; "
                "put it in quotes: a secret, best as !env NAME or !file PATH"
            )
        ],
    ),
    "short_token": (
        HEAD.replace("!env TOKEN", "geheim"),
        [
            (
                "2: accounts[0].auth_token: the secret is too short; at least 8 characters, "
                "best as !env NAME or !file PATH; or a list of such"
            )
        ],
    ),
    "short_token_in_a_list": (
        HEAD.replace("!env TOKEN", "[!env TOKEN, geheim]"),
        [
            (
                "2: accounts[0].auth_token[1]: the secret is too short; at least 8 characters, "
                "best as !env NAME or !file PATH; or a list of such"
            )
        ],
    ),
    "no_tokens": (
        HEAD.replace("!env TOKEN", "[]"),
        [
            (
                "2: accounts[0].auth_token: the list is empty; at least 8 characters, "
                "best as !env NAME or !file PATH; or a list of such"
            )
        ],
    ),
    "auth_id": (
        HEAD.replace("MAEX", "MBEX"),
        [
            (
                "2: accounts[0].auth_id: MBEXAMPLEACCOUNT0001 is not allowed; "
                "MA or SA and 18 capital letters or digits"
            )
        ],
    ),
    "ari_in_the_url": (
        HEAD.replace("{password", '{url: "http://a:8088/ari/", password'),
        [
            (
                "4: asterisk[0].url: http://a:8088/ari/ ends in /ari, which is added anyway; "
                "the http or https URL of Asterisk's own web server, without /ari"
            )
        ],
    ),
    "tab": (
        "accounts:\n\t- 1\n",
        ["2: (file): a tab stands in column 1; indent with spaces"],
    ),
    "control_character": (
        "accounts:\n  - \x07\n",
        ["2: (file): a control character stands here; remove it"],
    ),
    "nested_too_deeply": (
        "[" * 1200,
        ["1: (file): the lists are nested too deeply; three levels are enough"],
    ),
    "open_bracket": (
        "accounts: [\nasterisk: 1\n",
        [
            (
                "3: (file): this is not YAML in column 1, expected ',' or ']', but got "
                "'<stream end>'; correct the syntax"
            )
        ],
    ),
}


@pytest.mark.parametrize(("head", "lines"), BAD_HEADS.values(), ids=BAD_HEADS.keys())
def test_a_mistake_in_what_must_be_given(mistakes: Mistakes, head: str, lines: list[str]) -> None:
    assert mistakes("", head=head) == lines
