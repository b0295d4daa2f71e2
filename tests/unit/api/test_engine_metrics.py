from prometheus_client import CollectorRegistry

from api.observability.engine import EngineCollector
from model.engine.statistics import Counters, EngineStatistics
from model.expert_cache.cache import CacheStatistics


def test_every_count_is_shown() -> None:
    now = EngineStatistics(2, 1, 10, 4, 3, Counters(11, 12, 13, 14, 15, 16))
    registry = CollectorRegistry()
    registry.register(EngineCollector(lambda: now, lambda: CacheStatistics(hits=3, misses=1)))
    shown = {
        (sample.name.removeprefix("sourcebook_engine_"), *sample.labels.values()): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }
    assert shown == {
        ("requests", "running"): 2,
        ("requests", "waiting"): 1,
        ("blocks", "held"): 4,
        ("blocks", "kept"): 3,
        ("blocks", "free"): 3,
        ("steps_total",): 11,
        ("computed_tokens_total",): 12,
        ("cached_prompt_tokens_total",): 13,
        ("written_tokens_total",): 14,
        ("drafted_tokens_total",): 15,
        ("accepted_tokens_total",): 16,
        ("experts_total", "in_memory"): 3,
        ("experts_total", "on_disk"): 1,
    }
