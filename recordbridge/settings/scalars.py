"""The words of the YAML file as types: each says what it takes and gives a clear sentence if not.

A type carries its own description of what is allowed (`Allowed`, `Unit`), so that error messages,
the reference and the JSON Schema say the same. Text from `!env` and `!file` has no YAML type; it
is `Outside` and may stand for a number or a truth value too.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    SecretStr,
    Strict,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from recordbridge.urls import absolute_url, without_password


@dataclass(frozen=True)
class Allowed:
    """What a setting takes, as the end of a sentence."""

    text: str


@dataclass(frozen=True)
class Unit:
    """The unit of a number."""

    name: str


class Outside(str):
    """Text that came from `!env` or `!file`."""

    __slots__ = ()


def _number(value: object) -> object:
    if isinstance(value, Outside) and re.fullmatch(r"[+-]?[0-9]{1,18}", value.strip()):
        return int(value)
    return value


def _flag(value: object) -> object:
    if isinstance(value, Outside):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    return value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _fits_host_port(value: str) -> str:
    matched = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:\[\]/]+):([0-9]{1,5})", value)
    if not matched or int(matched[2]) > 65535:
        raise ValueError(f"{value} is not HOST:PORT")
    return value


def _fits_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(f"{without_password(value)} is not a URL") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{without_password(value)} does not begin with http:// or https://")
    if not parts.hostname or port == 0 or re.search(r"[\s\x00-\x1f]", value):
        raise ValueError(f"{without_password(value)} has no usable host and port")
    return value


def _can_be_sent(value: str) -> str:
    """As strict as with the URLs of documents: else the start would fail on it."""
    _fits_url(value)
    try:
        absolute_url(value)
    except ValueError as error:
        raise ValueError(f"{without_password(value)} {error}") from None
    return value


def _fits_base_url(value: str) -> str:
    parts = urlsplit(_fits_url(value))
    if parts.query or parts.fragment or "?" in value or "#" in value:
        raise ValueError(f"{value} has a query or a fragment")
    if parts.username or parts.password:
        raise ValueError("the URL has a user name or a password in it")
    return value.rstrip("/")


def _fits_ari_url(value: str) -> str:
    base = _fits_base_url(value)
    if base.endswith("/ari"):
        raise ValueError(f"{value} ends in /ari, which is added anyway")
    return base


def _fits_database(value: SecretStr, info: ValidationInfo) -> SecretStr:
    """SQLite paths become absolute; the value is never quoted, it may hold a password."""
    url = value.get_secret_value()
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ("sqlite", "postgresql"):
        raise ValueError("the URL does not begin with sqlite:/// or postgresql://")
    if scheme == "postgresql":
        _fits_postgresql(url)
        return value
    path, mark, query = rest.removeprefix("/").partition("?")
    if not rest.startswith("/") or not path or path.startswith(":memory:"):
        raise ValueError("the SQLite URL names no file")
    return SecretStr(f"sqlite:///{_absolute(Path(path), info)}{mark}{query}")


def _fits_postgresql(url: str) -> None:
    try:
        parts = urlsplit(url)
        named = bool(parts.path.strip("/")) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise ValueError("the PostgreSQL URL names no database, or its port is not a number")
    if importlib.util.find_spec("psycopg") is None:
        raise ValueError(
            "PostgreSQL needs its driver, which is not installed: "
            "pip install 'recordbridge[postgres]'"
        )


def _network(value: object) -> object:
    if isinstance(value, (IPv4Network, IPv6Network)):
        return value
    if not isinstance(value, str):  # a number is an address to the library, a mistake to us
        raise ValueError(f"{value} is not a network")  # noqa: TRY004 - pydantic collects these
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        meant = ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value} is not a network") from None
    raise ValueError(f"{value} is an address inside the network {meant}")


def _fits_beep(value: str) -> str:
    if not re.fullmatch(r"(sound|tone):[^\s,]+", value):
        raise ValueError(f"{value} names no sound")
    return value


def _fits_keys(value: str) -> str:
    if value == "none":
        return ""
    if not re.fullmatch(r"[0-9*#]*", value):
        raise ValueError(f"{value} holds something that is not a key")
    return value


def _fits_rate(value: str) -> str:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value):
        raise ValueError(f"{value} is not a decimal number")
    return value


def _absolute(value: Path, info: ValidationInfo) -> Path:
    """Relative to the YAML file, whose folder is the validation context's `base`."""
    base = info.context.get("base") if isinstance(info.context, dict) else None
    return (Path(base) if base else Path.cwd()) / value.expanduser()


