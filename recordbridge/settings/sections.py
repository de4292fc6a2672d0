"""The sections of the YAML file: what one key means, its unit, its default and why.

The attribute's docstring is the documentation: docs/configuration.md and the JSON Schema are made
from it. A key that is missing or `null` is off or the default. Values are frozen; secrets are
`SecretStr` and show in no repr.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recordbridge.settings.scalars import (
    AccountId,
    AriUrl,
    BaseUrl,
    DatabaseUrl,
    ExistingFile,
    Flag,
    Folder,
    HostPort,
    Megabytes,
    Model,
    Name,
    Network,
    Number,
    NumberTemplate,
    Pause,
    Rate,
    Seconds,
    Secret,
    Text,
    Tokens,
    UserTemplate,
)


class Section(BaseModel):
    """A set of keys; unknown ones are errors, `null` counts as missing unless it means off."""

    null_is_off: ClassVar[frozenset[str]] = frozenset()

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_missing(cls, data: object) -> object:
        if isinstance(data, dict):
            kept = cls.null_is_off
            return {key: value for key, value in data.items() if value is not None or key in kept}
        return data


def _host(listen: str) -> str:
    return listen.rpartition(":")[0].strip("[]")


def _port(listen: str) -> int:
    return int(listen.rpartition(":")[2])


class Service(Section):
    """Where the service listens and what it is called from outside."""

    listen: HostPort = "127.0.0.1:8080"
    """Address and port of the REST API, the files and the console. Loopback by default, because
    a service that nobody has configured should not be reachable from elsewhere; port 0 takes any
    free one."""
    public_url: BaseUrl = "http://127.0.0.1:8080"
    """The address under which applications reach this service, a reverse proxy's path included.
    It begins every `RecordUrl`; the same for all workers."""
    worker: Name = "rb-1"
    """The name of this process in leases and logs; differs per worker."""
    max_calls: Number | None = Field(default=None, ge=1)
    """How many calls this worker takes at once. Beyond that it claims none that `StasisBroadcast`
    offers, and gives others back to the dialplan (`RECORDBRIDGE_OFFER=REFUSED`). Calls of a worker
    that died are taken over all the same. No limit by default."""
    tls_cert: ExistingFile | None = None
    """Certificate chain (PEM) for HTTPS on `listen`. Off by default: usually a proxy does it."""
    tls_key: ExistingFile | None = None
    """Private key (PEM) that belongs to `tls_cert`."""

    @property
    def host(self) -> str:
        """The host part of `listen`, without brackets."""
        return _host(self.listen)

    @property
    def port(self) -> int:
        """The port part of `listen`."""
        return _port(self.listen)


class Account(Section):
    """One tenant: an id and token as the official SDKs take them."""

    auth_id: AccountId
    """The account's public id, in the shape that the SDKs check."""
    auth_token: Tokens = Field(min_length=1)
    """The account's secret for REST and for signatures. A list allows a change of token without
    an interruption: requests carry a signature for each, REST accepts any (H-2)."""


class Asterisk(Section):
    """One Asterisk and how to reach its REST interface (ARI)."""

    name: Name = "pbx"
    """What this Asterisk is called in logs and metrics. It goes into every CallUUID, so it must
    never change and must be the same for all workers (E-7)."""
    url: AriUrl = "http://127.0.0.1:8088"
    """Where Asterisk's HTTP server listens (http.conf)."""
    username: Text = "recordbridge"
    """The user of ari.conf."""
    password: Secret
    """The password of that user in ari.conf."""
    app: Name = "recordbridge"
    """The Stasis application that the dialplan names: `Stasis(recordbridge)`. It is used as it
    stands; several workers need different ones with a common beginning (N-6)."""
    account: AccountId | None = None
    """The account that channels outside every application belong to (E-6). By default that of
    `default_application`."""
    recordings: Folder | None = None
    """Asterisk's recording folder (`/var/spool/asterisk/recording`) as this service sees it, if
    it is shared: then files are read from there, else fetched over ARI."""
    min_free_mb: Megabytes = Field(default=512, ge=0, le=10_000_000)
    """New recordings are refused when the recording folder has less room than this, so that those
    that run can be finished (N-4). 0 = no check. A folder that is not shared cannot be checked."""
    tls_ca: ExistingFile | None = None
    """Certificate authority (PEM) that signed Asterisk's certificate, if it is not a public one."""


