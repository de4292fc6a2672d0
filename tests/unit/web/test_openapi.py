"""The OpenAPI document says what the routes do, no more and no less (E-5)."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from recordbridge.web.api import Api, add_api
from recordbridge.web.api.door import OPERATIONS
from recordbridge.web.api.openapi import PATH, document

pytestmark = pytest.mark.rule("E-5")
TOLD: dict[str, Any] = document(OPERATIONS, "1.2.3")


def test_every_route_is_told_of_and_there_is_no_other() -> None:
    app = web.Application()
    add_api(app, Api(*[None] * 7))  # type: ignore[arg-type]  # nothing is asked of it here
    routes = {
        (route.method, route.resource.canonical.rstrip("/"))
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical != PATH
    }
    told = {
        (method.upper(), path.rstrip("/"))
        for path, methods in TOLD["paths"].items()
        for method in methods
    }
    assert {route for route in routes if route[0] != "HEAD"} == told
    assert len(told) == len(OPERATIONS)


def test_every_reference_leads_somewhere() -> None:
    found: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            found.extend(str(value) for key, value in node.items() if key == "$ref")
            for each in node.values():
                walk(each)
        elif isinstance(node, list | tuple):
            for each in node:
                walk(each)

    walk(TOLD)
    known = {f"#/components/schemas/{name}" for name in TOLD["components"]["schemas"]}
    assert found
    assert set(found) <= known


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_an_operation_tells_its_fields_and_replies(operation: Any) -> None:
    told = TOLD["paths"][operation.path][operation.method.lower()]
    query = {each["name"] for each in told["parameters"] if each["in"] == "query"}
    assert query == {field.name for field in operation.query}
    if operation.body and operation.method == "POST":
        schema = told["requestBody"]["content"]["application/json"]["schema"]
        assert {field.name for field in operation.body} <= schema["properties"].keys()
        assert schema["additionalProperties"] is False
    assert str(operation.status) in told["responses"]
    assert {"400", "401", "404", "503"} <= told["responses"].keys()
    assert all(each["description"] for each in told["responses"].values())
