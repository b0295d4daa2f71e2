"""The real default model against transformers on the same weights, and its ways in product use."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from model.backends.local import LocalGenerator
from model.backends.port import GenerationRequest, Message
from model.checkpoint import Checkpoint
from model.errors import KernelsUnavailable
from model.families import to_hugging_face
from model.fetch import verify_model
from model.gguf.file import GgufFile
from model.gguf.metadata import TOKENS
from model.kernels.loading import load_kernels
from model.known_models import known_model
from model.quantised.decoder_file import open_quantised
from model.settings import ModelSettings
from model.step import Step
from model.tokenizer import ChatTokenizer
from model.transformer import Decoder

# In one worker: the weights in float32, and those of transformers, are 4 GB.
pytestmark = [pytest.mark.models, pytest.mark.xdist_group("real-weights")]

TEXTS = [
    "Hello, world! It's 9:00, we'll meet at the café (Room 12B).",
    "  two  spaces\n\n\ta tab\r\nand a Windows line   ",
    "公司的办公室早上九点开门，下午五点半关门。Sourcebook是什么？",
    "emoji 🙂👩‍💻🇩🇪 e\u0301 ﬁ ½ Ⅷ ١٢٣ Ελληνικά русский हिन्दी ไทย 한국어",
    "def f(x: int) -> str:\n    return f'{x:>8}'  # 12345\n",
    "",
]
CHAT = [
    Message("system", "Answer in one sentence from the passage, in the question's language."),
    Message("user", "[1] The Hamburg office opens at 9:00.\n\nWhen does the Hamburg office open?"),
]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def decoder(float32_checkpoint: Checkpoint) -> Decoder:
    return float32_checkpoint.decoder()


@pytest.fixture(scope="module")
def reference(float32_checkpoint: Checkpoint) -> Qwen2ForCausalLM:
    """Return transformers' decoder on the very same tensors, shared in memory."""
    config = Qwen2Config(**to_hugging_face(float32_checkpoint.config))
    with torch.device("meta"):
        model = Qwen2ForCausalLM(config)
    model.load_state_dict(float32_checkpoint.weights, assign=True)
    model.model.rotary_emb = type(model.model.rotary_emb)(config)  # it was on "meta" too
    return model.eval()


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> ChatTokenizer:
    return ChatTokenizer.open(folder)


@pytest.fixture(scope="module")
def generator(gguf_path: Path) -> LocalGenerator:
    return LocalGenerator.load(gguf_path, ModelSettings())


def test_file_is_the_official_one(gguf_path: Path) -> None:
    verify_model(known_model(ModelSettings().name), gguf_path)


def test_tokens_equal_those_of_transformers(gguf_path: Path, tokenizer: ChatTokenizer) -> None:
    file = GgufFile.open(gguf_path)
    tokens, merges = file.value(TOKENS), file.value("tokenizer.ggml.merges")
    reference = Qwen2Tokenizer(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=[tuple(pair.split(" ")) for pair in merges],
    )
    for text in TEXTS:
        assert tokenizer.encode(text) == reference.encode(text, add_special_tokens=False), text


def test_tokens_known_from_the_published_tokenizer(tokenizer: ChatTokenizer) -> None:
    assert tokenizer.encode("Hello, world!") == [9707, 11, 1879, 0]
    assert tokenizer.encode("你好") == [108386]
    chat = tokenizer.encode_chat(CHAT)
    assert chat[:3] == [151644, 8948, 198]  # <|im_start|> system, new line
    assert chat[-3:] == [151644, 77091, 198]  # <|im_start|> assistant, new line


@torch.inference_mode()
def test_logits_agree_with_transformers(
    decoder: Decoder, reference: Qwen2ForCausalLM, tokenizer: ChatTokenizer
) -> None:
    prompt = torch.tensor([tokenizer.encode_chat(CHAT)])
    ours = decoder(Step.of_one(prompt[0].tolist()), decoder.new_cache(prompt.shape[1]))
    theirs = reference(prompt, logits_to_keep=1).logits[:, -1]
    # The logits reach about 30, so this is float32's own rounding.
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=0)


def test_greedy_tokens_are_those_of_transformers(
    decoder: Decoder, reference: Qwen2ForCausalLM, tokenizer: ChatTokenizer
) -> None:
    prompt = tokenizer.encode_chat([Message("user", "Write two sentences about Hamburg.")])
    count = 12
    inputs = torch.tensor([prompt])
    theirs = reference.generate(
        inputs,
        attention_mask=torch.ones_like(inputs),
        max_new_tokens=count,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
    )[0, len(prompt) :].tolist()
    cache, step, ours = decoder.new_cache(len(prompt) + count), Step.of_one(prompt), []
    for place in range(len(prompt), len(prompt) + count):
        ours.append(int(decoder(step, cache).argmax()))
        step = Step.of_one(ours[-1:], place)
    assert ours == theirs


def test_int8_is_as_accurate_as_bfloat16(folder: Path, float32_checkpoint: Checkpoint) -> None:
    """Read a text token by token; compare each next-token distribution with float32's."""
    with suppress(KernelsUnavailable):  # it takes minutes without
        load_kernels()
    tokenizer = ChatTokenizer.open(folder)
    tokens = tokenizer.encode(
        "The office in Hamburg opens at nine. 汉堡的办公室九点开门。 It closes on Sundays"
    )
    exact = float32_checkpoint.decoder()
    plain = Checkpoint.open(folder).decoder()
    quick = open_quantised(folder, "int8")
    expected = log_shares(exact, tokens)
    divergence = {
        name: torch.nn.functional.kl_div(
            log_shares(decoder, tokens), expected, log_target=True, reduction="batchmean"
        )
        for name, decoder in {"bfloat16": plain, "int8": quick}.items()
    }
    assert divergence["int8"] < 0.02, divergence


def log_shares(decoder: Decoder, tokens: list[int]) -> torch.Tensor:
    cache = decoder.new_cache(len(tokens))
    logits = [decoder(Step.of_one([token], place), cache) for place, token in enumerate(tokens)]
    return torch.cat(logits).log_softmax(dim=-1)


@pytest.mark.parametrize(
    ("system", "question", "expected"),
    [
        (CHAT[0].content, CHAT[1].content, "9:00"),
        (
            "根据资料，用一句话回答问题。",
            "资料：[1] 汉堡办公室早上九点开门。\n\n问题：汉堡办公室几点开门？",
            "九点",
        ),
    ],
)
def test_it_answers(generator: LocalGenerator, system: str, question: str, expected: str) -> None:
    messages = [Message("system", system), Message("user", question)]
    request = GenerationRequest(messages, new_tokens_max=32)
    pieces = list(generator.generate(request))
    text = "".join(piece.text for piece in pieces)
    assert expected in text, text
    assert pieces[-1].finish_reason in {"stop", "length"}
    assert text == "".join(piece.text for piece in generator.generate(request))
