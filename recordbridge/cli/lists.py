"""The options of `recordings`, `calls` and `deliveries`, and what runs them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from recordbridge.cli import looking
from recordbridge.cli.replaying import replay
from recordbridge.cli.times import moment
from recordbridge.ports.rows import RecordingStatus
from recordbridge.settings import Settings, load

STATES = ("waiting", "delivered", "parked", "gone")
MOST = 1000

Config = Callable[[Path | None], Path]
Run = Callable[[Settings, argparse.Namespace], int]


def add_lists(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], config: Config
) -> None:
    """Add the three commands; `config` finds the YAML file."""
    described = {
        "recordings": "list and show recordings",
        "calls": "list and show calls",
        "deliveries": "list, show and replay requests",
    }
    for name, what in described.items():
        each = commands.add_parser(name, help=what, description=what.capitalize() + ".")
        _config(each)
        actions = each.add_subparsers(metavar="ACTION", required=True)
        for action, options, run in _ACTIONS[name]:
            made = actions.add_parser(action, help=_WORDS[action], description=_WORDS[action])
            made.allow_abbrev = False
            _config(made)
            made.add_argument("--json", action="store_true", help="print one JSON object on stdout")
            for add in options:
                add(made)
            made.set_defaults(run=_runner(run, config))


def _runner(run: Run, config: Config) -> Callable[[argparse.Namespace], int]:
    return lambda given: run(load(config(given.config)), given)


def _config(command: argparse.ArgumentParser) -> None:
    # SUPPRESS: without it a missing -c would undo the one before the command.
    command.add_argument(
        "-c", "--config", metavar="FILE", type=Path, default=argparse.SUPPRESS, help="the YAML file"
    )


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST:
        raise ValueError
    return number


def _paging(command: argparse.ArgumentParser) -> None:
    command.add_argument("--limit", type=_count, default=20, help=f"how many, 1 to {MOST}; 20")
    command.add_argument("--offset", type=int, default=0, help="how many to skip; 0")


def _times(command: argparse.ArgumentParser) -> None:
    form = "2026-03-17 14:32 (UTC), or 90m, 2h, 3d ago"
    command.add_argument("--since", type=moment, metavar="TIME", help=f"not older than: {form}")
    command.add_argument("--until", type=moment, metavar="TIME", help="older than")
    command.add_argument("--account", metavar="AUTH_ID", help="of that account")


def _parties(command: argparse.ArgumentParser) -> None:
    command.add_argument("--from", dest="caller", metavar="NUMBER", help="by that caller")
    command.add_argument("--to", dest="dialled", metavar="NUMBER", help="to that number")


def _of_recordings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--call", metavar="CALL_UUID", help="of that call")
    command.add_argument("--status", choices=get_args(RecordingStatus), help="in that state")


def _of_calls(command: argparse.ArgumentParser) -> None:
    command.add_argument("--live", action="store_true", help="those that have not ended")
    command.add_argument("--asterisk", metavar="NAME", help="on that Asterisk")


def _of_deliveries(command: argparse.ArgumentParser) -> None:
    command.add_argument("--state", choices=STATES, help="in that state")
    command.add_argument("--host", help="to that host, or host:port")
    command.add_argument("--call", metavar="CALL_UUID", help="about that call")
    command.add_argument("--recording", metavar="RECORDING_ID", help="about that recording")


def _one(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", metavar="ID")


def _replayed(command: argparse.ArgumentParser) -> None:
    command.add_argument("ids", metavar="ID", nargs="*", help="that one")
    command.add_argument("--all", action="store_true", help="all that were given up")


_WORDS = {
    "list": "list them, newest first",
    "show": "show one with all that belongs to it",
    "replay": "send them again at once, through the running service",
}
_ACTIONS: dict[
    str, tuple[tuple[str, tuple[Callable[[argparse.ArgumentParser], None], ...], Run], ...]
] = {
    "recordings": (
        ("list", (_of_recordings, _parties, _times, _paging), looking.recordings),
        ("show", (_one,), looking.recording),
    ),
    "calls": (
        ("list", (_of_calls, _parties, _times, _paging), looking.calls),
        ("show", (_one,), looking.call),
    ),
    "deliveries": (
        ("list", (_of_deliveries, _times, _paging), looking.deliveries),
        ("show", (_one,), looking.delivery),
        ("replay", (_replayed, _of_deliveries, _times), replay),
    ),
}
