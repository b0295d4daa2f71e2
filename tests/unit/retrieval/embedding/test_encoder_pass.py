from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch

from retrieval.embedding import encoder_pass
from retrieval.embedding.bert import layer_weights
from retrieval.embedding.e5 import E5Embedder
from retrieval.embedding.e5_file import installed_file, read_e5_file
from retrieval.embedding.kernels.loading import kernels_loaded
from retrieval.embedding.torch_layers import TorchLayers, torch_layers

pytestmark = pytest.mark.models

TEXTS = [
    "How long do we keep invoices?",
    "发票要保存多久？",
    "word " * 90,
    "Leave",
    "Where can visitors park on the north side of the building when the garage is full?",
]


def test_the_compiled_and_packed_pass_equals_the_plain_one() -> None:
    weights = layer_weights(read_e5_file(installed_file()), torch.float32)
    lengths = [3, 1, 40, 17]
    rows = torch.randn(sum(lengths), 384, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        plain = TorchLayers(weights, packed=False)._run(encoder_pass.embed, rows, lengths)
        fast = torch_layers(weights).vectors(rows, lengths)
    np.testing.assert_allclose(plain, fast, atol=1e-5)


def test_many_threads_may_ask_for_a_pass_at_once() -> None:
    start = Barrier(4)

    def compile_one(function: encoder_pass.Pass) -> encoder_pass.Pass:
        start.wait(timeout=60)
        return encoder_pass.compiled(function)

    with ThreadPoolExecutor(4) as threads:
        passes = list(threads.map(compile_one, [encoder_pass.embed, encoder_pass.token_states] * 2))
    assert all(isinstance(one, torch.jit.ScriptFunction) for one in passes)


def test_questions_of_many_threads_have_the_vectors_that_they_have_alone(e5: E5Embedder) -> None:
    alone = [e5.embed_queries([text])[0] for text in TEXTS]
    with ThreadPoolExecutor(len(TEXTS)) as threads:
        together = list(threads.map(lambda text: e5.embed_queries([text])[0], TEXTS * 4))
    np.testing.assert_allclose(together, alone * 4, atol=2e-3)


def test_a_vector_does_not_depend_on_the_texts_beside_it(e5: E5Embedder) -> None:
    if not (kernels_loaded() or torch.cpu.get_capabilities().get("amx_bf16", False)):
        pytest.skip("holds with our kernel; of torch it was seen on AMX and is not promised")
    alone = np.concatenate([e5.embed_passages([text]) for text in TEXTS])
    assert np.array_equal(e5.embed_passages(TEXTS), alone)


def test_the_kernel_gives_the_vectors_of_the_pass_in_torch(e5: E5Embedder) -> None:
    torch_only = E5Embedder(kernels=False)
    cosines = (torch_only.embed_passages(TEXTS) * e5.embed_passages(TEXTS)).sum(axis=1)
    np.testing.assert_array_less(0.9995, cosines)
    if kernels_loaded():
        assert cosines.max() < 1.0 - 1e-7  # they were not computed by the same