def _model(value: str, info: ValidationInfo) -> str:
    """What has a slash in it is a folder, unless another machine has the model."""
    if info.data.get("engine") == "openai":
        return value
    return str(_absolute(Path(value), info)) if "/" in value else value


def _existing(value: Path) -> Path:
    if not value.is_file():
        raise ValueError(f"the file {value} does not exist")
    return value


@dataclass(frozen=True)
class Template:
    """A text with exactly one kind of placeholder, which must occur."""

    name: str

    def __call__(self, value: str) -> str:
        found = set(re.findall(r"\{([^{}]*)\}", value))
        if found != {self.name} or re.search(r"\s", value):
            raise ValueError(f"{value} is not an endpoint with {{{self.name}}} in it")
        return value


Number = Annotated[int, Strict(), BeforeValidator(_number)]
Flag = Annotated[bool, Strict(), BeforeValidator(_flag)]
Seconds = Annotated[Number, Unit("seconds")]
Pause = Annotated[Seconds, Ge(1), Le(604_800)]
Days = Annotated[Number, Unit("days")]
Megabytes = Annotated[Number, Unit("MB")]

Text = Annotated[str, StringConstraints(min_length=1), Allowed("a text")]
Name = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"),
    Allowed("up to 63 letters, digits, dots, hyphens and underscores"),
]
AccountId = Annotated[
    str,
    StringConstraints(pattern=r"^[MS]A[A-Z0-9]{18}$"),
    Allowed("MA or SA and 18 capital letters or digits"),
]
Dialled = Annotated[
    str,
    StringConstraints(pattern=r"^[^\s,]{1,80}$"),
    Allowed('dialled numbers in quotes, such as "100" or "+4930123456"'),
]
HostPort = Annotated[
    str,
    AfterValidator(_fits_host_port),
    Allowed('HOST:PORT, such as 127.0.0.1:8080 or "[::1]:8080"'),
]
Url = Annotated[str, AfterValidator(_can_be_sent), Allowed("an absolute http or https URL")]
BaseUrl = Annotated[
    str,
    AfterValidator(_fits_base_url),
    Allowed("an absolute http or https URL without user, query or fragment"),
]
AriUrl = Annotated[
    str,
    AfterValidator(_fits_ari_url),
    Allowed("the http or https URL of Asterisk's own web server, without /ari"),
]
DatabaseUrl = Annotated[
    SecretStr,
    AfterValidator(_fits_database),
    Allowed("sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"),
]
Network = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(_network),
    PlainSerializer(str),
    WithJsonSchema({"type": "string"}),
    Allowed('networks in CIDR form, such as "10.0.0.0/8" or "fd00::/8"'),
]
Secret = Annotated[SecretStr, Allowed("a secret, best as !env NAME or !file PATH")]
Token = Annotated[
    SecretStr,
    StringConstraints(min_length=8),
    Allowed("at least 8 characters, best as !env NAME or !file PATH; or a list of such"),
]
Tokens = Annotated[
    tuple[Token, ...],
    BeforeValidator(_one_or_more),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 8},
                {"type": "array", "items": {"type": "string", "minLength": 8}, "minItems": 1},
            ]
        }
    ),
]
UrlKey = Annotated[
    SecretStr,
    StringConstraints(min_length=16),
    Allowed("a list of secrets of at least 16 characters, best as !env NAME or !file PATH"),
]
Folder = Annotated[Path, AfterValidator(_absolute), Allowed("the path of a folder")]
ExistingFile = Annotated[
    Path,
    AfterValidator(_absolute),
    AfterValidator(_existing),
    Allowed("the path of an existing file"),
]
Beep = Annotated[str, AfterValidator(_fits_beep), Allowed("sound:NAME or tone:NAME of Asterisk")]
Keys = Annotated[
    str,
    AfterValidator(_fits_keys),
    WithJsonSchema({"type": "string", "pattern": "^(none|[0-9*#]*)$"}),
    Allowed('keys in quotes, of 0-9 * #, such as "#", or none'),
]
Rate = Annotated[
    str, AfterValidator(_fits_rate), Allowed('a decimal number in quotes, such as "0.005"')
]
Model = Annotated[
    str,
    StringConstraints(min_length=1),
    AfterValidator(_model),
    Allowed("the name of a model, or its folder: a path with a slash in it"),
]
NumberTemplate = Annotated[
    str, AfterValidator(Template("number")), Allowed("an endpoint with {number} in it")
]
UserTemplate = Annotated[
    str, AfterValidator(Template("user")), Allowed("an endpoint with {user} in it")
]
