"""What a server counts, in the text form of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The figures of one server. Labels are of small sets, so that nobody can make them grow."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "usql_http_requests", "Answers given.", ["route", "method", "status"], registry=registry
        )
        self.seconds = Histogram(
            "usql_http_request_seconds",
            "From the head of a request to the end of its answer.",
            ["route"],
            registry=registry,
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self.running = Gauge("usql_queries_running", "Queries that run.", registry=registry)
        self.waiting = Gauge("usql_queries_waiting", "Queries that wait.", registry=registry)
        self.cancelled = Counter(
            "usql_queries_cancelled", "Queries whose clients went away.", registry=registry
        )
        self.connections = Gauge("usql_connections", "Open connections.", registry=registry)
        self.ingested = Counter(
            "usql_ingested_sessions", "Sessions received and stored.", registry=registry
        )
        self.rejected = Counter(
            "usql_rejected_lines", "Lines received and put aside.", registry=registry
        )

    def text(self) -> bytes:
        """Return all figures."""
        return generate_latest(self._registry)
