"""The profile model: everything that is data, validated, and what is built from it once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rid_telephony.errors import DataError
from rid_telephony.rid.profile.catalogue import Catalogue
from rid_telephony.rid.profile.cues import CueBook, CueFinder
from rid_telephony.rid.profile.hearing import HearingRules, Listener
from rid_telephony.rid.profile.indices import InfluenceRules
from rid_telephony.rid.profile.matching import Matcher, MatchRules
from rid_telephony.rid.profile.needs import NeedRules
from rid_telephony.rid.profile.observations import known_signals
from rid_telephony.rid.profile.relationship import RelationshipRules
from rid_telephony.rid.profile.state import StateRules
from rid_telephony.rid.profile.stratum import StratumJudge, StratumRules
from rid_telephony.rid.profile.style import StyleRules


@dataclass(frozen=True, slots=True)
class ProfileData:
    """The data files as read."""

    hearing: HearingRules
    cues: CueBook
    relationship: RelationshipRules
    style: StyleRules
    influence: InfluenceRules
    stratum: StratumRules
    needs: NeedRules
    matching: MatchRules
    state: StateRules
    catalogue: Catalogue


class ProfileModel:
    """Shared by all calls; holds nothing of any.

    Args:
        data: The data files.
        min_text_confidence: Utterances recognised with less confidence move nothing, 0..1.

    Raises:
        DataError: A file weighs a signal that does not exist; names the file and the signals.
    """

    def __init__(self, data: ProfileData, min_text_confidence: float) -> None:
        _check_signals(data)
        self.data = data
        self.min_text_confidence = min_text_confidence
        self.listener = Listener(data.hearing, CueFinder(data.cues, data.hearing.max_quote))
        self.judge = StratumJudge(data.stratum)
        self.matcher = Matcher(data.matching, data.catalogue, data.needs.names)


def _check_signals(data: ProfileData) -> None:
    known = known_signals(data.cues.cues)
    for file, signals in signals_by_file(data).items():
        unknown = sorted(set(signals) - known)
        if unknown:
            raise DataError(
                f"{file} weighs signals that do not exist: {', '.join(unknown)}.",
                "A cue must stand in cues.yaml; the other signals are listed in docs/rid-model.md.",
            )


def signals_by_file(data: ProfileData) -> dict[str, Iterable[str]]:
    """Every signal that each file names."""
    relationship, influence, state = data.relationship, data.influence, data.state
    objections, gauges = influence.objections, (*influence.factors.values(),)
    gauges = (*gauges, *influence.indices.values())
    return {
        "hearing.yaml": (f"cue.{name}" for name in data.hearing.friendly_cues),
        "relationship.yaml": (
            *relationship.score.signals(),
            *relationship.strain.after,
            *relationship.strain.relieved_by,
        ),
        "style.yaml": (name for one in data.style.indicators.values() for name in one.signals),
        "influence.yaml": (
            *(name for gauge in gauges for name in gauge.signals()),
            *objections.progress,
            *objections.refusal_signals,
            *objections.forward,
            objections.do_not_call,
        ),
        "needs.yaml": data.needs.signals,
        "state.yaml": (
            *(name for weights in state.weights.values() for name in weights),
            *(name for gauge in state.risks.values() for name in gauge.signals()),
            *state.anger.signals,
            *state.anger.disturbing,
        ),
    }
