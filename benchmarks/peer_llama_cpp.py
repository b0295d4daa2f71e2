"""llama.cpp, from the xllamacpp wheel, as a peer of the engine."""

from collections.abc import Callable, Sequence
from pathlib import Path

import xllamacpp

from benchmarks.engine_peers import Chat, Clock, Timing, together
from model.tokenizer import ChatTokenizer

CONTEXT_TOKENS = 4096


class LlamaCpp:
    """llama.cpp's own server loop, called without HTTP."""

    def __init__(
        self, path: Path, folder: Path, threads: int, clock: Clock, answers_at_once: int = 1
    ) -> None:
        self.name = f"llama.cpp {path.stem.split('-')[-1]}"
        self._clock = clock
        self._tokenizer = ChatTokenizer.open(folder)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = CONTEXT_TOKENS
        parameters.n_parallel = answers_at_once
        parameters.kv_unified = True  # any share of the context for each answer
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        parameters.verbosity = -1
        parameters.cache_ram_mib = 0
        self._server = xllamacpp.Server(parameters)

    def answer(self, chat: Chat, new_tokens: int) -> Timing:
        seen: list[float] = []
        begin = self._clock()
        usage = self._complete(chat, new_tokens, lambda: seen.append(self._clock()))
        total = self._clock() - begin
        return Timing(usage["prompt_tokens"], usage["completion_tokens"], seen[0] - begin, total)

    def side_by_side(self, chats: Sequence[Chat], new_tokens: int) -> float:
        def one(chat: Chat) -> int:
            return self._complete(chat, new_tokens, lambda: None)["completion_tokens"]

        return together(one, chats, self._clock)

    def _complete(
        self, chat: Chat, new_tokens: int, on_piece: Callable[[], None]
    ) -> dict[str, int]:
        pieces: list[dict[str, dict[str, int]]] = []

        def take(piece: dict[str, dict[str, int]]) -> bool:
            on_piece()
            pieces.append(piece)
            return False  # go on

        request = {
            "prompt": self._tokenizer.encode_chat(chat),
            "max_tokens": new_tokens,
            "temperature": 0,
            "cache_prompt": False,
            "ignore_eos": True,
            "stream": True,
        }
        self._server.handle_completions(request, take)
        return pieces[-1]["usage"]
