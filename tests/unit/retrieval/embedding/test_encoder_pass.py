from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from retrieval.embedding import encoder_pass
from retrieval.embedding.bert import can_pack, load_encoder
from retrieval.embedding.e5 import E5Embedder
from retrieval.embedding.e5_file import installed_file, read_e5_file

pytestmark = pytest.mark.models

TEXTS = [
    "How long do we keep invoices?",
    "发票要保存多久？",
    "word " * 90,
    "Leave",
    "Where can visitors park on the north side of the building when the garage is full?",
]


def test_the_compiled_and_packed_pass_equals_the_plain_one(e5: E5Embedder) -> None:
    dtype = torch.float32
    plain = load_encoder(read_e5_file(installed_file()), dtype, encoder_pass.embed, packed=False)
    fast = load_encoder(
        read_e5_file(installed_file()),
        dtype,
        encoder_pass.compiled(encoder_pass.embed),
        packed=can_pack(dtype),
    )
    ids = [list(range(5, 5 + length)) for length in (3, 1, 40, 17)]
    np.testing.assert_allclose(plain.encode(ids), fast.encode(ids), atol=1e-5)


def test_questions_of_many_threads_have_the_vectors_that_they_have_alone(e5: E5Embedder) -> None:
    alone = [e5.embed_queries([text])[0] for text in TEXTS]
    with ThreadPoolExecutor(len(TEXTS)) as threads:
        together = list(threads.map(lambda text: e5.embed_queries([text])[0], TEXTS * 4))
    np.testing.assert_allclose(together, alone * 4, atol=2e-3)


@pytest.mark.skipif(
    not torch.cpu.get_capabilities().get("amx_bf16", False), reason="seen on AMX, not promised"
)
def test_a_vector_does_not_depend_on_the_texts_beside_it(e5: E5Embedder) -> None:
    alone = np.concatenate([e5.embed_passages([text]) for text in TEXTS])
    assert np.array_equal(e5.embed_passages(TEXTS), alone)
