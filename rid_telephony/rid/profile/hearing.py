"""Turns an utterance with its signals into observations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pydantic import Field

from rid_telephony.datafile import DataModel
from rid_telephony.rid.messages import AgentSignals, Choice, CustomerSignals, Facts
from rid_telephony.rid.profile.cues import CueFinder
from rid_telephony.rid.profile.observations import FACT_FIELDS, Observation
from rid_telephony.rid.text import hear
from rid_telephony.speech.messages import Prosody, Utterance

_MARKS = re.compile(r"[，。？！、\s]")


class VoiceRules(DataModel):
    """When a voice counts as fast, loud and so on; deltas are against the speaker's baseline."""

    quick_reply_s: float = Field(ge=0)
    """A reply within so many seconds is quick."""
    long_silence_s: float = Field(gt=0)
    """A reply after more seconds than this follows a long silence."""
    fast_ratio: float = Field(gt=1)
    slow_ratio: float = Field(gt=0, lt=1)
    fast_sps: float = Field(gt=0)
    """Syllables a second that are fast for any speaker."""
    slow_sps: float = Field(gt=0)
    loud_db: float = Field(gt=0)
    soft_db: float = Field(lt=0)
    lively_st: float = Field(gt=0)
    """Pitch range in semitones above which a voice is lively."""
    flat_st: float = Field(gt=0)


class ContextRules(DataModel):
    """How much of a CRM field gives its signal full strength."""

    tenure_years: float = Field(gt=0)
    past_calls: float = Field(gt=0)
    holdings: float = Field(gt=0)


class HearingRules(DataModel):
    """``hearing.yaml``: what is noticed."""

    version: int = Field(ge=1, le=1)
    min_probability: float = Field(gt=0, le=1)
    """Labels less probable than this are not observed."""
    leading_probability: float = Field(gt=0, le=1)
    """The most probable label leads from this probability on."""
    long_from: int = Field(ge=1)
    """Characters of a long turn."""
    short_to: int = Field(ge=1)
    """Characters of a short turn."""
    short_unless: tuple[str, ...]
    """Acts whose short turns are not curt."""
    friendly_cues: tuple[str, ...]
    """Cues that mean the opposite, or nothing, beside an objection or a complaint."""
    new_facts_full: int = Field(ge=1)
    """So many new facts in one utterance give ``fact.new`` its full strength."""
    max_quote: int = Field(ge=4, le=400)
    """Longest quote kept as evidence, characters."""
    voice: VoiceRules
    context: ContextRules


