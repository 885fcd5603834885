"""The data of every event on the feed: the public contract with integrators.

One model for each event type; :data:`EVENT_TYPES` maps the CloudEvents ``type`` to it. The
JSON Schemas and the AsyncAPI document are generated from here (:mod:`rid_telephony.cti.schema`).
Times are milliseconds on the call's own clock, gauges 0 to 100, probabilities 0 to 1.
"""

from __future__ import annotations

from rid_telephony.cti.events.base import EventData, Model
from rid_telephony.cti.events.call import (
    AnalysisCompleted,
    AnalysisDegraded,
    AnalysisFailed,
    AnalysisStarted,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallRetrieved,
    CallStarted,
    CallTransferred,
    PartyAddress,
)
from rid_telephony.cti.events.rid import (
    ChoiceData,
    CustomerStateChanged,
    DemandUpdated,
    EvidenceData,
    FindingData,
    GaugeData,
    InfluenceUpdated,
    MoodData,
    ObjectionData,
    ProductData,
    RankedData,
    RelationshipUpdated,
    SignalsDetected,
    StyleData,
)
from rid_telephony.cti.events.speech import ProsodyData, UtteranceFinal, UtterancePartial
from rid_telephony.cti.events.strategy import (
    CallSummary,
    ComplianceAlert,
    FeedGap,
    HintOffered,
    HintTouched,
    SupervisorAlert,
)

EVENT_TYPES: dict[str, type[EventData]] = {
    "call.started": CallStarted,
    "call.answered": CallAnswered,
    "call.held": CallHeld,
    "call.retrieved": CallRetrieved,
    "call.transferred": CallTransferred,
    "call.ended": CallEnded,
    "analysis.started": AnalysisStarted,
    "analysis.degraded": AnalysisDegraded,
    "analysis.completed": AnalysisCompleted,
    "analysis.failed": AnalysisFailed,
    "utterance.partial": UtterancePartial,
    "utterance.final": UtteranceFinal,
    "signals.detected": SignalsDetected,
    "rid.relationship.updated": RelationshipUpdated,
    "rid.influence.updated": InfluenceUpdated,
    "rid.demand.updated": DemandUpdated,
    "customer.state.changed": CustomerStateChanged,
    "hint.offered": HintOffered,
    "hint.displayed": HintTouched,
    "hint.accepted": HintTouched,
    "hint.dismissed": HintTouched,
    "hint.expired": HintTouched,
    "compliance.alert": ComplianceAlert,
    "supervisor.alert": SupervisorAlert,
    "call.summary": CallSummary,
    "feed.gap": FeedGap,
}
"""CloudEvents ``type`` to the model of its ``data``."""

__all__ = [
    "EVENT_TYPES",
    "AnalysisCompleted",
    "AnalysisDegraded",
    "AnalysisFailed",
    "AnalysisStarted",
    "CallAnswered",
    "CallEnded",
    "CallHeld",
    "CallRetrieved",
    "CallStarted",
    "CallSummary",
    "CallTransferred",
    "ChoiceData",
    "ComplianceAlert",
    "CustomerStateChanged",
    "DemandUpdated",
    "EventData",
    "EvidenceData",
    "FeedGap",
    "FindingData",
    "GaugeData",
    "HintOffered",
    "HintTouched",
    "InfluenceUpdated",
    "Model",
    "MoodData",
    "ObjectionData",
    "PartyAddress",
    "ProductData",
    "ProsodyData",
    "RankedData",
    "RelationshipUpdated",
    "SignalsDetected",
    "StyleData",
    "SupervisorAlert",
    "UtteranceFinal",
    "UtterancePartial",
]
