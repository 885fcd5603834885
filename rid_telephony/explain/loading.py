"""Reads what explanations need beside the events of a call."""

from __future__ import annotations

from rid_telephony.explain.figures import Steps
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.settings.rid import RidSettings


def load_steps(settings: RidSettings) -> Steps:
    """From which value on a label holds, as the settings have it.

    Raises:
        DataError: A file of the profile cannot be read or is not valid.
    """
    data = load_profile_model(settings).data
    return Steps(
        stages=data.relationship.stages,
        gates=data.relationship.gates,
        risks=data.state.risk_levels,
    )
