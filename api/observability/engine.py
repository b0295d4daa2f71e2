"""Metrics of the local model's engine: counts only."""

from collections.abc import Callable, Iterator
from dataclasses import fields

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from model.engine.statistics import EngineStatistics

_COUNTED = {
    "steps": "Passes through the decoder",
    "computed_tokens": "Tokens computed, those of prompts and drafts included",
    "cached_prompt_tokens": "Tokens of prompts found in the cache",
    "written_tokens": "Tokens written",
    "drafted_tokens": "Tokens guessed from the passages",
    "accepted_tokens": "Guessed tokens that came true",
}


class EngineCollector:
    """The engine's state at the moment it is asked for."""

    def __init__(self, statistics: Callable[[], EngineStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        now = self._statistics()
        requests = _by_state("sourcebook_engine_requests", "Requests at the model")
        requests.add_metric(["running"], now.running)
        requests.add_metric(["waiting"], now.waiting)
        yield requests
        blocks = _by_state("sourcebook_engine_blocks", "Blocks of the key/value cache")
        blocks.add_metric(["held"], now.blocks_held)
        blocks.add_metric(["kept"], now.blocks_kept)
        blocks.add_metric(["free"], now.blocks - now.blocks_held - now.blocks_kept)
        yield blocks
        for field in fields(now.counted):
            value = getattr(now.counted, field.name)
            name = f"sourcebook_engine_{field.name}"
            yield CounterMetricFamily(name, _COUNTED[field.name], value)


def _by_state(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["state"])
