"""However often and wherever a worker dies, every document ends ready, exactly once."""

import tempfile
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.integration.ingest.test_pipeline import assert_complete
from tests.integration.ingest.worker_harness import World

SENTENCE = st.sampled_from(["The same words again. " * 9, "Quite different ones. " * 12, "Short. "])
DOCUMENT = st.lists(SENTENCE, min_size=1, max_size=14).map("\n\n".join).map(str.encode)
KILLS = st.lists(st.integers(min_value=1, max_value=10), min_size=1, max_size=2)


# Processes are slow, so few examples and no search for the smallest failing one.
@settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate])
@given(contents=st.sets(DOCUMENT, min_size=1, max_size=3), kills=KILLS)
def test_every_document_ends_ready(contents: set[bytes], kills: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.create()
        uploaded = {world.upload(content): content for content in sorted(contents)}
        for stage in kills:
            world.run_killed(at=stage)
        world.run()
        for document_id, content in uploaded.items():
            assert_complete(world, document_id, content)
        world.close()
