"""Prometheus metrics; labels are names of routes and stages, never of things or people."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from qa.answer import Answer

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
        self.answers = Counter(
            "sourcebook_answers_total", "Answers given", ["outcome"], registry=self.registry
        )
        self.cached_answers = Counter(
            "sourcebook_answers_cached_total",
            "Answers given again without asking the model",
            registry=self.registry,
        )

    def observe_answer(self, answer: Answer) -> None:
        """Count an answer by its outcome and record how long its parts took."""
        outcome = "refused" if answer.refused else "answered"
        self.answers.labels("interrupted" if answer.interrupted else outcome).inc()
        if answer.cached:
            self.cached_answers.inc()
        timings = answer.timings
        for stage, milliseconds in (
            ("retrieval", timings.retrieval_ms),
            ("first_token", timings.first_token_ms),
            ("total", timings.total_ms),
        ):
            self.generation.labels(stage).observe(milliseconds / 1000)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=BUCKETS_SECONDS)
