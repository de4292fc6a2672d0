"""The command line: which commands there are and what they take.

`-c FILE` may stand before or after the command.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from recordbridge.cli.check import check
from recordbridge.cli.init import init
from recordbridge.cli.lists import add_lists
from recordbridge.cli.serve import serve
from recordbridge.cli.times import moment
from recordbridge.cli.transcribe import transcribe
from recordbridge.cli.version import version
from recordbridge.errors import ConfigError

PLACES = (Path("recordbridge.yaml"), Path("/etc/recordbridge/recordbridge.yaml"))
_CONFIG_HELP = (
    "the YAML file (else $RECORDBRIDGE_CONFIG, ./recordbridge.yaml, "
    "/etc/recordbridge/recordbridge.yaml)"
)


def parser() -> argparse.ArgumentParser:
    """The parser; its result has `run`, which takes the result and gives the exit code."""
    top = argparse.ArgumentParser(
        prog="recordbridge",
        description="Call recording for anybody's own Asterisk.",
        epilog="Exit codes: 0 good, 1 failed or not found, 2 bad usage or configuration, "
        "3 Asterisk or database not reachable.",
        allow_abbrev=False,
    )
    top.add_argument("-c", "--config", metavar="FILE", type=Path, help=_CONFIG_HELP)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _command(commands, "serve", "run the service").set_defaults(
        run=lambda given: serve(config_file(given.config))
    )
    _check(_command(commands, "check", "tell everything that is wrong with the YAML file"))
    _transcribe(_command(commands, "transcribe", "turn recordings of the past into text"))
    _init(_command(commands, "init", "write a starter configuration", config=False))
    add_lists(commands, config_file)
    each = _command(commands, "version", "tell the versions of the parts", config=False)
    _json(each)
    each.set_defaults(run=lambda given: version(as_json=given.json))
    return top


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    what: str,
    *,
    config: bool = True,
) -> argparse.ArgumentParser:
    each = commands.add_parser(name, help=what, description=what.capitalize() + ".")
    each.allow_abbrev = False
    # SUPPRESS: without it the command's own missing -c would undo the one before the command.
    each.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        type=Path,
        default=argparse.SUPPRESS,
        help=_CONFIG_HELP if config else argparse.SUPPRESS,
    )
    return each


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _check(command: argparse.ArgumentParser) -> None:
    _json(command)
    command.add_argument("--live", action="store_true", help="check the Asterisk servers too")
    command.set_defaults(
        run=lambda given: check(config_file(given.config), live=given.live, as_json=given.json)
    )


def _transcribe(command: argparse.ArgumentParser) -> None:
    _json(command)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("recordings", metavar="ID", nargs="*", default=[], help="of a recording")
    which.add_argument(
        "--since",
        metavar="WHEN",
        type=moment,
        help="all begun since then that have no text: 7d, 12h, 30m, or 2026-03-17 14:32 (UTC)",
    )
    command.add_argument(
        "--model", default="", help="another one than transcription.model, by its name"
    )
    command.add_argument(
        "--again", action="store_true", help="with --since: also those that have a text"
    )
    command.set_defaults(
        run=lambda given: transcribe(
            config_file(given.config),
            tuple(given.recordings),
            since=given.since,
            model=given.model,
            again=given.again,
            as_json=given.json,
        )
    )


def _init(command: argparse.ArgumentParser) -> None:
    _json(command)
    command.add_argument("folder", metavar="DIR", nargs="?", type=Path, default=Path())
    command.add_argument(
        "--force", action="store_true", help="overwrite files that exist (secrets are kept)"
    )
    command.set_defaults(
        run=lambda given: init(given.folder, force=given.force, as_json=given.json)
    )


def config_file(given: Path | None) -> Path:
    """The YAML file to use. Raises ConfigError when none is given and none is found."""
    if given is not None:
        return given
    named = os.environ.get("RECORDBRIDGE_CONFIG")
    if named:
        return Path(named)
    found = next((place for place in PLACES if place.is_file()), None)
    if found is None:
        places = " nor ".join(str(place) for place in PLACES)
        remedy = "give -c FILE, set RECORDBRIDGE_CONFIG, or write one with: recordbridge init"
        raise ConfigError([f"recordbridge: neither {places} exists; {remedy}"])
    return found
