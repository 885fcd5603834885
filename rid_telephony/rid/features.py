"""Text to features of the classifier: n-grams of characters and of sounds, cues, shape.

A feature is a name; its weight is 1 over the root of the number of features of its group, so
that every group has length 1 whatever the length of the utterance. Which names count, and for
what, the classifier has learned.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from rid_telephony.rid.lexicon import Cues
from rid_telephony.rid.text import Heard, sound

FORMAT = 1
"""Raised whenever features change; a classifier of another format is refused."""

_MARKS = str.maketrans("", "", "，。！、：“”‘’\"'.-~·")
_LENGTHS = (1, 2, 3, 4, 6, 8, 11, 15, 20, 30)


def features(heard: Heard, context: Heard, cues: Cues, party: str) -> dict[str, float]:
    """Features of an utterance.

    Args:
        heard: The utterance.
        context: The other party's last utterance; of an empty text if there was none.
        cues: What an experienced listener listens for.
        party: ``customer`` or ``agent``; each has features of its own.

    Returns:
        Feature name to weight, each weight in (0, 1].
    """
    text = heard.text.translate(_MARKS)
    before = context.text.translate(_MARKS)
    groups: Mapping[str, Iterable[str]] = {
        "c": _grams(f"^{text}$", 3),
        "p": _grams([sound(character) for character in text], 3),
        "x": _grams(f"^{before}$", 2),
        "q": cues.find(heard.text, context.text),
        "s": _shape(text, before),
    }
    prefix = party[0]
    weighted: dict[str, float] = {}
    for group, names in groups.items():
        distinct = set(names)
        weight = 1.0 / math.sqrt(max(len(distinct), 1))
        weighted.update((f"{prefix}{group}:{name}", weight) for name in distinct)
    return weighted


def _grams(items: str | list[str], longest: int) -> list[str]:
    joint = "" if isinstance(items, str) else " "
    return [
        joint.join(items[begin : begin + size])
        for size in range(1, longest + 1)
        for begin in range(len(items) - size + 1)
    ]


def _shape(text: str, before: str) -> list[str]:
    length = sum(len(text) > bound for bound in _LENGTHS)
    return [
        f"length{length}",
        f"first{text[:1]}",
        f"first{text[:2]}",
        f"last{text[-1:]}",
        f"last{text[-2:]}",
        f"before{before[-1:]}",
        "silence" if not before else "answer",
    ]
