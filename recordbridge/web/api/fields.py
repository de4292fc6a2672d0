"""What a request may say, field by field: in its query, or in its body as JSON or as a form.

A field has a check, which gives its value or says what is allowed, and a schema for the OpenAPI
document. Whatever is wrong is answered with 400 and a sentence that names the field (E-6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from recordbridge.web import patience

Values = dict[str, Any]
"""By field name, checked; what was not given is missing."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SENT_ALONG = frozenset(
    {"call_uuid", "recording_id", "transcription_id", "callback_url", "callback_method"}
)
"""What the official SDKs send although the address says it, or for replies later, which there
are none of: known everywhere, and without effect where it is not a field."""
_GO_TAG = ":omitempty"
"""A slip in the Go SDK makes this the end of the names of its paging parameters."""
_SHOWN = 60


class Field(NamedTuple):
    """One field. The check takes a text and raises ValueError with what is allowed."""

    name: str
    check: Callable[[str], Any]
    schema: Mapping[str, object]
    about: str
    required: bool = False


def of_query(request: web.Request, fields: Iterable[Field]) -> Values:
    """The values of the query string."""
    pairs = [(_known_as(name, value), value) for name, value in request.query.items()]
    return _checked([(name, value) for name, value in pairs if name], fields)


async def of_body(request: web.Request, fields: Iterable[Field]) -> Values:
    """The values of the body."""
    data = await patience.body(request)
    if not data.strip():
        pairs: list[tuple[str, object]] = []
    elif request.content_type == FORM:
        pairs = list(_form(data))
    else:
        pairs = list(_members(data).items())
    return _checked(
        [(name, _text(name, value)) for name, value in pairs if value is not None], fields
    )


def refused(name: str, sentence: str, value: str | None = None) -> web.HTTPBadRequest:
    """400: what is wrong with the field."""
    shown = ""
    if value is not None:
        short = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
        shown = f', not "{repr(short)[1:-1]}"'
    return web.HTTPBadRequest(text=f"{name} {sentence}{shown}")


def _known_as(name: str, value: str) -> str:
    if not name.endswith(_GO_TAG):
        return name
    return "" if value == "0" else name.removesuffix(_GO_TAG)


def _form(data: bytes) -> list[tuple[str, object]]:
    try:
        return [*parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=100)]
    except ValueError:
        raise web.HTTPBadRequest(text="the body is not a form") from None


def _members(data: bytes) -> Mapping[str, object]:
    try:
        return msgspec.json.decode(data, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise web.HTTPBadRequest(text="the body must be a JSON object, or a form") from None


def _text(name: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case float():
            return str(value)
        case _:
            raise refused(name, "must be a text or a number")


def _checked(pairs: list[tuple[str, str]], fields: Iterable[Field]) -> Values:
    known = {field.name: field for field in fields}
    values: Values = {}
    for name, text in pairs:
        field = known.get(name)
        if field is None:
            if name in SENT_ALONG:
                continue
            allowed = ", ".join(known) or "none"
            raise web.HTTPBadRequest(text=f"{_name(name)} is not known here; allowed: {allowed}")
        if name in values:
            raise refused(name, "may be given once")
        try:
            values[name] = field.check(text)
        except ValueError as error:
            raise refused(name, str(error), text) from None
    for field in known.values():
        if field.required and field.name not in values:
            raise refused(field.name, "must be given")
    return values


def _name(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}...")
