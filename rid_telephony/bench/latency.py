"""How soon after the customer's last word the hint is there, and where the time goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rid_telephony.bench.figures import Spread, spread
from rid_telephony.calls.messages import Party
from rid_telephony.media.messages import Samples
from rid_telephony.pipeline.parts import Trace


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """Seconds from the end of speech, of one party's utterances.

    Attributes:
        endpointing: To the decision that the utterance is over.
        transcript: To the words.
        advised: To signals, profile and advice on the feed.
        hint: The same, of the utterances that brought a hint.
        shares: Stage to its share of the mean time to advice, 0..1.
    """

    endpointing: Spread
    transcript: Spread
    advised: Spread
    hint: Spread
    shares: dict[str, float]


def latency_report(traces: Sequence[Trace], party: Party) -> LatencyReport:
    """Summarise the traces of a replay in real time."""
    mine = [trace for trace in traces if trace.party is party]
    endpointing = [trace.decided - trace.speech_end for trace in mine]
    waiting = [max(trace.recognised - trace.decided, 0.0) for trace in mine]
    advising = [trace.advised - trace.recognised for trace in mine]
    total = sum(endpointing) + sum(waiting) + sum(advising)
    shares = {
        "endpointing silence": sum(endpointing),
        "recognition after it": sum(waiting),
        "signals, profile, hints": sum(advising),
    }
    return LatencyReport(
        endpointing=spread(endpointing),
        transcript=spread([trace.recognised - trace.speech_end for trace in mine]),
        advised=spread([trace.advised - trace.speech_end for trace in mine]),
        hint=spread([trace.advised - trace.speech_end for trace in mine if trace.hints]),
        shares={name: value / total if total else 0.0 for name, value in shares.items()},
    )


@dataclass(frozen=True, slots=True)
class Race:
    """Two recognisers on the same utterances, in turn, in one run.

    Attributes:
        ours: Seconds of ours for all utterances.
        plain: Seconds of the other.
        texts: What each made of each utterance.
    """

    ours: float
    plain: float
    texts: tuple[tuple[str, str], ...]

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.plain / self.ours if self.ours else 0.0


def race(
    segments: Sequence[Samples],
    ours: Callable[[Samples], str],
    plain: Callable[[Samples], str],
    on_progress: Callable[[int], None] | None = None,
) -> Race:
    """Run both on every utterance, each first every other time, after one warm-up."""
    if segments:
        ours(segments[0])
        plain(segments[0])
    seconds = {"ours": 0.0, "plain": 0.0}
    texts: list[tuple[str, str]] = []
    for number, samples in enumerate(segments):
        found: dict[str, str] = {}
        order = (("ours", ours), ("plain", plain))
        for name, recognise in order if number % 2 else reversed(order):
            begin = time.perf_counter()
            found[name] = recognise(samples)
            seconds[name] += time.perf_counter() - begin
        texts.append((found["ours"], found["plain"]))
        if on_progress:
            on_progress(number + 1)
    return Race(seconds["ours"], seconds["plain"], tuple(texts))
