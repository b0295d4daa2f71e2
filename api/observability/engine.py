"""Metrics of the local model's engine: counts only."""

from collections.abc import Callable, Iterator
from dataclasses import fields

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from model.engine.statistics import EngineStatistics
from model.expert_cache.cache import CacheStatistics

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

    def __init__(
        self,
        statistics: Callable[[], EngineStatistics],
        expert_statistics: Callable[[], CacheStatistics | None],
    ) -> None:
        self._statistics = statistics
        self._expert_statistics = expert_statistics

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
        if experts := self._expert_statistics():
            found = CounterMetricFamily(
                "sourcebook_engine_experts", "Experts that were asked for", labels=["found"]
            )
            found.add_metric(["in_memory"], experts.hits)
            found.add_metric(["on_disk"], experts.misses)
            yield found


def _by_state(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["state"])
