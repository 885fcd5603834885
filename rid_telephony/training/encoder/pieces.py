"""The tokenizer of the encoder: unigram pieces (Kudo, 2018) as XLM-RoBERTa cuts them."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer, models, normalizers

UNKNOWN = 3


def tokenizer(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """Cuts text into the pieces given (with their log probabilities; the position is the id)."""
    made = Tokenizer(models.Unigram(list(pieces), unk_id=UNKNOWN, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(" ", "▁"), normalizers.Prepend("▁")]
    )
    return made
