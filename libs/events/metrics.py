"""Prometheus metrics of events."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class EventMetrics:
    """The metrics of one process. The lag of a consumer and of the outbox is the same in every replica."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.outbox_rows = Gauge(
            "events_outbox_unpublished", "Recorded events that are not published.", registry=registry
        )
        self.outbox_seconds = Gauge(
            "events_outbox_lag_seconds", "Age of the oldest event that is not published.", registry=registry
        )
        self.published = Counter("events_published", "Events that JetStream acknowledged.", registry=registry)
        self.publish_errors = Counter(
            "events_publish_errors", "Attempts to publish that failed and are repeated.", registry=registry
        )
        self.consumer_lag = Gauge(
            "events_consumer_lag",
            "Events of another service that wait to be applied; absent while unknown.",
            ("source",),
            registry=registry,
        )
        self.consumed = Counter(
            "events_consumed", "Events that were handled, by result.", ("source", "result"), registry=registry
        )
        self.retries = Counter("events_retries", "Failed attempts that are repeated.", ("source",), registry=registry)
        self.dead_letters = Counter(
            "events_dead_letters", "Events moved to the dead letters.", ("source", "reason"), registry=registry
        )
