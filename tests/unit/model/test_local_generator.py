import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from model.allowed_text import Quotation
from model.backends.local import LocalGenerator
from model.backends.port import GenerationPiece, GenerationRequest, Generator, Message
from model.errors import GeneratorBusy, PromptTooLong
from model.settings import ModelSettings
from model.step import Step, positions
from model.tokenizer import ChatTokenizer
from model.transformer import Decoder
from tests.unit.model.recalling_decoder import eventually

Open = Callable[..., LocalGenerator]
QUESTION = [Message("user", "the inner")]


def request(new_tokens_max: int = 20, **changes: object) -> GenerationRequest:
    return GenerationRequest(QUESTION, new_tokens_max, **changes)


def text_of(pieces: list[GenerationPiece]) -> str:
    return "".join(piece.text for piece in pieces)


def answer(generator: Generator, asked: GenerationRequest) -> list[GenerationPiece]:
    return list(generator.generate(asked))


class ScriptedDecoder:
    """Stands in for the decoder: writes given tokens, and counts its steps."""

    def __init__(self, decoder: Decoder, script: list[int], prompt_tokens: int) -> None:
        self.config = decoder.config
        self.dtype = decoder.dtype
        self.device = decoder.device
        self.steps: list[int] = []
        self.after_step: Callable[[int], None] = lambda count: None
        self._script = script
        self._prompt_tokens = prompt_tokens

    def __call__(self, step: Step, cache: object) -> torch.Tensor:
        self.steps.append(len(step.tokens_T))
        self.after_step(len(self.steps))
        logits = torch.zeros(len(step.tokens_T), self.config.vocabulary_size)
        for row, position in enumerate(positions(step.spans).tolist()):
            place = position + 1 - self._prompt_tokens
            if 0 <= place < len(self._script):
                logits[row, self._script[place]] = 1.0
        return logits[step.rows_R]


@pytest.fixture
def open_generator(
    tokenizer: ChatTokenizer, settings: ModelSettings
) -> Iterator[Callable[..., LocalGenerator]]:
    opened = []

    def make(decoder: object, **changes: object) -> LocalGenerator:
        changed = settings.model_copy(update=changes)
        opened.append(LocalGenerator(decoder, tokenizer, changed))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for generator in opened:
        generator.close()


@pytest.fixture
def generator(open_generator: Open, decoder: Decoder) -> LocalGenerator:
    return open_generator(decoder)


@pytest.fixture
def scripted(
    decoder: Decoder, tokenizer: ChatTokenizer, open_generator: Open
) -> Callable[..., tuple[LocalGenerator, ScriptedDecoder]]:
    def make(
        text: str, end: bool = True, messages: list[Message] = QUESTION, **changes: object
    ) -> tuple[LocalGenerator, ScriptedDecoder]:
        script = tokenizer.encode(text) + ([decoder.config.end_tokens[0]] if end else [])
        fake = ScriptedDecoder(decoder, script, len(tokenizer.encode_chat(messages)))
        return open_generator(fake, **({"draft_tokens_max": 0} | changes)), fake

    return make


Scripted = Callable[..., tuple[LocalGenerator, ScriptedDecoder]]


def test_generates_what_the_decoder_says(
    generator: LocalGenerator, decoder: Decoder, tokenizer: ChatTokenizer
) -> None:
    tokens = tokenizer.encode_chat(QUESTION)
    prompt_tokens = len(tokens)
    while len(tokens) < prompt_tokens + 20:
        cache = decoder.new_cache(len(tokens))
        tokens.append(int(decoder(Step.of_one(tokens), cache).argmax()))
        if tokens[-1] in decoder.config.end_tokens:
            break
    written = b"".join(map(tokenizer.bytes_of, tokens[prompt_tokens:]))
    pieces = answer(generator, request())
    # Half a character at the end is dropped; elsewhere random bytes show as replacements.
    assert written.decode(errors="replace").startswith(text_of(pieces))
    assert len(text_of(pieces)) > 5
    assert pieces[-1].prompt_tokens == prompt_tokens