class Dial(Section):
    """How the Dial element reaches the outside: Asterisk endpoints made from templates."""

    number: NumberTemplate = "PJSIP/{number}@carrier"
    """The endpoint of a `Number`."""
    user: UserTemplate = "PJSIP/{user}"
    """The endpoint of a `User`."""


class Database(Section):
    """Where state, recordings and deliveries are kept."""

    url: DatabaseUrl = Field(default="sqlite:///var/recordbridge.db", validate_default=True)
    """SQLite serves one worker without any setup; several workers share PostgreSQL (M-3). A
    relative SQLite path is relative to this file."""


class Webhooks(Section):
    """Requests to the applications: which addresses they may reach and how long they are tried."""

    allow_networks: tuple[Network, ...] = ()
    """Networks of non-public addresses that URLs may lead to. Empty by default, because whoever
    can give a URL could otherwise reach everything this machine can reach (H-5). Link-local and
    metadata addresses need an entry of their own."""
    tls_ca: ExistingFile | None = None
    """Certificate authorities (PEM) that are believed beside those of the system, for applications
    with certificates of your own. For `https` URLs of documents, callbacks and sounds."""
    tls_verify: Flag = True
    """`false` believes any certificate, for a trial on your own machine: whoever stands between can
    then read and answer everything. A warning `tls_not_verified` tells at the start."""
    schedule_s: tuple[Pause, ...] = (
        5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400,
    )  # fmt: skip
    """Pauses between the tries of a durable request after the first ones failed; a request that
    has used them all is parked (H-4). The default goes on for three days, a weekend's outage."""


SERVER_ONLY = ("url", "api_key", "timeout_s")
"""Keys that may only be given with `engine: openai`."""


class Transcription(Section):
    """Speech to text."""

    engine: Literal["faster-whisper", "openai"] = "faster-whisper"
    """`faster-whisper` on this machine, with the extra `recordbridge[transcription]`; or `openai`:
    a server, with a GPU perhaps, that speaks the OpenAI-compatible API
    (`POST /audio/transcriptions`)."""
    model: Model = "tiny.en"
    """The model. A folder is in CTranslate2's format; `tiny.en` comes with the extra, any other
    name must be in Hugging Face's cache: nothing is loaded at run time. The smallest by default:
    it keeps up on two cores (T-2). With `engine: openai` it must be given, as the server knows
    it."""
    url: BaseUrl | None = None
    """`engine: openai`: the beginning of the API's addresses, up to `/v1`. It is the operator's, so
    `webhooks.allow_networks` does not matter (H-5)."""
    api_key: Secret | None = None
    """`engine: openai`: the key, sent as a bearer token, if the server wants one."""
    timeout_s: Seconds = Field(default=300, ge=1, le=3600)
    """`engine: openai`: how long the answer about five minutes of speech is waited for."""
    rate_per_minute: Rate = "0"
    """The price of a started minute, reported as `transcription_rate` and `transcription_charge`.
    A text, because it is reported digit for digit."""


class Speech(Section):
    """Text to speech for the Speak element."""

    voice: Text = "en-us"
    """The language (a tag such as `en-us`) of Speak elements whose own language the engine does not
    have. Needs the extra `recordbridge[speech]`, like every Speak element."""


class Agi(Section):
    """The FastAGI door for dialplans; `agi: null` closes it."""

    listen: HostPort = "127.0.0.1:4573"
    """Address and port. FastAGI knows no password, so it is loopback by default."""
    allow_networks: tuple[Network, ...] = Field(default=("127.0.0.0/8",), validate_default=True)
    """Who may connect; everybody else is refused (G-3)."""

    @property
    def host(self) -> str:
        """The host part of `listen`, without brackets."""
        return _host(self.listen)

    @property
    def port(self) -> int:
        """The port part of `listen`."""
        return _port(self.listen)


class ConsoleUser(Section):
    """Somebody who may look into the console."""

    name: Name
    """The name to log in with; it stands in the audit of who listened."""
    password: Secret
    """The password."""


class Console(Section):
    """The console in a browser."""

    users: tuple[ConsoleUser, ...] = ()
    """Who may log in. Nobody by default: recordings are private."""


class Log(Section):
    """The log on stderr."""

    format: Literal["pretty", "json"] = "pretty"
    """`pretty` for people, `json` (one object a line) for a log store."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is written."""
