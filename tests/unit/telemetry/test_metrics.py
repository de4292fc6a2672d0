"""The exposition as Prometheus reads it, and the naming rules of its linter."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from recordbridge.telemetry.metrics import Metrics

pytestmark = pytest.mark.rule("O-2")

NOT_BASE = ("_ms", "_milliseconds", "_minutes", "_hours", "_kb", "_mb", "_percent")
PROMISED = {
    "recordbridge_build_info",
    "recordbridge_tasks",
    "recordbridge_ari_connected",
    "recordbridge_ari_events",
    "recordbridge_calls_active",
    "recordbridge_recordings",
    "recordbridge_recordings_active",
    "recordbridge_recordings_refused",
    "recordbridge_documents",
    "recordbridge_document_errors",
    "recordbridge_request_attempts",
    "recordbridge_deliveries_backlog",
    "recordbridge_commit_duration_seconds",
    "recordbridge_disk_free_bytes",
    "recordbridge_files_waiting",
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("1.2.3")


def samples(metrics: Metrics) -> dict[str, float]:
    """Every sample by its name and labels, as scraped."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_the_promised_metrics_are_there_and_linted(metrics: Metrics) -> None:
    families = list(metrics.registry.collect())
    assert {family.name for family in families} >= PROMISED
    for family in families:
        assert family.name.startswith("recordbridge_")
        assert family.documentation.endswith(".")
        assert not family.name.endswith(NOT_BASE)
        if family.type == "counter":
            assert not family.name.endswith("_total")  # the client adds it to the samples
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        if family.type == "gauge":
            assert not family.name.endswith("_total")


def test_what_is_counted_is_exposed(metrics: Metrics) -> None:
    metrics.ari_connected.labels("pbx").set(1)
    metrics.ari_events.read({"StasisStart": 1, "StasisEnd": 2})
    metrics.ari_events.read({"StasisEnd": 3})
    metrics.recordings.labels("plain", "ready").inc(2)
    metrics.recordings_active.inc()
    metrics.recordings_refused.labels("disk").inc()
    metrics.documents.labels("ok").inc()
    metrics.document_errors.labels("syntax").inc()
    metrics.request_attempts.labels("callback", "5xx").inc()
    metrics.deliveries_backlog.set(7)
    metrics.commit_duration.observe(0.002)
    metrics.disk_free.labels("storage").set(1e9)
    metrics.calls_active.set(3)
    metrics.tasks.set(21)
    seen = samples(metrics)
    assert seen["recordbridge_ari_connected{asterisk=pbx}"] == 1
    assert seen["recordbridge_ari_events_total{type=StasisStart}"] == 1
    assert seen["recordbridge_ari_events_total{type=StasisEnd}"] == 5
    assert seen["recordbridge_recordings_total{mode=plain,result=ready}"] == 2
    assert seen["recordbridge_recordings_active{}"] == 1
    assert seen["recordbridge_recordings_refused_total{reason=disk}"] == 1
    assert seen["recordbridge_documents_total{result=ok}"] == 1
    assert seen["recordbridge_document_errors_total{kind=syntax}"] == 1
    assert seen["recordbridge_request_attempts_total{kind=callback,outcome=5xx}"] == 1
    assert seen["recordbridge_deliveries_backlog{}"] == 7
    assert seen["recordbridge_commit_duration_seconds_count{}"] == 1
    assert seen["recordbridge_disk_free_bytes{place=storage}"] == 1e9
    assert seen["recordbridge_calls_active{}"] == 3
    assert seen["recordbridge_tasks{}"] == 21


def test_the_build_is_told(metrics: Metrics) -> None:
    assert 'recordbridge_build_info{python="3' in metrics.exposition().decode()
    assert 'version="1.2.3"' in metrics.exposition().decode()


def test_two_workers_in_one_process_count_apart() -> None:
    one, two = Metrics("1"), Metrics("1")
    one.calls_active.set(5)
    assert samples(two)["recordbridge_calls_active{}"] == 0


@pytest.mark.rule("N-4")
def test_refusals_for_a_full_disk_are_exposed_from_the_start(metrics: Metrics) -> None:
    assert samples(metrics)["recordbridge_recordings_refused_total{reason=disk}"] == 0
