"""What a round of calls shows: pure arithmetic on what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rid_telephony.bench.figures import Spread, spread
from rid_telephony.bench.live.material import Turn
from rid_telephony.calls.messages import Party

LATE_SECONDS = 1.0
"""The goal for the 95th percentile, end of speech to the hint on the softphone."""
_NEAR_SECONDS = 0.6
"""How far an utterance's end may lie from its turn's to be taken for the same end."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An event of the feed and when it was read.

    Attributes:
        at: Wall clock, seconds.
        event: The CloudEvent.
    """

    at: float
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Placed:
    """A call as the telephones saw it; wall clock, seconds.

    Attributes:
        agent: User of the agent's telephone.
        begin: When the customer dialled.
        end: When it was over.
        turns: Who spoke when.
        messages: SIP MESSAGEs at the agent's telephone: arrival and text.
        rtp_lost: Packets lost on the way to the customer.
        rtp_gap: Longest time between two packets at the customer, seconds.
    """

    agent: str
    begin: float
    end: float
    turns: tuple[Turn, ...]
    messages: tuple[tuple[float, str], ...]
    rtp_lost: int
    rtp_gap: float


@dataclass(frozen=True, slots=True)
class Figures:
    """A round.

    Attributes:
        calls: Placed.
        analysed: Calls that the feed knows.
        expected: Turns that were spoken in the calls.
        finals: ``utterance.final`` events.
        lost: Turns of which no final utterance covers any part.
        dropped: Segments not recognised, by ``analysis.completed``.
        shed: ``analysis.degraded`` by reason, counted in items.
        hints: ``hint.offered`` events.
        undelivered: Hints that reached no softphone.
        late: Hints that came later than a second after their utterance.
        deferred: Hints that waited for their moment; their delay is not the pipeline's.
        to_final: End of speech to the words on the feed, seconds.
        to_message: End of speech to the SIP MESSAGE at the softphone, seconds.
        rtp_lost: Packets lost on the way to the customers.
        rtp_gap: Longest gap in what a customer heard, seconds.
    """

    calls: int
    analysed: int
    expected: int
    finals: int
    lost: int
    dropped: int
    shed: dict[str, int]
    hints: int
    undelivered: int
    late: int
    deferred: int
    to_final: Spread
    to_message: Spread
    rtp_lost: int
    rtp_gap: float

    @property
    def saturated(self) -> bool:
        """True where p95 is beyond a second, or something was left out."""
        p95 = self.to_message.p95
        return bool((p95 is not None and p95 > LATE_SECONDS) or self.shed or self.dropped)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A final utterance of the feed; wall clock, seconds.

    Attributes:
        party: Who spoke.
        begin: By the feed.
        end: By the feed.
        seen: When it was read.
    """

    party: Party
    begin: float
    end: float
    seen: float


def round_figures(placed: Sequence[Placed], seen: Sequence[Seen]) -> Figures:
    """Put what the telephones and the feed say of the same calls together."""
    calls: dict[str, list[Seen]] = {}
    for item in seen:
        calls.setdefault(item.event["subject"], []).append(item)
    pairs = [(call, _feed_of(call, calls.values())) for call in placed]
    parts = [_one_call(call, feed) for call, feed in pairs]
    events = [item.event for _, feed in pairs for item in feed]
    shed: Counter[str] = Counter()
    for event in _of_type(events, "analysis.degraded"):
        shed[event["data"]["reason"]] += event["data"]["count"]
    delays = [delay for part in parts for delay in part.to_message]
    return Figures(
        calls=len(placed),
        analysed=sum(bool(feed) for _, feed in pairs),
        expected=sum(len(call.turns) for call in placed),
        finals=len(_of_type(events, "utterance.final")),
        lost=sum(part.lost for part in parts),
        dropped=sum(event["data"]["dropped"] for event in _of_type(events, "analysis.completed")),
        shed=dict(shed),
        hints=len(_of_type(events, "hint.offered")),
        undelivered=sum(part.undelivered for part in parts),
        late=sum(delay > LATE_SECONDS for delay in delays),
        deferred=sum(part.deferred for part in parts),
        to_final=spread([delay for part in parts for delay in part.to_final]),
        to_message=spread(delays),
        rtp_lost=sum(call.rtp_lost for call in placed),
        rtp_gap=max((call.rtp_gap for call in placed), default=0.0),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    lost: int
    undelivered: int
    deferred: int
    to_final: list[float]
    to_message: list[float]


def _one_call(call: Placed, feed: Sequence[Seen]) -> _Part:
    heard: dict[str, Utterance] = {}
    latest = ""
    undelivered = deferred = 0
    to_message: list[float] = []
    waiting = list(call.messages)
    for item in feed:
        data = item.event["data"]
        if item.event["type"] == "utterance.final":
            latest = data["utterance_id"]
            heard[latest] = _utterance(item)
        if item.event["type"] != "hint.offered":
            continue
        arrival = _take(waiting, data["line"])
        if arrival is None:
            undelivered += 1
        elif latest not in data["evidence"]:
            deferred += 1
        else:
            to_message.append(arrival - speech_end(heard[latest], call.turns))
    return _Part(
        lost=sum(not _covered(turn, heard.values()) for turn in call.turns),
        undelivered=undelivered,
        deferred=deferred,
        to_final=[
            utterance.seen - speech_end(utterance, call.turns) for utterance in heard.values()
        ],
        to_message=to_message,
    )


def speech_end(utterance: Utterance, turns: Iterable[Turn]) -> float:
    """When the speaker really stopped: the end of the turn, where the utterance ends with it.

    Of an utterance that ends within a turn (a pause for breath), its own end counts.
    """
    ends = [turn.end for turn in turns if turn.party is utterance.party]
    nearest = min(ends, key=lambda end: abs(end - utterance.end), default=utterance.end)
    return nearest if abs(nearest - utterance.end) <= _NEAR_SECONDS else utterance.end


def _utterance(item: Seen) -> Utterance:
    data = item.event["data"]
    # The event's time is its at_ms on the wall clock, so this is the call's second 0.
    zero = datetime.fromisoformat(item.event["time"]).timestamp() - data["at_ms"] / 1000
    begin, end = zero + data["begin_ms"] / 1000, zero + data["end_ms"] / 1000
    return Utterance(Party(data["role"]), begin, end, item.at)


def _covered(turn: Turn, heard: Iterable[Utterance]) -> bool:
    return any(
        utterance.party is turn.party
        and min(utterance.end, turn.end) > max(utterance.begin, turn.begin)
        for utterance in heard
    )


def _take(waiting: list[tuple[float, str]], line: str) -> float | None:
    for index, (arrival, text) in enumerate(waiting):
        if line in text:
            del waiting[index]
            return arrival
    return None


def _feed_of(call: Placed, calls: Iterable[list[Seen]]) -> list[Seen]:
    """The feed's events of a call: that of the same agent which began while it ran."""
    for feed in calls:
        started = next((item for item in feed if item.event["type"] == "call.started"), None)
        if started and call.begin - 1 <= started.at <= call.end and _names(feed, call.agent):
            return feed
    return []


def _names(feed: Iterable[Seen], agent: str) -> bool:
    for item in feed:
        if item.event["agent"] == agent:
            return True
        for party in item.event["data"].get("parties", ()):
            if party["role"] == Party.AGENT and agent in {party["number"], party["name"]}:
                return True
    return False


def _of_type(events: Iterable[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == name]
