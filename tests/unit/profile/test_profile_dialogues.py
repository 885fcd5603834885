"""With labels as signals the profile must follow whole calls; see fixtures/dialogues/README.md."""

from __future__ import annotations

import pytest
from profile_replay import dialogues, labelled, profiled, replay

from rid_telephony.evaluation.dialogue_scores import CallView, score_dialogues
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.model import ProfileModel
from rid_telephony.settings.rid import RidSettings

Pairs = list[tuple[CallView, CallView]]


@pytest.fixture(scope="module")
def model() -> ProfileModel:
    return load_profile_model(RidSettings())


@pytest.fixture(scope="module", params=["design", "dialogues"])
def pairs(request: pytest.FixtureRequest, model: ProfileModel) -> Pairs:
    return [(labelled(one), profiled(model, one)) for one in dialogues(request.param)]


def test_the_relationship_follows_the_labels_within_each_call(pairs: Pairs) -> None:
    scores = score_dialogues(pairs)
    assert scores.spearman is not None
    assert scores.spearman >= 0.85
    assert scores.relationship_mae is not None
    assert scores.relationship_mae <= 10


def test_styles_are_given_and_right(pairs: Pairs) -> None:
    scores = score_dialogues(pairs)
    assert scores.style_coverage is not None
    assert scores.style_coverage >= 0.8
    assert scores.style_top1 is not None
    assert scores.style_top1 >= 0.85


def test_indices_are_near_the_labels_at_the_end(pairs: Pairs) -> None:
    mae = score_dialogues(pairs).mae
    assert all(value is not None and value <= 12 for value in mae.values())


def test_needs_age_stratum_and_risks_agree_mostly(pairs: Pairs) -> None:
    scores = score_dialogues(pairs)
    shares = (
        scores.needs_overlap,
        scores.age_stage_accuracy,
        scores.stratum_accuracy,
        *scores.risk_agreement.values(),
    )
    assert all(share is not None and share >= 0.7 for share in shares)


def test_a_lost_call_ends_below_and_a_won_call_above_the_gate_of_presenting(
    model: ProfileModel,
) -> None:
    for dialogue in [*dialogues("design"), *dialogues("dialogues")]:
        gate = replay(model, dialogue)[-1][1].relationship.gate
        outcome = dialogue["call"]["outcome"]
        if outcome in {"purchase", "appointment"}:
            assert gate in {"present", "close"}, dialogue["id"]
        if outcome in {"hung_up", "complaint"}:
            assert gate == "greet", dialogue["id"]


def test_furious_calls_are_seen_as_angry_and_friendly_ones_never(model: ProfileModel) -> None:
    for dialogue in [*dialogues("design"), *dialogues("dialogues")]:
        furious = any(turn.get("emotion") == "angry" for turn in dialogue["turns"])
        states = {profile.state.label for _, profile in replay(model, dialogue)}
        assert ("angry" in states) == furious, dialogue["id"]
