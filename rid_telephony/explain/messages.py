"""An explanation of one call: its figures with their reasons, its hints with theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Source = Literal["utterance", "crm", "profile", "model"]
"""Where a reason comes from: words of the call, what the bank knew, another figure, the rules."""
Unit = Literal[
    "points", "share", "level", "log_odds", "weight", "valence", "decides", "probability", ""
]
"""What a reason's ``delta`` is counted in.

``points`` of 100; ``share`` of 1; ``level``: points on the level of a state, which fades;
``log_odds``: log likelihood ratio for the leading label
against the others; ``weight`` of a need, 0..1; ``valence``, -1..1; ``decides``: 1, it settles the
label alone; ``probability`` that the utterance was this; empty where there is no size.
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance.

    Attributes:
        number: From 1, in the order in which they were understood.
        begin_ms: On the call's clock.
        interrupted: The speaker came in on the other.
        signals: Data of ``signals.detected``, None where that is missing.
    """

    number: int
    utterance_id: str
    role: str
    begin_ms: int
    end_ms: int
    text: str
    confidence: float
    interrupted: bool
    signals: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """A signal that moved a figure.

    Attributes:
        turn: Number of the utterance; None where it is not one.
        role: Who spoke; empty where nobody did.
        quote: The words, or the field of the CRM.
        delta: How far it moved the figure, in the figure's unit.
    """

    signal: str
    delta: float
    quote: str
    turn: int | None
    role: str
    source: Source


@dataclass(frozen=True, slots=True)
class Figure:
    """A number or a label of the profile, and why.

    Attributes:
        name: Such as ``relationship``; the same in every language.
        part: ``relationship``, ``influence``, ``demand``, ``state`` or ``agent``.
        value: None for a label without a number and for what was never reported.
        label: Such as a stage or a style; empty where there is none, or it is withheld.
        unit: Of the reasons' deltas.
        at_turn: Turn after which it was last reported; None where it never was.
        trend: Recent change, in the unit of the value.
        start: Value before anything was known; None where it does not apply or was not kept.
        rest: What is left of ``value - start`` after all listed reasons: moves too small to keep.
        follows: The figure that this one is read from by ``scale``; empty if none.
        scale: Labels to their probabilities, or to the bound from which each holds.
        reasons: In the order of the call.
        parts: For a list (needs, objections, products): its entries.
        notes: Short sentences that belong to it, such as why a product fits.
    """

    name: str
    part: str
    value: float | None = None
    label: str = ""
    unit: Unit = ""
    at_turn: int | None = None
    trend: float = 0.0
    start: float | None = None
    rest: float = 0.0
    follows: str = ""
    scale: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    parts: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HintReasons:
    """A hint and what is behind it.

    Attributes:
        hint: Data of ``hint.offered``.
        turn: The utterance after which it came; 0 before the first.
        behind: The utterances that it names as its evidence, newest first.
        ended: ``ttl``, ``replaced``, ``overtaken``, ``call_ended``; empty while it is live.
        ended_turn: The utterance after which it ended.
    """

    hint: Mapping[str, Any]
    turn: int
    behind: tuple[Turn, ...]
    ended: str = ""
    ended_turn: int | None = None


@dataclass(frozen=True, slots=True)
class AlertReasons:
    """A compliance or supervisor alert and what is behind it.

    Attributes:
        kind: ``compliance.alert`` or ``supervisor.alert``.
        data: Of the event.
    """

    kind: str
    data: Mapping[str, Any]
    turn: int
    behind: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A call explained, as it stood after a turn or at its end.

    Attributes:
        until: The turn; None for the whole call.
        made_with: ``recogniser``, ``classifier`` and ``playbook`` by name.
        moved: Where a turn was asked for: figure to what that turn moved in it.
        summary: Data of ``call.summary``, None where there is none.
    """

    call_id: str
    until: int | None
    made_with: Mapping[str, str]
    turns: tuple[Turn, ...]
    figures: tuple[Figure, ...]
    hints: tuple[HintReasons, ...]
    alerts: tuple[AlertReasons, ...]
    moved: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    summary: Mapping[str, Any] | None = None
