"""Who holds the floor: response gaps, overlap and interruptions between the two parties."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from rid_telephony.calls.messages import Party
from rid_telephony.settings.speech import ProsodySettings
from rid_telephony.speech.messages import (
    SpeechDropped,
    SpeechEvent,
    SpeechResumed,
    SpeechSegment,
    SpeechStarted,
)

_KEPT_TURNS = 64
"""Utterances of each party that are remembered; what lies further back overlaps nothing new."""


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """How an utterance lies to the other party's speech, see :class:`Prosody`."""

    response_gap: float | None
    overlap: float
    interrupted: bool


@dataclass(slots=True)
class _Turn:
    """An utterance; ``end`` is as far as it is known while it lasts."""

    begin: float
    end: float
    open: bool = True


class Floor:
    """Both parties' utterances on one time line.

    Args:
        settings: When coming in early is an interruption.
    """

    def __init__(self, settings: ProsodySettings) -> None:
        self._settings = settings
        self._turns: dict[Party, OrderedDict[str, _Turn]] = {
            party: OrderedDict() for party in Party
        }

    def hear(self, event: SpeechEvent) -> None:
        """Take an event of either leg's segmentation; drafts may be left out."""
        turns = self._turns[event.party]
        if isinstance(event, SpeechStarted):
            turns[event.utterance_id] = _Turn(event.begin, event.decided)
        elif isinstance(event, SpeechDropped):
            turns.pop(event.utterance_id, None)
        elif isinstance(event, SpeechResumed):
            if turn := turns.get(event.utterance_id):
                turn.end = max(turn.end, event.decided)
        else:
            turns[event.utterance_id] = _Turn(event.begin, event.end, open=event.draft)
        while len(turns) > _KEPT_TURNS:
            turns.popitem(last=False)

    def relate(self, segment: SpeechSegment) -> TurnTaking:
        """Return how an utterance lies to what the other party has said until now."""
        turns = [self._known(turn, segment) for turn in self._turns[segment.party.other].values()]
        return TurnTaking(
            response_gap=self._response_gap(segment, turns),
            overlap=sum(_overlap(segment, turn) for turn in turns),
            interrupted=any(self._interrupts(segment, turn) for turn in turns),
        )

    @staticmethod
    def _known(turn: _Turn, segment: SpeechSegment) -> _Turn:
        """Of an utterance that still lasts, take it that it lasted as long as this one."""
        return _Turn(turn.begin, max(turn.end, segment.end)) if turn.open else turn

    def _response_gap(self, segment: SpeechSegment, turns: list[_Turn]) -> float | None:
        before = [turn for turn in turns if turn.begin < segment.begin]
        if not before:
            return None
        answered = max(before, key=lambda turn: turn.begin)
        own = self._turns[segment.party]
        if any(answered.begin < turn.begin < segment.begin for turn in own.values()):
            return None
        return segment.begin - answered.end

    def _interrupts(self, segment: SpeechSegment, turn: _Turn) -> bool:
        if segment.begin - turn.begin < self._settings.interruption_after:
            return False
        return _overlap(segment, turn) >= self._settings.interruption_overlap


def _overlap(segment: SpeechSegment, turn: _Turn) -> float:
    return max(0.0, min(segment.end, turn.end) - max(segment.begin, turn.begin))
