"""The OpenAPI document, made from the operations themselves, so that it cannot differ (E-5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from recordbridge.web.api import shapes
from recordbridge.web.api.asking import Operation
from recordbridge.web.api.fields import FORM, JSON, SENT_ALONG, Field

PATH = "/v1/openapi.json"
_REF = "#/components/schemas/{name}"
_PART = re.compile(r"{(\w+)}")
_WORDS = {
    400: "A field is wrong; the sentence names it",
    401: "auth_id and auth_token are missing or wrong",
    404: "There is nothing of the kind, or it is another account's",
    408: "The body did not come in time",
    409: "Not in its present state",
    413: "The body is too large",
    422: "The Idempotency-Key was used for another request",
    503: "The database or Asterisk is away: ask again",
}


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole document."""
    known = list(operations)
    types = [reply for each in known for reply in each.replies]
    _, schemas = msgspec.json.schema_components([*types, shapes.Error], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for each in known:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "recordbridge",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"account": []}],
        "paths": paths,
        "components": {
            "schemas": dict(schemas),
            "securitySchemes": {
                "account": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "auth_id and auth_token",
                }
            },
        },
    }


def _operation(each: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": each.name,
        "description": each.about,
        "parameters": [
            *(_path_part(name) for name in _PART.findall(each.path)),
            *(_parameter(field) for field in each.query),
            *(_header(name) for name in each.headers),
        ],
        "responses": _responses(each),
    }
    if each.body and each.method == "POST":
        content = {"schema": _body(each.body)}
        told["requestBody"] = {
            "required": any(field.required for field in each.body),
            "content": {JSON: content, FORM: content},
        }
    return told


def _path_part(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "in": "query",
        "required": field.required,
        "description": field.about,
        "schema": field.schema,
    }


def _header(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return {"name": name, "in": "header", "required": False, "schema": schema}


def _body(fields: tuple[Field, ...]) -> dict[str, Any]:
    """`null` counts as missing, unless something must be there."""
    properties: dict[str, Any] = {
        name: {"description": "Accepted, as the official SDKs send it, and ignored"}
        for name in sorted(SENT_ALONG)
    }
    for field in fields:
        schema: dict[str, Any] = {**field.schema}
        if not field.required:
            schema = {"anyOf": [schema, {"type": "null"}]}
        properties[field.name] = schema | {"description": field.about}
    required = [field.name for field in fields if field.required]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def _responses(each: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": each.about}
    if each.replies:
        schemas, _ = msgspec.json.schema_components(each.replies, ref_template=_REF)
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": [*schemas]}
        good["content"] = {JSON: {"schema": schema}}
    errors = {400, 401, 404, 503, *each.errors} | ({408, 413} if each.body else set())
    error = {JSON: {"schema": {"$ref": _REF.format(name="Error")}}}
    return {
        str(each.status): good,
        **{str(n): {"description": _WORDS[n], "content": error} for n in sorted(errors)},
    }