class Listener:
    """Makes observations.

    Args:
        rules: Thresholds.
        cues: The cues to look for.
    """

    def __init__(self, rules: HearingRules, cues: CueFinder) -> None:
        self._rules = rules
        self._cues = cues

    def customer(
        self, utterance: Utterance, signals: CustomerSignals, new: Facts
    ) -> list[Observation]:
        """Observations in a customer utterance; ``new`` holds the facts not known before."""
        quote = self.quote(utterance)
        return [
            *self._choice("objection", signals.objection, quote, ignore="none"),
            *self._choice("emotion", signals.emotion, quote, ignore="neutral"),
            *self._choice("act", signals.act, quote),
            *(
                Observation(f"topic.{topic}", min(max(value, 0.0), 1.0), quote)
                for topic, value in sorted(signals.topics.items())
            ),
            *self._length(utterance, signals, quote),
            *self._heard(utterance.text, signals),
            *self._facts(new, quote),
            *self._voice(utterance.prosody, quote),
        ]

    def agent(self, utterance: Utterance, signals: AgentSignals) -> list[Observation]:
        """Observations in an agent utterance."""
        quote = self.quote(utterance)
        seen = self._choice("agent.act", signals.act, quote)
        labels: dict[str, float] = {}
        for finding in signals.findings:
            labels[finding.label] = max(labels.get(finding.label, 0.0), finding.confidence)
        if labels:
            seen.append(Observation("agent.violation.any", max(labels.values()), quote))
        seen.extend(
            Observation(f"agent.violation.{label}", confidence, quote)
            for label, confidence in labels.items()
        )
        if utterance.prosody is not None and utterance.prosody.interrupted:
            seen.append(Observation("agent.interrupts", 1.0, quote))
        return seen

    def quote(self, utterance: Utterance) -> str:
        """The words of an utterance as evidence keeps them."""
        return utterance.text[: self._rules.max_quote]

    def _choice(
        self, family: str, choice: Choice, quote: str, ignore: str = ""
    ) -> list[Observation]:
        seen = []
        for label, value in choice.probabilities.items():
            if label == ignore or not value >= self._rules.min_probability:
                continue
            leads = label == choice.label and value >= self._rules.leading_probability
            seen.append(Observation(f"{family}.{label}", min(value, 1.0), quote, leads))
        return seen

    def _length(
        self, utterance: Utterance, signals: CustomerSignals, quote: str
    ) -> Iterator[Observation]:
        length = characters(utterance.text)
        if length >= self._rules.long_from:
            yield Observation("length.long", 1.0, quote)
        if length <= self._rules.short_to and signals.act.label not in self._rules.short_unless:
            yield Observation("length.short", 1.0, quote)

    def _heard(self, text: str, signals: CustomerSignals) -> Iterator[Observation]:
        friendly = signals.objection.label == "none" and signals.act.label != "complaint"
        barred = () if friendly else {f"cue.{name}" for name in self._rules.friendly_cues}
        return (one for one in self._cues.find(hear(text)) if one.signal not in barred)

    def _facts(self, new: Facts, quote: str) -> Iterator[Observation]:
        known = [name for name in FACT_FIELDS if getattr(new, name) not in (None, "")]
        lists = list_signals(new)
        count = len(known) + len(lists)
        if count:
            yield Observation("fact.new", min(1.0, count / self._rules.new_facts_full), quote)
        for name in known:
            words = str(new.quotes.get(name) or quote)[: self._rules.max_quote]
            yield Observation(f"fact.{name}", 1.0, words)
        for signal in lists:
            yield Observation(signal, 1.0, quote)

    def _voice(self, prosody: Prosody | None, quote: str) -> Iterator[Observation]:
        if prosody is None:
            return
        for name in voices(prosody, self._rules.voice):
            yield Observation(f"voice.{name}", 1.0, quote)


def list_signals(facts: Facts) -> list[str]:
    """Signal ids of what facts list: holdings, liabilities, family, events, risk attitude."""
    families: Iterable[tuple[str, tuple[str, ...]]] = (
        ("holding", facts.holdings),
        ("liability", facts.liabilities),
        ("family", facts.family),
        ("event", facts.event),
        ("attitude", (facts.risk_attitude,) if facts.risk_attitude else ()),
    )
    return [f"{family}.{name}" for family, names in families for name in names]


def voices(prosody: Prosody, rules: VoiceRules) -> Iterator[str]:
    """What stands out in a voice; names of ``voice.*`` signals."""
    gap = prosody.response_gap
    if gap is not None and 0 <= gap <= rules.quick_reply_s:
        yield "quick_reply"
    if gap is not None and gap > rules.long_silence_s:
        yield "long_silence"
    yield from _pace(prosody, rules)
    loudness = prosody.loudness_delta_db
    if loudness is not None and loudness >= rules.loud_db:
        yield "loud"
    if loudness is not None and loudness <= rules.soft_db:
        yield "soft"
    pitch = prosody.pitch_range_st
    if pitch is not None and pitch >= rules.lively_st:
        yield "lively"
    if pitch is not None and pitch <= rules.flat_st:
        yield "flat"
    if prosody.interrupted:
        yield "interrupts"


def _pace(prosody: Prosody, rules: VoiceRules) -> Iterator[str]:
    rate, ratio = prosody.rate_sps, prosody.rate_delta
    if (rate is not None and rate >= rules.fast_sps) or (
        ratio is not None and ratio >= rules.fast_ratio
    ):
        yield "fast"
    elif (rate is not None and rate <= rules.slow_sps) or (
        ratio is not None and ratio <= rules.slow_ratio
    ):
        yield "slow"


def characters(text: str) -> int:
    """Characters of a text without punctuation and blanks."""
    return len(_MARKS.sub("", text))
