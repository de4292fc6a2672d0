"""Storage by the YAML file: what is missing or wrong is told before anything starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from recordbridge.app.service import Service
from recordbridge.app.storage import prove
from recordbridge.errors import StorageError
from recordbridge.settings import load

CONFIG = """\
accounts:
  - {auth_id: MAEXAMPLEACCOUNT0001, auth_token: token-of-the-account}
asterisk:
  - {password: asterisks-secret}
applications:
  voicemail: {account: MAEXAMPLEACCOUNT0001, answer_url: "https://app.example.com/answer"}
storage: {kind: s3, bucket: recordings, access_key: k, secret_key: s}
"""


@pytest.mark.rule("M-2")
async def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "recordbridge.yaml"
    config.write_text(CONFIG)
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "recordbridge.blobs.s3", raising=False)
    settings, sentence = load(config), r"pip install 'recordbridge\[s3\]'"
    with pytest.raises(StorageError, match=sentence):
        async with Service(settings).running():
            pass
    assert "recordbridge[s3]" in await prove(settings.storage)
