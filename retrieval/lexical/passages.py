"""The words of a passage, as they are stored, and of a name: blind tokens, joined."""

from functools import lru_cache

from retrieval.corpus import Chunk
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from security.tenant_keys import TenantKeys

_TENANTS_CACHED_MAX = 64
_ENDING_MAX = 5


def blind_passage(keys: TenantKeys, chunk: Chunk) -> bytes:
    """Return the tokens of a chunk and its headings, 8 bytes each, in the order of the text."""
    tokens = _blind(keys.blind_token_key).tokens(terms(chunk.embedded_text))
    return b"".join(tokens)


def blind_name(keys: TenantKeys, name: str) -> bytes:
    """Return the tokens of a document's name, without the ending that tells a file's type."""
    stem, _, ending = name.rpartition(".")
    words = stem if stem and ending.isalnum() and len(ending) <= _ENDING_MAX else name
    return b"".join(_blind(keys.blind_token_key).tokens(terms(words)))


# One tenant's passages come in their thousands and share most of their words.
_blind = lru_cache(_TENANTS_CACHED_MAX)(BlindTokens)
