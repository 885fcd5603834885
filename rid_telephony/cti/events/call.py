"""Events of the call itself and of its analysis."""

from __future__ import annotations

from typing import Literal

from rid_telephony.cti.events.base import EventData, Model, Role


class PartyAddress(Model):
    """A party's address; the customer's is masked unless the settings say otherwise."""

    role: Role
    channel: str
    """Channel id on the PBX (SIP Call-ID in a capture)."""
    number: str
    name: str


class CallStarted(EventData):
    """A call that is analysed exists."""

    direction: Literal["inbound", "outbound", "unknown"]
    parties: list[PartyAddress]
    customer_id: str
    """The CRM's key, empty when unknown."""
    queue: str = ""
    """The queue that the call came by, empty where the PBX names none."""


class CallAnswered(EventData):
    """Agent and customer can talk."""


class CallHeld(EventData):
    """A party put the other on hold."""

    by: Role


class CallRetrieved(EventData):
    """A hold ended."""

    by: Role


class CallTransferred(EventData):
    """The customer now talks to another agent.

    The envelope's ``agent`` is the new one; filters and scopes by agent let the event through for
    the one that the call has left too.
    """

    to: PartyAddress
    from_agent: str = ""
    """The agent that the call has left; empty when not known."""


class CallEnded(EventData):
    """The call is over; exactly one for each ``call.started``."""

    cause: str
    """``normal``, ``busy``, ``no_answer``, ``cancelled``, ``rejected``, ``failed``,
    ``capture_ended``."""
    by: Role | None
    duration_ms: int


class AnalysisStarted(EventData):
    """Analysis of the call began; exactly one for each call."""

    recogniser: str
    classifier: str
    playbook: str


class AnalysisDegraded(EventData):
    """Something is being left out, or was; the call goes on."""

    reason: str
    """Stable word: ``queue_full``, ``recognition_failed``, ``one_leg_only``,
    ``unsupported_codec``, ``store_unavailable``, ``packet_loss`` and others."""
    detail: str
    count: int
    """How many items it concerns."""


class AnalysisCompleted(EventData):
    """Analysis is over; this or ``analysis.failed`` comes exactly once for each call."""

    utterances: int
    hints: int
    dropped: int
    """Segments that were not recognised (each was announced by ``analysis.degraded``)."""


class AnalysisFailed(EventData):
    """Analysis stopped early; nothing more comes for this call but ``call.ended``."""

    code: str
    message: str
