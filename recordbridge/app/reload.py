"""SIGHUP: the YAML file is read again (O-4): applications, numbers and secrets, at once and whole.

A file with a mistake changes nothing. What else has changed waits for the next start, and is named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

import structlog
from pydantic import BaseModel

from recordbridge.app.configured import ConfiguredApplications, known
from recordbridge.engine.applications import Application
from recordbridge.errors import ConfigError, StorageError
from recordbridge.settings import Settings, load

log = structlog.get_logger()

RELOADED = ("applications", "default_application", "accounts", "dial", "recording")
"""What is taken over whole."""
SECRETS = (
    "asterisk.account", "asterisk.password", "storage.url_keys", "storage.access_key",
    "storage.secret_key", "transcription.api_key",
)  # fmt: skip
"""What is taken over of other sections. What is in the files of `tls_cert` and `tls_key` is too."""


class Fresh(NamedTuple):
    """A file that was read and is good."""

    settings: Settings
    applications: dict[str, Application]


class Reload:
    """`apply` takes over what `applications` does not hold: keys, passwords, certificates.

    It raises ConfigError or StorageError when that cannot be, and has changed nothing then.
    """

    def __init__(
        self,
        settings: Settings,
        applications: ConfiguredApplications,
        apply: Callable[[Settings], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._applications = applications
        self._apply = apply

    async def __call__(self) -> bool:
        """Read the file and take it over; False when it is wrong, and all stays as it was."""
        mistakes: list[str] = []
        try:
            fresh = await asyncio.to_thread(self._read)
            await self._apply(fresh.settings)
        except ConfigError as error:
            mistakes = error.mistakes
        except StorageError as error:
            mistakes = [str(error)]
        if mistakes:
            log.error("reload_refused", mistakes=mistakes)
            return False
        self._take(fresh)
        return True

    def _take(self, fresh: Fresh) -> None:
        self._applications.adopt(fresh.settings, fresh.applications)
        names = sorted(fresh.applications)
        log.info("reloaded", applications=names, accounts=sorted(self._applications.accounts))
        if waiting := sorted(set(changed(self._settings, fresh.settings))):
            log.warning("reload_needs_restart", keys=waiting)

    def _read(self) -> Fresh:
        file = self._settings.file
        if file is None:
            raise ConfigError(["the settings were not read from a file"])
        settings = load(file)
        return Fresh(settings, known(settings))


def changed(old: Settings, new: Settings) -> Iterator[str]:
    """The keys that have another value than at the start, and are not taken over."""
    for section in type(old).model_fields:
        if section not in RELOADED:
            before, now = getattr(old, section), getattr(new, section)
            yield from (key for key in _different(section, before, now) if key not in SECRETS)


def _different(key: str, before: object, now: object) -> Iterator[str]:
    if before == now:
        return
    if isinstance(before, BaseModel) and type(before) is type(now):
        for name in type(before).model_fields:
            yield from _different(f"{key}.{name}", getattr(before, name), getattr(now, name))
    elif key == "asterisk" and isinstance(before, tuple) and isinstance(now, tuple):
        if [each.name for each in before] != [each.name for each in now]:
            yield key
            return
        for one, other in zip(before, now, strict=True):
            yield from _different(key, one, other)
    else:
        yield key
