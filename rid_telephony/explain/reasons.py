"""Reasons out of the evidence that the events of a call carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rid_telephony.explain.messages import Reason, Source
from rid_telephony.explain.story import Story, Update

Piece = Mapping[str, Any]
"""One entry of an ``evidence`` list of the feed."""
ROUNDING = 0.002
"""Largest error of a rounded delta on the feed, with some room."""


def reasons(story: Story, pieces: Iterable[Piece]) -> tuple[Reason, ...]:
    """Pieces of evidence with the turns that they come from, in the order of the call."""
    found = [_reason(story, piece) for piece in pieces]
    return tuple(sorted(found, key=lambda one: one.turn or 0))


def gathered(
    updates: Sequence[Update], evidence: Callable[[Mapping[str, Any]], Any]
) -> list[Piece]:
    """Every move of a gauge that any of its updates told, each once.

    An update lists only the strongest moves of the call and all of the latest utterance; a
    move never changes once it was made, so all updates together tell more than the last.

    Args:
        updates: Of the part of the profile that holds the gauge, in order.
        evidence: The gauge's evidence in the data of an update.
    """
    seen: dict[tuple[str, str, str], float] = {}
    for update in updates:
        listed: dict[tuple[str, str, str], float] = {}
        for piece in evidence(update.data) or ():
            key = (piece["utterance_id"], piece["quote"], piece["signal"])
            listed[key] = listed.get(key, 0.0) + piece["delta"]
        for key, delta in listed.items():
            seen.setdefault(key, delta)
    return [
        {"utterance_id": name, "quote": quote, "signal": signal, "delta": delta}
        for (name, quote, signal), delta in seen.items()
    ]


def rest(value: float, start: float | None, listed: Sequence[Reason], step: float) -> float:
    """What the listed reasons leave of the way from the start to the value.

    Args:
        value: Where the gauge stands, rounded to ``step``.
        start: Where it began; None where that was not kept.
        listed: Its reasons.
        step: To which value and start are rounded.
    """
    if start is None:
        return 0.0
    left = value - start - sum(one.delta for one in listed)
    return left if abs(left) > step + ROUNDING * len(listed) else 0.0


def falling(shares: Mapping[str, float]) -> dict[str, float]:
    """Labels to their probabilities, the most probable first."""
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _reason(story: Story, piece: Piece) -> Reason:
    turn = story.turn_of(piece["utterance_id"])
    return Reason(
        signal=piece["signal"],
        delta=piece["delta"],
        quote=piece["quote"] or (turn.text if turn else ""),
        turn=turn.number if turn else None,
        role=turn.role if turn else "",
        source=source_of(piece),
    )


def source_of(piece: Piece) -> Source:
    """Where a piece of evidence comes from."""
    if piece["utterance_id"]:
        return "utterance"
    if piece["signal"] == "base":
        return "model"
    return "profile" if piece["signal"].startswith(("age_stage.", "stratum.")) else "crm"
