"""The figures of what the customer needs: stratum, age stage, needs, products."""

from __future__ import annotations

from collections.abc import Sequence

from rid_telephony.explain.messages import Figure
from rid_telephony.explain.reasons import falling, reasons
from rid_telephony.explain.story import Story, Update


def demand_figures(story: Story, told: Sequence[Update]) -> tuple[Figure, ...]:
    """Stratum, age stage, needs and products.

    Args:
        story: The call.
        told: Its ``rid.demand.updated`` events, as far as they are to be looked at.
    """
    return (
        _stratum(story, told),
        _age_stage(story, told),
        _needs(story, told),
        _products(told),
    )


def _stratum(story: Story, told: Sequence[Update]) -> Figure:
    if not told:
        return Figure("stratum", "demand", unit="log_odds")
    data = told[-1].data
    scale = falling(data["strata"])
    return Figure(
        name="stratum",
        part="demand",
        value=next(iter(scale.values()), None),
        label=data["stratum"],
        unit="log_odds",
        at_turn=told[-1].turn,
        scale=scale,
        reasons=reasons(story, data["stratum_evidence"]),
    )


def _age_stage(story: Story, told: Sequence[Update]) -> Figure:
    if not told:
        return Figure("age_stage", "demand", unit="decides")
    data = told[-1].data
    return Figure(
        name="age_stage",
        part="demand",
        label=data["age_stage"],
        unit="decides",
        at_turn=told[-1].turn,
        reasons=reasons(story, data.get("age_stage_evidence", ())),
    )


def _needs(story: Story, told: Sequence[Update]) -> Figure:
    listed = told[-1].data["needs"] if told else ()
    return Figure(
        name="needs",
        part="demand",
        unit="weight",
        at_turn=told[-1].turn if told else None,
        parts=tuple(
            Figure(
                name=one["label"],
                part="demand",
                value=one["weight"],
                unit="weight",
                reasons=reasons(story, one["evidence"]),
            )
            for one in listed
        ),
    )


def _products(told: Sequence[Update]) -> Figure:
    listed = told[-1].data["products"] if told else ()
    return Figure(
        name="products",
        part="demand",
        at_turn=told[-1].turn if told else None,
        follows="needs",
        parts=tuple(
            Figure(
                name=one["name"],
                part="demand",
                value=one["score"],
                label="suitable" if one["suitable"] else "unsuitable",
                notes=tuple(one["reasons"]),
            )
            for one in listed
        ),
    )
