"""Prometheus metrics; labels are names of routes and stages, never of things or people."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The metrics of one API process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._histogram(
            "sourcebook_request_seconds", "HTTP requests", "method", "route", "status"
        )
        self.retrieval = self._histogram(
            "sourcebook_retrieval_seconds", "Stages of a search", "stage"
        )
        self.generation = self._histogram(
            "sourcebook_generation_seconds", "Stages of an answer", "stage"
        )
        self.stages = self._histogram(
            "sourcebook_ingestion_stage_seconds", "Stages of ingestion", "stage"
        )
        self.answers = Counter(
            "sourcebook_answers_total", "Answers given", ["outcome"], registry=self.registry
        )
        self.documents = Gauge(
            "sourcebook_documents", "Documents by status", ["status"], registry=self.registry
        )

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=BUCKETS_SECONDS)
