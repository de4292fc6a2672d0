"""Applications as the service takes them at its start (F-1, O-3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from recordbridge.app.configured import ConfiguredApplications
from recordbridge.errors import ConfigError
from recordbridge.settings import load

SETTINGS = """\
accounts: [{auth_id: MAEXAMPLEACCOUNT0001, auth_token: example-token-0001}]
asterisk: [{password: x}]
applications:
  a: {account: MAEXAMPLEACCOUNT0001, flow: a.xml}
  b: {account: MAEXAMPLEACCOUNT0001, flow: b.xml}
"""


@pytest.mark.rule("O-3")
def test_flows_that_went_bad_after_the_check_are_told_and_not_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "rb.yaml"
    file.write_text(SETTINGS)
    first, second = tmp_path / "a.xml", tmp_path / "b.xml"
    first.write_text("<Response/>")
    second.write_text("<Response>\n <Nope/>\n</Response>")
    settings = load(file, {})
    first.unlink()
    with pytest.raises(ConfigError) as raised:
        ConfiguredApplications(settings)
    gone, wrong = raised.value.mistakes
    assert gone == f"{first}: the file cannot be read (No such file or directory)"
    assert wrong.startswith(f"{second}:2: ")
