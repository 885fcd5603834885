"""An encoder small enough to be taught in a test: two layers of width 24, random weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rid_telephony.training.encoder.start import POSITIONS, Layer, Start

WIDTH, WIDE, HEADS, DEPTH = 24, 48, 2, 2
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "▁")


def tiny_start(texts: Sequence[str]) -> Start:
    """Knows the single characters of ``texts``."""
    source = np.random.default_rng(0)

    def matrix(*shape: int) -> np.ndarray:
        return source.normal(0, 0.1, shape).astype(np.float32)

    def layer() -> Layer:
        ones, zeros = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
        square = {name: matrix(WIDTH, WIDTH) for name in ("query", "key", "value", "output")}
        return Layer(
            **square,
            **{f"{name}_bias": zeros for name in square},
            norm=ones,
            norm_bias=zeros,
            widen=matrix(WIDTH, WIDE),
            widen_bias=np.zeros(WIDE, np.float32),
            narrow=matrix(WIDE, WIDTH),
            narrow_bias=zeros,
            last_norm=ones,
            last_norm_bias=zeros,
        )

    characters = sorted({character for text in texts for character in text})
    pieces = [(piece, -5.0) for piece in (*SPECIAL, *characters)]
    return Start(
        pieces=tuple(pieces),
        words=source.normal(0, 1, (len(pieces), WIDTH)).astype(np.float32),
        positions=matrix(POSITIONS, WIDTH),
        parts=matrix(4, WIDTH),
        norm=np.ones(WIDTH, np.float32),
        norm_bias=np.zeros(WIDTH, np.float32),
        layers=tuple(layer() for _ in range(DEPTH)),
        heads=HEADS,
    )
