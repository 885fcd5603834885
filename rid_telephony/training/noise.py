"""Writes an utterance as a small recogniser might: by ear, with other characters.

Not new data: every noisy copy keeps the words and the labels of its original. It teaches the
classifier to trust sounds where characters fail.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rid_telephony.rid.text import sound

_MARKS = str.maketrans("", "", "，。？！、")


class HomophoneNoise:
    """Replaces characters by others of the same (folded) sound.

    Args:
        texts: Where the characters come from; the frequent ones are preferred.
        rate: Share of the characters that are replaced, 0..1.
        unmarked: Share of the copies that lose their punctuation, 0..1.
    """

    def __init__(self, texts: Iterable[str], rate: float, unmarked: float) -> None:
        counts = Counter(character for text in texts for character in text)
        pools: dict[str, list[tuple[str, int]]] = {}
        for character, count in sorted(counts.items()):
            if "\u4e00" <= character <= "\u9fff":
                pools.setdefault(sound(character), []).append((character, count))
        self._pools: Mapping[str, Sequence[tuple[str, int]]] = pools
        self._rate = rate
        self._unmarked = unmarked

    def copy(self, text: str, source: random.Random) -> str:
        """A noisy copy, made with the numbers of ``source``."""
        if source.random() < self._unmarked:
            text = text.translate(_MARKS)
        return "".join(
            self._other(character, source) if source.random() < self._rate else character
            for character in text
        )

    def _other(self, character: str, source: random.Random) -> str:
        pool = [each for each in self._pools.get(sound(character), ()) if each[0] != character]
        if not pool:
            return character
        return source.choices([each[0] for each in pool], [each[1] for each in pool])[0]
