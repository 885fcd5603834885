"""How the agent does: talk share, interruptions, rate, must-say items, acts."""

from __future__ import annotations

from collections.abc import Callable

from rid_telephony.calls.messages import Party
from rid_telephony.rid.messages import AGENT_ACTS, AgentSignals
from rid_telephony.rid.profile.messages import AgentConduct
from rid_telephony.speech.messages import Utterance

DetectSaid = Callable[[str], tuple[str, ...]]
"""Ids of the must-say items that an agent's words contain."""


class ConductKeeper:
    """Keeps the agent's conduct in one call.

    Args:
        detect_said: Finds must-say items; None where nobody asks for them.
    """

    def __init__(self, detect_said: DetectSaid | None) -> None:
        self._detect_said = detect_said
        self._seconds = {Party.AGENT: 0.0, Party.CUSTOMER: 0.0}
        self._interruptions = 0
        self._rated = 0.0
        self._syllables = 0.0
        self._said: dict[str, float] = {}
        self._acts: dict[str, int] = {}
        self._last_act = ""

    def spoke(self, utterance: Utterance) -> None:
        """Count speech seconds and, for the agent, interruptions and rate."""
        seconds = max(0.0, utterance.end - utterance.begin)
        self._seconds[utterance.party] += seconds
        prosody = utterance.prosody
        if prosody is None or utterance.party is not Party.AGENT:
            return
        self._interruptions += int(prosody.interrupted)
        if prosody.rate_sps is not None:
            self._rated += seconds
            self._syllables += prosody.rate_sps * seconds

    def agent(self, utterance: Utterance, signals: AgentSignals) -> None:
        """Take in what an agent's utterance was."""
        if signals.act.label in AGENT_ACTS:
            self._acts[signals.act.label] = self._acts.get(signals.act.label, 0) + 1
            self._last_act = signals.act.label
        if self._detect_said is not None:
            for item in self._detect_said(utterance.text):
                self._said.setdefault(item, utterance.end)

    def conduct(self) -> AgentConduct:
        """A snapshot."""
        total = sum(self._seconds.values())
        return AgentConduct(
            talk_share=self._seconds[Party.AGENT] / total if total else 0.0,
            interruptions=self._interruptions,
            rate_sps=self._syllables / self._rated if self._rated else None,
            said=dict(self._said),
            acts=dict(self._acts),
            last_act=self._last_act,
        )
