"""The applications of the YAML file as the engine wants them; local flows are parsed here, once
for each time that the file is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog

from recordbridge.engine.applications import Application
from recordbridge.errors import ConfigError, DocumentError
from recordbridge.machine.state import Profile
from recordbridge.plivo import parser
from recordbridge.plivo.elements import Document, RecordDefaults
from recordbridge.plivo.retry import Target, parse_target
from recordbridge.settings import Settings
from recordbridge.settings.applications import Application as Configured
from recordbridge.urls import without_password

log = structlog.get_logger()


class ConfiguredApplications:
    """Implements `engine.applications.Applications`. Raises ConfigError for unusable flows.

    `accounts` (auth_id to tokens) stays the same mapping when its content changes.
    """

    def __init__(self, settings: Settings) -> None:
        self.accounts: dict[str, tuple[str, ...]] = {}
        self.adopt(settings, known(settings))

    def adopt(self, settings: Settings, applications: Mapping[str, Application]) -> None:
        """These are the applications, numbers and accounts from now on: calls that run keep the
        profile that they came in with; tokens, and the defaults of Record, are the new ones.
        """
        self._settings = settings
        self._known = dict(applications)
        self.accounts.clear()
        self.accounts |= {
            account.auth_id: tuple(token.get_secret_value() for token in account.auth_token)
            for account in settings.accounts
        }

    def match(self, named: str | None, dialled: str) -> Application | None:
        """F-1."""
        found = self._settings.application_for(named, dialled)
        return None if found is None else self._known[found.name]

    def named(self, name: str) -> Application | None:
        return self._known.get(name)

    def tokens(self, account: str) -> tuple[str, ...]:
        return self.accounts.get(account, ())

    def owner(self, asterisk: str) -> str | None:
        """E-6: whose a channel in no application is on that Asterisk."""
        there = (each for each in self._settings.asterisk if each.name == asterisk)
        found = next(there, None)
        return None if found is None else self._settings.account_of(found)


def known(settings: Settings) -> dict[str, Application]:
    """The applications by name, their flows read. Raises ConfigError with all that is wrong."""
    mistakes: list[str] = []
    found: dict[str, Application] = {}
    for name, configured in settings.applications.items():
        try:
            found[name] = _application(settings, configured)
        except DocumentError as error:
            mistakes.append(f"{configured.flow}:{error.line}: {error}")
        except OSError as error:
            mistakes.append(f"{configured.flow}: the file cannot be read ({error.strerror})")
    if mistakes:
        raise ConfigError(mistakes)
    return found


def _application(settings: Settings, configured: Configured) -> Application:
    defaults = RecordDefaults(**settings.record_values(configured))
    recording = settings.recording
    profile = Profile(
        account=configured.account,
        application=configured.name,
        answer=_target(configured.answer_url, configured.answer_method),
        fallback=_target(configured.fallback_url, configured.fallback_method),
        hangup=_target(configured.hangup_url, configured.hangup_method),
        beep=recording.beep,
        silence_threshold=recording.silence_threshold,
        trim_silence=recording.trim_silence,
        dial_number=settings.dial.number,
        dial_user=settings.dial.user,
    )
    flow = None if configured.flow is None else _flow(configured.flow, defaults)
    return Application(profile=profile, defaults=defaults, flow=flow)


def _flow(path: Path, defaults: RecordDefaults) -> Document:
    document = parser.parse(path.read_bytes(), defaults)
    parser.require_supported(document)
    for warning in document.warnings:
        log.warning("flow_warning", flow=str(path), warning=warning)
    return document


def _target(url: str | None, method: str) -> Target | None:
    if url is None:
        return None
    target, warnings = parse_target(url, method)
    for warning in warnings:
        log.warning("url_warning", url=without_password(target.url), warning=warning)
    return target
