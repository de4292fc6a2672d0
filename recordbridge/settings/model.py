"""The whole YAML file as one frozen value; the composition root reads plain attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, PrivateAttr, model_validator

from recordbridge.settings.applications import Application
from recordbridge.settings.recording import Recording, RecordValues, record_values
from recordbridge.settings.scalars import Name
from recordbridge.settings.sections import (
    Account,
    Agi,
    Asterisk,
    Console,
    Database,
    Dial,
    Log,
    Section,
    Service,
    Speech,
    Transcription,
    Webhooks,
)
from recordbridge.settings.storage import Storage

_SECTIONS = (
    "service", "dial", "recording", "storage", "database", "webhooks", "transcription", "speech",
    "agi", "console", "log",
)  # fmt: skip


class Settings(Section):
    """The configuration of recordbridge."""

    null_is_off = frozenset({"agi"})

    service: Service = Field(default_factory=Service)
    """Where the service listens and what it is called from outside."""
    accounts: tuple[Account, ...] = Field(min_length=1)
    """The tenants; at least one."""
    asterisk: tuple[Asterisk, ...] = Field(min_length=1)
    """The Asterisk servers; at least one."""
    applications: dict[Name, Application] = Field(default_factory=dict)
    """What happens with calls, by a name that the dialplan may use."""
    default_application: Name | None = None
    """The application of calls whose number belongs to none. Off by default: such calls are
    refused."""
    dial: Dial = Field(default_factory=Dial)
    """How the Dial element reaches the outside."""
    recording: Recording = Field(default_factory=Recording)
    """How recordings are made."""
    storage: Storage = Field(default_factory=Storage)
    """Where finished recordings are kept and who may fetch them."""
    database: Database = Field(default_factory=Database)
    """Where state, recordings and deliveries are kept."""
    webhooks: Webhooks = Field(default_factory=Webhooks)
    """Requests to the applications."""
    transcription: Transcription = Field(default_factory=Transcription)
    """Speech to text."""
    speech: Speech = Field(default_factory=Speech)
    """Text to speech."""
    agi: Agi | None = Field(default_factory=Agi)
    """The FastAGI door for dialplans; `null` closes it."""
    console: Console = Field(default_factory=Console)
    """The console in a browser."""
    log: Log = Field(default_factory=Log)
    """The log on stderr."""

    _file: Path | None = PrivateAttr(None)

    @model_validator(mode="before")
    @classmethod
    def _sections_exist(cls, data: object) -> object:
        """A section that is not given is made here, where the folder of relative paths is known."""
        if isinstance(data, dict):
            given = {
                key: value
                for key, value in data.items()
                if value is not None or key in cls.null_is_off
            }
            return {section: {} for section in _SECTIONS} | given
        return data

    @model_validator(mode="after")
    def _name_applications(self) -> Self:
        for name, application in self.applications.items():
            application._name = name  # noqa: SLF001 - the key is known only here
        return self

    def read_from(self, file: Path) -> Self:
        """The same settings, which know the file they were read from."""
        self._file = file
        return self

    @property
    def file(self) -> Path | None:
        """The YAML file, absolute; None when the settings were not read from one."""
        return self._file

    def application_for(self, name: str | None, number: str) -> Application | None:
        """F-1: the application of a call by the `application=NAME` argument, else by the dialled
        number, else the default.

        None when there is none, and when `name` is given but unknown: a dialplan that asks for
        something particular must not get something else; the caller logs it and refuses the call.
        """
        if name is not None:
            return self.applications.get(name)
        for application in self.applications.values():
            if number in application.numbers:
                return application
        return self.applications.get(self.default_application or "")

    def account(self, auth_id: str) -> Account | None:
        """The account of that id."""
        return next((each for each in self.accounts if each.auth_id == auth_id), None)

    def account_of(self, asterisk: Asterisk) -> str | None:
        """E-6: whose a channel outside every application is on that Asterisk."""
        if asterisk.account is not None:
            return asterisk.account
        default = self.applications.get(self.default_application or "")
        return default.account if default else None

    def record_values(self, application: Application | None) -> RecordValues:
        """A-18: the defaults of Record for the application's calls; they are the keyword
        arguments of the parser's defaults.
        """
        return record_values(
            self.recording.defaults, application.recording if application else None
        )
