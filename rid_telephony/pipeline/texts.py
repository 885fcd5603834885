"""Typed or already recognised calls: turns of text through the same analyst as live speech."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rid_telephony.calls.messages import Party
from rid_telephony.pipeline.analyst import CallAnalyst, Heard
from rid_telephony.pipeline.publisher import CallPublisher
from rid_telephony.speech.messages import Utterance
from rid_telephony.strategy.messages import CallSummary

CHARACTERS_PER_SECOND = 4.5
"""Usual rate of Mandarin on the telephone, for turns that come without times."""
GAP = 0.5
"""Seconds assumed between two turns."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a written dialogue."""

    party: Party
    text: str


def timed(call_id: str, turns: Iterable[Turn]) -> list[Utterance]:
    """Turns as utterances at the pace of ordinary speech; turns without text are left out."""
    utterances: list[Utterance] = []
    now = 0.0
    for number, turn in enumerate(turns, start=1):
        end = now + max(len(turn.text), 1) / CHARACTERS_PER_SECOND
        utterances.append(
            Utterance(
                call_id=call_id,
                utterance_id=f"{call_id}-{turn.party.value[0]}-{number:04d}",
                party=turn.party,
                begin=now,
                end=end,
                text=turn.text,
            )
        )
        now = end + GAP
    return utterances


def hear_all(analyst: CallAnalyst, utterances: list[Utterance]) -> tuple[list[Heard], CallSummary]:
    """The whole dialogue: what each turn brought, and the summary."""
    heard: list[Heard] = []
    now = 0.0
    for utterance in utterances:
        now = utterance.end
        timely = analyst.tick(now)
        if timely and heard:
            heard[-1] = replace(heard[-1], advice=heard[-1].advice + timely)
        heard.append(analyst.hear(utterance, now))
    _, summary = analyst.finish(now)
    return heard, summary


def publish_all(
    analyst: CallAnalyst, publisher: CallPublisher, utterances: Iterable[Utterance]
) -> None:
    """The whole dialogue on the feed, as a call that was heard would be."""
    now = 0.0
    for utterance in utterances:
        now = utterance.end
        publisher.advice(analyst.tick(now))
        publisher.heard(analyst.hear(utterance, now), now)
    advice, summary = analyst.finish(now)
    publisher.advice(advice)
    publisher.summary(summary, now)
