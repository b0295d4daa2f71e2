import pytest

from retrieval.kernels.loading import kernels_used
from retrieval.lexical.word_index import WordIndex
from retrieval.settings import RetrievalSettings


@pytest.fixture(autouse=True, params=[False, True], ids=["numpy", "kernel"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search words with numpy, and with the kernel where it can be had."""
    if request.param and not kernels_used(RetrievalSettings()):
        pytest.skip("kernels cannot be had here")
    monkeypatch.setitem(WordIndex.__init__.__kwdefaults__, "kernels", request.param)
