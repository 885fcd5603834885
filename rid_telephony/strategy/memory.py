"""What the coach remembers of a call beyond the profile. No clock: times come with the words."""

from __future__ import annotations

from dataclasses import dataclass, field

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.rid.messages import AgentSignals, CustomerSignals, Finding
from rid_telephony.rid.profile.messages import Profile
from rid_telephony.speech.messages import Utterance
from rid_telephony.strategy.playbook import About
from rid_telephony.strategy.texts import quoted

REFUSAL = "polite_refusal"
_SMOOTHING = 0.3
"""Weight of the newest utterance in the customer's usual speaking rate."""


@dataclass(slots=True)
class Quotes:
    """Words worth coming back to: the first of each kind, the last claim; empty if none."""

    refusal: str = ""
    anger: str = ""
    signal: str = ""
    claim: str = ""


@dataclass(slots=True)
class CallMemory:
    """The call so far.

    Attributes:
        angry: The customer is angry or attacks, and that has not passed.
        refused: The customer refused and has not come back to the subject.
        no_contact: The customer does not want to be called.
        uncorrected: Label of the last claim that was not taken back, or empty.
        claim: Label of the last improper claim, or empty.
        last_violations: Labels found in the agent's last utterance.
        subject: What the agent talks of, of the playbook's subjects; empty before the first.
        previous: The customer's signals before the last.
        latest: The customer's last signals.
        previous_agent_act: The agent's act before the last, or empty.
        latest_agent_act: The agent's last act, or empty.
        customer_rate: Syllables a second, smoothed; None without audio.
        heard: Word lists that the customer used.
        told: Word lists that the agent used.
        agent_acts: Acts that the agent did.
        agent_seconds: Of the agent's speech.
        first_word: When the agent began to speak, None before.
    """

    about: About
    context: CustomerContext
    angry: bool = False
    refused: bool = False
    no_contact: bool = False
    uncorrected: str = ""
    previous: CustomerSignals | None = None
    latest: CustomerSignals | None = None
    previous_agent_act: str = ""
    latest_agent_act: str = ""
    customer_rate: float | None = None
    angry_turns: int = 0
    purchase_signals: int = 0
    pushes: int = 0
    violations: int = 0
    claim: str = ""
    last_violations: frozenset[str] = frozenset()
    subject: str = ""
    heard: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    agent_acts: set[str] = field(default_factory=set)
    agent_seconds: float = 0.0
    first_word: float | None = None
    quotes: Quotes = field(default_factory=Quotes)
    _no_contacts: int = 0

    def __post_init__(self) -> None:
        self.learn(self.context)

    def learn(self, context: CustomerContext) -> None:
        """Take in all that the bank knows now."""
        self.context = context
        if context.do_not_call:
            self.no_contact = self.refused = True
            # The profile counts the bank's knowledge as the first request.
            self._no_contacts = max(1, self._no_contacts)

    def hear_customer(
        self, utterance: Utterance, signals: CustomerSignals, profile: Profile
    ) -> None:
        """Take in what the customer said."""
        self.previous, self.latest = self.latest, signals
        self.heard |= self.mentioned(utterance.text)
        self._learn_rate(utterance)
        self._follow_anger(utterance, signals, profile)
        self._follow_refusal(utterance, signals, profile)
        if signals.act.label == "purchase_signal":
            self.purchase_signals += 1
            self.quotes.signal = self.quotes.signal or quoted(utterance.text)

    def hear_agent(
        self, utterance: Utterance, signals: AgentSignals, findings: tuple[Finding, ...]
    ) -> None:
        """Take in what the agent said; ``findings`` are those believed."""
        act = signals.act.label
        self.previous_agent_act, self.latest_agent_act = self.latest_agent_act, act
        self._learn_subject(utterance)
        self.agent_acts.add(act)
        self.agent_seconds += max(0.0, utterance.end - utterance.begin)
        if self.first_word is None:
            self.first_word = utterance.begin
        if act in self.about.corrects:
            self.uncorrected = ""
        if self.refused and act in self.about.sells:
            self.pushes += 1
        self.violations += len(findings)
        self.last_violations = frozenset(item.label for item in findings)
        for finding in findings:
            if finding.label in self.about.claims:
                self.uncorrected = self.claim = finding.label
                self.quotes.claim = quoted(finding.quote or utterance.text)

    def mentioned(self, text: str) -> frozenset[str]:
        """Word lists of which a word stands in the text."""
        lists = self.about.words.items()
        return frozenset(name for name, listed in lists if any(word in text for word in listed))

    def _learn_subject(self, utterance: Utterance) -> None:
        mentioned = self.mentioned(utterance.text)
        self.told |= mentioned
        named = [name for name in self.about.subjects if name in mentioned]
        if named:
            self.subject = max(named, key=lambda name: self._last_place(name, utterance.text))

    def _last_place(self, name: str, text: str) -> int:
        return max(text.rfind(word) for word in self.about.words[name])

    def _learn_rate(self, utterance: Utterance) -> None:
        rate = utterance.prosody.rate_sps if utterance.prosody else None
        if rate is None:
            return
        known = rate if self.customer_rate is None else self.customer_rate
        self.customer_rate = known + _SMOOTHING * (rate - known)

    def _follow_anger(
        self, utterance: Utterance, signals: CustomerSignals, profile: Profile
    ) -> None:
        hot = signals.emotion.label == "angry" or signals.objection.label == "accusation"
        self.angry = hot or profile.state.label == "angry"
        if signals.emotion.label == "angry":
            self.angry_turns += 1
            self.quotes.anger = self.quotes.anger or quoted(utterance.text)

    def _follow_refusal(
        self, utterance: Utterance, signals: CustomerSignals, profile: Profile
    ) -> None:
        self.no_contact = self.no_contact or profile.do_not_call_requests > 0
        if signals.objection.label == REFUSAL or profile.do_not_call_requests > self._no_contacts:
            self.refused = True
            self.quotes.refusal = self.quotes.refusal or quoted(utterance.text)
        elif signals.act.label in self.about.reopened_by:
            self.refused = False
        self._no_contacts = profile.do_not_call_requests
        self.refused = self.refused or self.no_contact
