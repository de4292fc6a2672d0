"""What the settings know and this release does not have is refused, never silently replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.app.service import Service
from recordbridge.errors import StorageError
from recordbridge.settings import load

CONFIG = """\
accounts:
  - {auth_id: MAEXAMPLEACCOUNT0001, auth_token: token-of-the-account}
asterisk:
  - {password: asterisks-secret}
applications:
  voicemail: {account: MAEXAMPLEACCOUNT0001, answer_url: "https://app.example.com/answer"}
storage: {kind: s3, bucket: recordings}
"""


async def test_files_meant_for_s3_do_not_end_up_in_a_folder(tmp_path: Path) -> None:
    config = tmp_path / "recordbridge.yaml"
    config.write_text(CONFIG)
    with pytest.raises(StorageError, match=r"storage\.kind: s3 is not available in this release"):
        async with Service(load(config)).running():
            pass
    assert list(tmp_path.iterdir()) == [config]
