"""The tokenizer of multilingual-e5: SentencePiece's Unigram model over normalised text."""

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers


def build_tokenizer(vocabulary: list[tuple[str, float]], unknown_id: int) -> Tokenizer:
    """Build a tokenizer from (piece, log probability) by id; it adds and cuts nothing.

    Pieces never span a word boundary, so splitting at the boundary mark changes no result and
    makes long texts cheap.
    """
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=unknown_id, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
        replacement="\N{LOWER ONE EIGHTH BLOCK}", prepend_scheme="always", split=True
    )
    return tokenizer
