from prometheus_client import CollectorRegistry

from api.observability.engine import EngineCollector
from model.engine.statistics import Counters, EngineStatistics


def test_every_count_is_shown() -> None:
    now = EngineStatistics(2, 1, 10, 4, 3, Counters(11, 12, 13, 14, 15, 16))
    registry = CollectorRegistry()
    registry.register(EngineCollector(lambda: now))
    shown = {
        (sample.name.removeprefix("sourcebook_engine_"), sample.labels.get("state")): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }
    assert shown == {
        ("requests", "running"): 2,
        ("requests", "waiting"): 1,
        ("blocks", "held"): 4,
        ("blocks", "kept"): 3,
        ("blocks", "free"): 3,
        ("steps_total", None): 11,
        ("computed_tokens_total", None): 12,
        ("cached_prompt_tokens_total", None): 13,
        ("written_tokens_total", None): 14,
        ("drafted_tokens_total", None): 15,
        ("accepted_tokens_total", None): 16,
    }