def test_end_token_ends_the_answer(scripted: Scripted) -> None:
    generator, _ = scripted("Yes, 好🙂.")
    pieces = answer(generator, request(new_tokens_max=50))
    assert text_of(pieces) == "Yes, 好🙂."
    assert [piece.finish_reason for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    last = pieces[-1]
    assert last.finish_reason == "stop"
    assert last.completion_tokens == generator.count_tokens("Yes, 好🙂.")


def test_limit_ends_the_answer(scripted: Scripted) -> None:
    generator, decoder = scripted("abcdefgh", end=False)
    pieces = answer(generator, request(new_tokens_max=3))
    assert text_of(pieces) == "abc"
    assert pieces[-1].finish_reason == "length"
    assert decoder.steps.count(1) == 2  # the third token needs no step after it


def test_stop_string_ends_the_answer_and_is_no_part_of_it(scripted: Scripted) -> None:
    generator, decoder = scripted("Yes.\n\nQuestion: and so on")
    pieces = answer(generator, request(new_tokens_max=50, stop=("\n\nQ",)))
    assert text_of(pieces) == "Yes."
    assert pieces[-1].finish_reason == "stop"
    assert len(decoder.steps) < 12


def test_held_back_text_comes_at_the_end(scripted: Scripted) -> None:
    generator, _ = scripted("Yes\n")
    assert text_of(answer(generator, request(stop=("\n\n",)))) == "Yes\n"


def test_prompt_is_read_in_pieces(scripted: Scripted, settings: ModelSettings) -> None:
    messages = [Message("user", "x" * 60)]
    generator, decoder = scripted("ok", messages=messages)
    pieces = answer(generator, GenerationRequest(messages))
    assert text_of(pieces) == "ok"
    assert max(decoder.steps) == settings.prefill_piece_tokens
    assert sum(decoder.steps) == pieces[-1].prompt_tokens + 2


def test_answer_stays_within_the_context(scripted: Scripted) -> None:
    generator, _ = scripted("y" * 200, end=False)
    last = answer(generator, request(new_tokens_max=10_000))[-1]
    assert last.finish_reason == "length"
    assert last.prompt_tokens + last.completion_tokens == generator.context_tokens_max


def test_prompt_that_does_not_fit_is_refused(generator: LocalGenerator) -> None:
    with pytest.raises(PromptTooLong, match="must stay within 128"):
        answer(generator, GenerationRequest([Message("user", "x" * 128)]))


@pytest.mark.parametrize("steps", [1, 2, 6, 9])
def test_cancelling_ends_within_a_step(scripted: Scripted, steps: int) -> None:
    messages = [Message("user", "x" * 60)]  # five pieces of prompt
    generator, decoder = scripted("y" * 30, end=False, messages=messages)
    cancelled = threading.Event()
    decoder.after_step = lambda count: cancelled.set() if count == steps else None
    pieces = list(generator.generate(GenerationRequest(messages), cancelled))
    assert len(decoder.steps) == steps
    assert pieces[-1].finish_reason == "cancelled"


def test_cancelled_before_it_began(scripted: Scripted) -> None:
    generator, decoder = scripted("never")
    cancelled = threading.Event()
    cancelled.set()
    pieces = list(generator.generate(request(), cancelled))
    assert [piece.finish_reason for piece in pieces] == ["cancelled"]
    assert decoder.steps == []


def test_closing_frees_what_the_answer_held(open_generator: Open, decoder: Decoder) -> None:
    generator = open_generator(decoder, running_requests_max=1, waiting_requests_max=0)
    stream = generator.generate(request(new_tokens_max=100))
    next(stream)
    with pytest.raises(GeneratorBusy):
        next(generator.generate(request()))
    stream.close()  # type: ignore[attr-defined]
    eventually(lambda: generator.statistics().blocks_held == 0)
    assert answer(generator, request())


def test_abandoned_before_its_first_piece_holds_nothing(
    open_generator: Open, decoder: Decoder
) -> None:
    generator = open_generator(decoder, running_requests_max=1, waiting_requests_max=0)
    waiting = generator.generate(request())
    assert answer(generator, request())
    assert next(waiting)


def test_second_question_reports_what_was_cached(generator: LocalGenerator) -> None:
    messages = [Message("user", "x" * 60)]
    cached = [answer(generator, GenerationRequest(messages, 2))[-1] for _ in range(2)]
    assert [piece.cached_prompt_tokens for piece in cached] == [0, 64]
    generator.forget("")
    assert answer(generator, GenerationRequest(messages, 2))[-1].cached_prompt_tokens == 0


def test_quoted_drafts_save_steps(scripted: Scripted) -> None:
    text = "The office opens at nine, and closes at five."
    generator, decoder = scripted(text, draft_tokens_max=8)
    pieces = answer(generator, request(50, drafts=["In short: " + text]))
    assert text_of(pieces) == text
    assert len(decoder.steps) < generator.count_tokens(text) / 2


def test_text_is_held_to_what_is_allowed(generator: LocalGenerator) -> None:
    rule = Quotation({1: "the inner"}, "no")
    assert text_of(answer(generator, request(allowed=rule))) in {"the [1]", "inner [1]", "no"} | {
        "the inner [1]"
    }


def test_seed_decides_the_sample(generator: LocalGenerator) -> None:
    def sample(seed: int) -> str:
        return text_of(answer(generator, request(temperature=3.0, seed=seed)))

    assert sample(1) == sample(1)
    assert len({sample(seed) for seed in range(4)}) > 1


def test_control_tokens_are_not_shown(
    open_generator: Open, decoder: Decoder, tokenizer: ChatTokenizer
) -> None:
    start = tokenizer.encode_chat([])[0]
    assert start not in decoder.config.end_tokens
    fake = ScriptedDecoder(decoder, [start, 70], len(tokenizer.encode_chat(QUESTION)))
    pieces = answer(open_generator(fake), request(new_tokens_max=2))
    assert text_of(pieces) == tokenizer.bytes_of(70).decode()


def test_threads_of_the_caller_stay(generator: LocalGenerator) -> None:
    before = torch.get_num_threads()
    answer(generator, request(new_tokens_max=2))
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8", "int4"])
def test_load_from_gguf(tiny_gguf: Path, precision: str) -> None:
    settings = ModelSettings(
        name="tiny", precision=precision, kernels="off", context_tokens_max=9999
    )
    generator = LocalGenerator.load(tiny_gguf, settings)
    assert generator.name == "tiny"
    assert generator.context_tokens_max == 512  # the checkpoint's own limit
    assert answer(generator, request())[-1].completion_tokens > 0
    generator.close()
