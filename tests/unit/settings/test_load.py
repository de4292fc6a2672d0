"""The loader: all mistakes at once, and what a good file gives."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from recordbridge.errors import ConfigError
from recordbridge.settings import load
from tests.unit.settings.conftest import ENVIRON, HEAD, Load, Mistakes

pytestmark = pytest.mark.rule("O-3")


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(mistakes: Mistakes) -> None:
    """One from YAML, one from a value, one between keys, one unknown key."""
    found = mistakes(
        """\
        default_application: nobody
        recording:
          defaults: {timeout: 0}
        lgo: {}
        speech: {voice: !env NOBODY}
        """
    )
    assert [each.split(": ")[:2] for each in found] == [
        ["5", "default_application"],
        ["7", "recording.defaults.timeout"],
        ["8", "lgo"],
        ["9", "speech.voice"],
    ]


def test_load_raises_the_finished_lines(tmp_path: Path) -> None:
    file = tmp_path / "rb.yaml"
    file.write_text(HEAD + "lgo: {}\n")
    with pytest.raises(ConfigError) as raised:
        load(file, ENVIRON)
    assert raised.value.mistakes == [f"{file}:5: lgo: unknown key lgo; did you mean log?"]


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read \\(No such file"):
        load(tmp_path / "none.yaml", ENVIRON)
    (tmp_path / "latin.yaml").write_bytes(b"log:\n  level: \xe4\n")
    with pytest.raises(ConfigError, match=r":2: \(file\): the file is not UTF-8 text"):
        load(tmp_path / "latin.yaml", ENVIRON)


def test_null_and_missing_are_the_default(read: Load) -> None:
    assert read(
        "service:\nrecording: {defaults: {timeout: null, finishOnKey: ~}}\nlog: {level: null}\n"
    ) == read("")


def test_null_closes_the_door_for_dialplans(read: Load) -> None:
    assert read("agi: null\n").agi is None
    assert read("").agi is not None


def test_relative_paths_are_relative_to_the_file(read: Load, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    settings = read("storage: {path: here}\n")
    assert settings.storage.path == tmp_path / "here"
    assert settings.file == tmp_path / "rb.yaml"
    assert settings.database.url.get_secret_value() == f"sqlite:///{tmp_path}/var/recordbridge.db"
    assert read("").storage.path == tmp_path / "var/recordings"
    head = HEAD.replace("{password", "{tls_ca: ca.pem, recordings: spool, password")
    server = read("", head=head).asterisk[0]
    assert (server.tls_ca, server.recordings) == (tmp_path / "ca.pem", tmp_path / "spool")


def test_absolute_database_paths_stay(read: Load) -> None:
    url = read('database: {url: "sqlite:////srv/rb.db"}\n').database.url
    assert url.get_secret_value() == "sqlite:////srv/rb.db"


def test_values_are_ready_for_use(read: Load) -> None:
    settings = read(
        """\
        service: {listen: "[::1]:0", public_url: "https://h/rb/"}
        webhooks: {allow_networks: [10.0.0.0/8, "fd00::/8"]}
        recording: {defaults: {finishOnKey: none}}
        """
    )
    assert (settings.service.host, settings.service.port) == ("::1", 0)
    assert settings.service.public_url == "https://h/rb"
    assert settings.webhooks.allow_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert settings.recording.defaults.finish_on_key == ""
    assert settings.agi is not None
    assert settings.agi.allow_networks == (ip_network("127.0.0.0/8"),)
