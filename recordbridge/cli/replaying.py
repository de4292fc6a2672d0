"""`recordbridge deliveries replay`: send requests again, through the running service (E-5)."""

from __future__ import annotations

import argparse

from recordbridge.cli import times
from recordbridge.cli.composition import app
from recordbridge.cli.output import FAILED, GOOD, USAGE, give, say
from recordbridge.ports.lists import Lists
from recordbridge.settings import Settings

FILTERS = ("state", "host", "call", "recording", "since", "until")


def replay(settings: Settings, given: argparse.Namespace) -> int:
    """By ids, or all that the options let through; without `--state` those that were given up."""
    chosen = any(getattr(given, name) is not None for name in FILTERS)
    if bool(given.ids) + chosen + given.all != 1:
        say("recordbridge deliveries replay: give ids, or filters, or --all")
        return USAGE
    number, unknown = _by_id(settings, given.ids) if given.ids else (_all(settings, given), [])
    if given.json:
        give({"replayed": number, "refused": unknown})
    say(*unknown, f"{number} sent again")
    return FAILED if unknown or (given.ids and not number) else GOOD


def _by_id(settings: Settings, ids: list[str]) -> tuple[int, list[str]]:
    async def ask(lists: Lists) -> dict[str, str]:
        rows = [await lists.request(each) for each in ids]
        return {row.request_id: row.account for row in rows if row is not None}

    accounts = app().look(settings, ask)
    number, refused = 0, []
    for each in ids:
        try:
            number += app().replay(settings, accounts[each], f"{each}/Replay/", {})
        except KeyError as error:
            why = error.args[0] if each in accounts else "there is no such delivery"
            refused.append(f"{each}: {why}")
    return number, refused


def _all(settings: Settings, given: argparse.Namespace) -> int:
    values = {
        "state": given.state,
        "host": given.host,
        "call_uuid": given.call,
        "recording_id": given.recording,
        "add_time__gte": times.exact(given.since),
        "add_time__lt": times.exact(given.until),
    }
    filters = {name: value for name, value in values.items() if value is not None}
    accounts = [each.auth_id for each in settings.accounts if given.account in (None, each.auth_id)]
    return sum(app().replay(settings, each, "Replay/", filters) for each in accounts)
