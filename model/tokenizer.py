"""Text to tokens and back, and a conversation to the prompt that the model was trained on."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from model.backends.port import Message
from model.errors import CheckpointError

TOKENIZER = "tokenizer.json"
CHAT_TEMPLATE = "chat_template.jinja"
TOKENIZER_CONFIG = "tokenizer_config.json"
_SPOKEN_OF = ("bos_token", "eos_token")
"""What templates may name; that of Llama 3 begins with the first."""
_SPLIT_HERE = "\0"


class ChatTokenizer:
    """A byte-level BPE tokenizer with its model's chat template. Safe to share among threads."""

    def __init__(
        self, tokenizer: Tokenizer, template: str, named: Mapping[str, str] | None = None
    ) -> None:
        self._tokenizer = tokenizer
        self._template = _compile(template)
        self._named = dict(named or {})
        added = tokenizer.get_added_tokens_decoder()
        self._special = {number: token.content for number, token in added.items()}
        self._byte_of = _byte_of_character()

    @classmethod
    def open(cls, folder: Path) -> "ChatTokenizer":
        """Read tokenizer and template from a checkpoint folder.

        Raises:
            CheckpointError: one of them is missing or damaged.
        """
        try:
            template = (folder / CHAT_TEMPLATE).read_text(encoding="utf-8")
            tokenizer = Tokenizer.from_buffer((folder / TOKENIZER).read_bytes())
            return cls(tokenizer, template, _named_tokens(folder / TOKENIZER_CONFIG))
        except (OSError, TemplateError, ValueError) as error:
            raise CheckpointError(folder, f"tokenizer or chat template: {error}") from error

    def encode(self, text: str) -> list[int]:
        """Split plain text; a control token spelt out in it stays plain text."""
        return self._encode_pieces(self._defused(text))

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """Render a conversation, ending where the assistant's next words begin."""
        prompt = self._template.render(
            messages=[
                {"role": message.role, "content": self._defused(message.content)}
                for message in messages
            ],
            add_generation_prompt=True,
            **self._named,
        )
        return self._encode_pieces(prompt)

    def bytes_of(self, token: int) -> bytes:
        """Return a token's UTF-8 bytes, maybe a part of a character; none for control tokens."""
        if token in self._special:
            return b""
        text = self._tokenizer.id_to_token(token) or ""
        return bytes(self._byte_of[character] for character in text)

    def _defused(self, text: str) -> str:
        """Break up control tokens, so that text from a document cannot pose as an instruction."""
        text = text.replace(_SPLIT_HERE, "")
        for special in self._special.values():
            text = text.replace(special, special[0] + _SPLIT_HERE + special[1:])
        return text

    def _encode_pieces(self, text: str) -> list[int]:
        return [
            token
            for piece in text.split(_SPLIT_HERE)
            for token in self._tokenizer.encode(piece, add_special_tokens=False).ids
        ]


def _compile(template: str) -> Template:
    """Compile a template that came with a checkpoint, so is not trusted: sandboxed."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse
    return environment.from_string(template)


def _refuse(reason: str) -> NoReturn:
    raise TemplateError(reason)


def _named_tokens(path: Path) -> dict[str, str]:
    """Read the control tokens that a template may name; an entry is a text or holds one."""
    if not path.exists():
        return {}
    config = json.loads(path.read_text(encoding="utf-8"))
    entries = {name: config.get(name) for name in _SPOKEN_OF}
    spelt = {n: e.get("content") if isinstance(e, dict) else e for n, e in entries.items()}
    return {name: text for name, text in spelt.items() if isinstance(text, str)}


def _byte_of_character() -> dict[str, int]:
    """Invert GPT-2's spelling of bytes: printable Latin-1 as itself, the others from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    spelt = {chr(byte): byte for byte in printable}
    return spelt | {chr(0x100 + place): byte for place, byte in enumerate(others)}
