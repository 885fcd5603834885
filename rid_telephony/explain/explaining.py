"""Explains a call: which words and signals are behind its figures and hints. No I/O."""

from __future__ import annotations

import difflib

from rid_telephony.errors import InputError
from rid_telephony.explain.figures import FIGURES, FigureBook, Steps
from rid_telephony.explain.messages import Explanation, Figure, Reason
from rid_telephony.explain.story import Story


def explain_call(
    story: Story, steps: Steps, *, turn: int | None = None, number: str | None = None
) -> Explanation:
    """Explain a call.

    Args:
        story: The call.
        steps: What labels follow from numbers.
        turn: The call as it stood after this turn, and what the turn moved.
        number: One of :data:`FIGURES`: nothing but this, without hints and alerts.

    Raises:
        InputError: Nothing was said in the call, or it has no such turn or figure.
    """
    _check(story, turn, number)
    figures = FigureBook(story, steps, turn).figures()
    hints, alerts = tuple(story.hints), tuple(story.alerts)
    if turn is not None:
        hints = tuple(one for one in hints if one.turn == turn)
        alerts = tuple(one for one in alerts if one.turn == turn)
    if number:
        figures = tuple(one for one in figures if one.name == number)
        hints, alerts = (), ()
    return Explanation(
        call_id=story.call_id,
        until=turn,
        made_with=story.made_with,
        turns=tuple(story.turns if turn is None else story.turns[turn - 1 : turn]),
        figures=figures,
        hints=hints,
        alerts=alerts,
        moved={} if turn is None else _moved(story, steps, figures, turn),
        summary=story.summary if turn is None else None,
    )


def known_figure(name: str) -> str:
    """The figure of this name.

    Raises:
        InputError: There is none; names the nearest and all.
    """
    if name in FIGURES:
        return name
    near = difflib.get_close_matches(name, FIGURES, 1)
    guess = f"Did you mean {near[0]}? " if near else ""
    raise InputError(f"There is no figure {name!r}.", f"{guess}Known: {', '.join(FIGURES)}.")


def _check(story: Story, turn: int | None, number: str | None) -> None:
    if number:
        known_figure(number)
    if not story.turns:
        why = "; ".join(str(one.get("detail") or one.get("message", "")) for one in story.troubles)
        raise InputError(
            f"Call {story.call_id} has no utterances: there is nothing to explain.",
            f"What its analysis reported: {why}" if why else "Nobody spoke, or nobody was heard.",
        )
    if turn is not None and not 1 <= turn <= len(story.turns):
        raise InputError(
            f"Call {story.call_id} has no turn {turn}.",
            f"It has turns 1 to {len(story.turns)}; without --turn they are listed.",
        )


def _moved(
    story: Story, steps: Steps, shown: tuple[Figure, ...], turn: int
) -> dict[str, tuple[Reason, ...]]:
    """What the turn moved, by figure.

    The agent's words move numbers too, but these are told with the customer's next words: the
    whole call is asked for what the turn did.
    """
    wanted = {figure.name for figure in shown}
    found: dict[str, tuple[Reason, ...]] = {}
    for figure in FigureBook(story, steps).figures():
        own = tuple(one for one in figure.reasons if one.turn == turn)
        if own and figure.name in wanted and figure.unit in _MOVES:
            found[figure.name] = own
    return found


_MOVES = ("points", "share", "level", "valence")
"""Units of figures that keep what an utterance moved, however the call goes on."""
