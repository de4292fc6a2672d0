"""JSON types as the official SDKs parse them: Go and Java refuse a number for a text (E-3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from recordbridge.web.api import shapes

pytestmark = pytest.mark.rule("E-3", "E-1")

TEXT, NUMBER, WHOLE, NULL = "string", "number", "integer", "null"
TYPES: dict[type[msgspec.Struct], dict[str, str | tuple[str, ...]]] = {
    shapes.Recording: {
        "add_time": TEXT, "call_uuid": TEXT, "conference_name": NULL, "from_number": TEXT,
        "monthly_recording_storage_amount": NUMBER, "recording_duration_ms": TEXT,
        "recording_end_ms": TEXT, "recording_format": TEXT, "recording_id": TEXT,
        "recording_start_ms": TEXT, "recording_storage_duration": WHOLE,
        "recording_storage_rate": NUMBER, "recording_type": TEXT, "recording_url": TEXT,
        "resource_uri": TEXT, "rounded_recording_duration": WHOLE, "to_number": TEXT,
    },
    shapes.Call: {
        "answer_time": (TEXT, NULL), "bill_duration": WHOLE, "billed_duration": WHOLE,
        "call_direction": TEXT, "call_duration": WHOLE, "call_state": TEXT, "call_uuid": TEXT,
        "conference_uuid": NULL, "end_time": (TEXT, NULL), "from_number": TEXT,
        "hangup_cause_code": WHOLE, "hangup_cause_name": TEXT, "hangup_source": TEXT,
        "initiation_time": TEXT, "parent_call_uuid": NULL, "resource_uri": TEXT,
        "to_number": TEXT, "total_amount": TEXT, "total_rate": TEXT,
    },
    shapes.Started: {"api_id": TEXT, "message": TEXT, "recording_id": TEXT, "url": TEXT},
    shapes.Meta: {
        "limit": WHOLE, "offset": WHOLE, "total_count": WHOLE, "next": (TEXT, NULL),
        "previous": (TEXT, NULL),
    },
    shapes.LiveCall: {
        "api_id": TEXT, "call_status": TEXT, "call_uuid": TEXT, "caller_name": TEXT,
        "direction": TEXT, "from": TEXT, "request_uuid": TEXT, "session_start": TEXT, "to": TEXT,
    },
    shapes.Error: {"api_id": TEXT, "error": TEXT},
}  # fmt: skip


def kinds(schema: dict[str, Any]) -> set[str]:
    if "anyOf" in schema:
        return {kind for each in schema["anyOf"] for kind in kinds(each)}
    if "enum" in schema:
        return {TEXT} if all(isinstance(each, str) for each in schema["enum"]) else set()
    return {schema["type"]}


@pytest.mark.parametrize("shape", TYPES, ids=lambda each: each.__name__)
def test_every_field_has_the_type_that_the_sdks_expect(shape: type[msgspec.Struct]) -> None:
    _, schemas = msgspec.json.schema_components([shape])
    fields = schemas[shape.__name__]["properties"]
    expected = TYPES[shape]
    assert expected.keys() <= fields.keys()
    for name, kind in expected.items():
        assert kinds(fields[name]) == set((kind,) if isinstance(kind, str) else kind), name


def test_what_is_more_than_the_sdks_know_is_an_extension() -> None:
    extra = {
        shape.__name__: sorted(
            msgspec.json.schema_components([shape])[1][shape.__name__]["properties"].keys() - known
        )
        for shape, known in TYPES.items()
    }
    assert {name: fields for name, fields in extra.items() if fields} == {"Recording": ["pauses"]}
