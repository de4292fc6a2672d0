"""`recordbridge init`: a configuration that works as it is, and what Asterisk needs beside it.

The secrets are made here, fresh, in files that only their owner can read; the YAML file names
them with `!file`, so that nothing has to be exported and no secret stands in it. An existing file
is never overwritten without `--force`; the account's id and the secrets stay even then, because
applications know them.
"""

from __future__ import annotations

import os
import re
import secrets
import string
from importlib import resources
from pathlib import Path

from recordbridge.cli.output import FAILED, GOOD, give, say

TOKEN, PASSWORD = "secrets/auth_token", "secrets/ari_password"
ARI_CONF = "asterisk/ari.conf"
STARTERS = {
    "recordbridge.yaml": "recordbridge.yaml",
    "flows/voicemail.xml": "voicemail.xml",
    ARI_CONF: "ari.conf",
    "asterisk/http.conf": "http.conf",
    "asterisk/extensions.conf": "extensions.conf",
}
PRIVATE = frozenset({TOKEN, PASSWORD, ARI_CONF})


def init(folder: Path, *, force: bool, as_json: bool) -> int:
    """Write the starter files into a folder, which is made; 1 when one of them exists already."""
    texts = _texts(folder)
    existing = [name for name in texts if (folder / name).exists()]
    if existing and not force:
        files = ", ".join(str(folder / name) for name in existing)
        say(f"recordbridge: nothing was written, because there is {files} already;"
            " choose another folder or give --force")  # fmt: skip
        if as_json:
            give({"written": [], "existing": [str(folder / name) for name in existing]})
        return FAILED
    for name, text in texts.items():
        if name not in existing or name not in (TOKEN, PASSWORD):
            _write(folder / name, text, mode=0o600 if name in PRIVATE else 0o644)
    if as_json:
        give({"written": [str(folder / name) for name in texts], "existing": existing})
    _next_steps(folder)
    return GOOD


def _texts(folder: Path) -> dict[str, str]:
    """What is to be written, by file name."""
    token, password = _secret(folder / TOKEN), _secret(folder / PASSWORD)
    fill = {
        "@AUTH_ID@": _account(folder / "recordbridge.yaml"),
        "@ARI_PASSWORD@": password,
    }
    source = resources.files("recordbridge.cli") / "starter"
    texts = {TOKEN: token + "\n", PASSWORD: password + "\n"}
    for name, starter in STARTERS.items():
        text = (source / starter).read_text(encoding="utf-8")
        for placeholder, value in fill.items():
            text = text.replace(placeholder, value)
        texts[name] = text
    return texts


def _secret(file: Path) -> str:
    """The secret that is there already, or a fresh one."""
    if file.is_file():
        return file.read_text(encoding="utf-8").removesuffix("\n")
    return _random(string.ascii_letters + string.digits, 40)


def _account(config: Path) -> str:
    """The account's id that is there already, or a fresh one."""
    text = config.read_text(encoding="utf-8") if config.is_file() else ""
    known = re.search(r"auth_id:\s*([MS]A[A-Z0-9]{18})\b", text)
    return known[1] if known else "MA" + _random(string.ascii_uppercase + string.digits, 18)


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _write(file: Path, text: str, mode: int) -> None:
    """Whole or not at all, and never for a moment readable by more than `mode` says."""
    private = file.parent.name == "secrets"
    file.parent.mkdir(mode=0o700 if private else 0o755, parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as stream:
        stream.write(text)
    fresh.replace(file)


def _next_steps(folder: Path) -> None:
    config = folder / "recordbridge.yaml"
    say(
        f"Wrote {config}, its flow, its secrets, and what Asterisk needs. Next:",
        f"1. Put {folder / 'asterisk'}/ari.conf, http.conf and extensions.conf into the files of",
        "   the same names in /etc/asterisk (or #include them there), and send calls to the",
        "   context recordbridge; then: asterisk -rx 'core reload'",
        f"2. recordbridge check --live -c {config}",
        f"3. recordbridge serve -c {config}",
        "4. Dial 100 and speak after the beep.",
    )
