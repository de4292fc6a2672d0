"""The metrics of a worker, in a registry of their own (O-2).

The law: names are `recordbridge_*`, counters end in `_total`, quantities in their base unit;
labels take few values that are known beforehand, never ids, numbers or hosts. A child is bound
once (`labels` is a lookup under a lock), then counting costs about a microsecond.
"""

from __future__ import annotations

import platform
from collections import Counter as TallyCounter
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST

COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds: from a commit into memory to one that waits for a database that is away."""


class Tally(Collector):
    """A counter with one label that others keep in plain dictionaries: to add to one costs a
    tenth of a counter's price, which tells where something is counted twenty times per call.
    """

    def __init__(
        self, name: str, documentation: str, label: str, registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._label = label
        self._sources: list[Mapping[str, int]] = []
        registry.register(self)

    def read(self, source: Mapping[str, int]) -> None:
        """From now on `source` (label -> count) is part of the sum."""
        self._sources.append(source)

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for at a scrape."""
        family = CounterMetricFamily(self._name, self._documentation, labels=[self._label])
        total: TallyCounter[str] = TallyCounter()
        for source in self._sources:
            total.update(source)
        for name, count in sorted(total.items()):
            family.add_metric([name], count)
        yield family


class Metrics:
    """All that a worker counts; the attributes are prometheus-client's own metrics."""

    def __init__(self, version: str) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        build = Gauge(
            "recordbridge_build_info",
            "Always 1; the labels tell what runs.",
            ["version", "python"],
            registry=registry,
        )
        build.labels(version, platform.python_version()).set(1)
        self.tasks = Gauge(
            "recordbridge_tasks",
            "Asyncio tasks of the process; as many as before once the calls are over.",
            registry=registry,
        )
        self._about_calls(registry)
        self._about_requests(registry)
        self._about_storage(registry)
        self._about_transcripts(registry)

    def _about_calls(self, registry: CollectorRegistry) -> None:
        self.ari_connected = Gauge(
            "recordbridge_ari_connected",
            "1 while events of this Asterisk flow and its state is reconciled, else 0.",
            ["asterisk"],
            registry=registry,
        )
        self.ari_events = Tally(
            "recordbridge_ari_events", "Events received from Asterisk.", "type", registry
        )
        self.calls_active = Gauge(
            "recordbridge_calls_active", "Calls whose machine is not done.", registry=registry
        )
        self.recordings = Counter(
            "recordbridge_recordings_total",
            "Recordings that have ended.",
            ["mode", "result"],
            registry=registry,
        )
        self.recordings_active = Gauge(
            "recordbridge_recordings_active", "Recordings that run now.", registry=registry
        )
        self.recordings_refused = Counter(
            "recordbridge_recordings_refused_total",
            "Recordings that were refused at their start.",
            ["reason"],
            registry=registry,
        )
        self.recordings_refused.labels("disk")

    def _about_requests(self, registry: CollectorRegistry) -> None:
        self.documents = Counter(
            "recordbridge_documents_total",
            "Call-flow documents that were asked for.",
            ["result"],
            registry=registry,
        )
        self.document_errors = Counter(
            "recordbridge_document_errors_total",
            "Documents that were rejected.",
            ["kind"],
            registry=registry,
        )
        self.request_attempts = Counter(
            "recordbridge_request_attempts_total",
            "Attempts to send a request; outcome is ok or the failure's word.",
            ["kind", "outcome"],
            registry=registry,
        )
        self.deliveries_backlog = Gauge(
            "recordbridge_deliveries_backlog",
            "Durable requests that are not delivered, gone or parked.",
            registry=registry,
        )

    def _about_storage(self, registry: CollectorRegistry) -> None:
        self.commit_duration = Histogram(
            "recordbridge_commit_duration_seconds",
            "From handing a unit to the store until it is durable.",
            buckets=COMMIT_BUCKETS,
            registry=registry,
        )
        self.disk_free = Gauge(
            "recordbridge_disk_free_bytes",
            "Free space where recordings are written or kept.",
            ["place"],
            registry=registry,
        )

        self.files_waiting = Gauge(
            "recordbridge_files_waiting",
            "Recordings on this machine that the object store does not have yet.",
            registry=registry,
        )

    def _about_transcripts(self, registry: CollectorRegistry) -> None:
        self.transcriptions = Counter(
            "recordbridge_transcriptions_total",
            "Recordings that were turned into text, or could not be.",
            ["result"],
            registry=registry,
        )
        self.transcripts_waiting = Gauge(
            "recordbridge_transcripts_waiting",
            "Recordings that shall be turned into text, the one under way included.",
            registry=registry,
        )
        self.transcription_stood_still = Counter(
            "recordbridge_transcription_stood_still_seconds_total",
            "For which the engine on this machine stood still because a call waited.",
            registry=registry,
        )

    def exposition(self) -> bytes:
        """What `/metrics` answers, of the type CONTENT_TYPE."""
        return generate_latest(self.registry)
