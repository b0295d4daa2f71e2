"""transformers as a peer of the engine."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, DynamicCache

from benchmarks.engine_peers import Chat, Clock, Timing
from model.tokenizer import ChatTokenizer

PIECE_TOKENS = 512


class Transformers:
    """transformers in bfloat16, its weights mapped from the same folder."""

    name = "transformers bfloat16"

    def __init__(self, folder: Path, threads: int, clock: Clock) -> None:
        self._tokenizer = ChatTokenizer.open(folder)
        self._threads = threads
        self._clock = clock
        # For a mixture of experts it takes "grouped_mm" by itself, its quickest here.
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()

    @torch.inference_mode()
    def answer(self, chat: Chat, new_tokens: int) -> Timing:
        prompt = torch.tensor([self._tokenizer.encode_chat(chat)])
        begin = self._clock()
        steps = itertools.islice(self._steps(prompt), new_tokens)
        next(steps)
        first = self._clock() - begin
        written = 1 + sum(1 for _ in steps)
        return Timing(prompt.shape[1], written, first, self._clock() - begin)

    @torch.inference_mode()
    def side_by_side(self, chats: Sequence[Chat], new_tokens: int) -> float:
        prompts = [self._tokenizer.encode_chat(chat) for chat in chats]
        shortest = min(map(len, prompts))  # one rectangle: no time is lost on padding
        begin = self._clock()
        batch = torch.tensor([prompt[-shortest:] for prompt in prompts])
        for _ in itertools.islice(self._steps(batch), new_tokens):
            pass
        return len(chats) * new_tokens / (self._clock() - begin)

    @torch.inference_mode()
    def generated(self, chat: Chat, new_tokens: int, *, look_up: int | None) -> Timing:
        """Answer to the natural end by its own `generate`, with so many tokens looked up at once.

        When the first token comes is not seen: it counts as the whole time.
        """
        torch.set_num_threads(self._threads)
        prompt = torch.tensor([self._tokenizer.encode_chat(chat)])
        begin = self._clock()
        written = self._model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=new_tokens,
            do_sample=False,
            prompt_lookup_num_tokens=look_up,
        )
        seconds = self._clock() - begin
        return Timing(prompt.shape[1], written.shape[1] - prompt.shape[1], seconds, seconds)

    def _steps(self, tokens: torch.Tensor) -> Iterator[torch.Tensor]:
        torch.set_num_threads(self._threads)
        cache = DynamicCache(config=self._model.config)
        for piece in torch.split(tokens, PIECE_TOKENS, dim=1):
            logits = self._model(piece, past_key_values=cache, logits_to_keep=1).logits
        while True:
            chosen = logits[:, -1].argmax(dim=-1, keepdim=True)
            yield chosen
            logits = self._model(chosen, past_key_values=cache, logits_to_keep=1).logits
