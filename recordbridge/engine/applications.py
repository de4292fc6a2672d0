"""Which application a call belongs to (F-1), as far as the engine needs to know it."""

from __future__ import annotations

from typing import Protocol

import msgspec
import structlog

from recordbridge.machine.facts import CallEntered
from recordbridge.machine.state import Profile
from recordbridge.plivo.elements import Document, RecordDefaults

log = structlog.get_logger()


class Application(msgspec.Struct, frozen=True):
    """An application of the YAML file. `flow` is its local document, if it has one."""

    profile: Profile
    defaults: RecordDefaults = RecordDefaults()
    flow: Document | None = None


class Applications(Protocol):
    """The applications as configured now."""

    def match(self, named: str | None, dialled: str) -> Application | None:
        """By the Stasis argument `application=NAME`, else by number, else the default."""
        ...

    def named(self, name: str) -> Application | None:
        """The application of that name, if it still exists."""
        ...

    def tokens(self, account: str) -> tuple[str, ...]:
        """The account's auth tokens, for signatures (H-2)."""
        ...


def matched(applications: Applications, call_uuid: str, fact: CallEntered) -> Application:
    """The call's application (F-1); one without any documents when there is none for it."""
    named = fact.args.get("application")
    found = applications.match(named, fact.args.get("to", fact.dialled))
    if found is None:
        log.error("no_application", call_uuid=call_uuid, application=named, dialled=fact.dialled)
        return Application(profile=Profile(account="", application=named or ""))
    return found
