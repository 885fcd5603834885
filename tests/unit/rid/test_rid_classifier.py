"""The classifier's shell: what goes into the graph, and what is made of what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from rid_books import Letters, cues, heard

from rid_telephony.calls.messages import Party
from rid_telephony.rid.classifier import ClassifierConfig, Head, SignalClassifier
from rid_telephony.rid.encoder import Passage, TextEncoder
from rid_telephony.rid.features import FORMAT, features

LABELS = ("none", "doubt", "not_now")
ONE = Head(
    name="customer.objection",
    kind="one",
    labels=LABELS,
    fallback="none",
    abstain=0.4,
    counted=(0.25,) * 3,
    understood=(0.75,) * 3,
    offsets=(0.0,) * 3,
)
ANY = Head(
    name="customer.topics",
    kind="any",
    labels=("fee", "risk"),
    thresholds={"fee": 0.3, "risk": 0.6},
    counted=(1.0, 1.0),
    understood=(0.0, 1.0),
    offsets=(0.0, -1.0),
)


class Recorder:
    """A graph that answers with fixed rows and remembers what it was given."""

    def __init__(self, row: Sequence[float]) -> None:
        self.row = row
        self.feeds: list[Mapping[str, Any]] = []

    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any]) -> list[Any]:
        self.feeds.append(input_feed)
        count = len(input_feed["ids"])
        return [np.tile(np.float32(self.row), (count, 1)) for _ in output_names or ()]


def classifier(session: Recorder) -> SignalClassifier:
    config = ClassifierConfig(
        version="1", feature_format=FORMAT, features=2, lexicon={}, heads=(ONE, ANY)
    )
    return SignalClassifier(
        session, config, ["cc:a", "cc:b", "cc:c"], TextEncoder(session, Letters())
    )


def passages(count: int) -> list[Passage]:
    return [Passage("好", "", Party.CUSTOMER)] * count


def test_features_become_ids_counted_from_one_and_unknown_ones_are_dropped() -> None:
    session = Recorder([1, 0, 0])
    rows = classifier(session).probabilities(
        [{"cc:b": 0.5, "cc:unknown": 1.0}, {"cc:a": 0.1, "cc:c": 0.2}],
        passages(2),
        ["customer.objection"],
    )
    assert len(rows) == 2
    assert session.feeds[0]["ids"].tolist() == [[2, 0], [1, 3]]
    assert session.feeds[0]["weights"].tolist() == [
        pytest.approx([0.5, 0.0]),
        pytest.approx([0.1, 0.2]),
    ]


def test_an_utterance_without_a_known_feature_still_gets_an_answer() -> None:
    given = np.log([0.2, 0.5, 0.3]).tolist()
    (row,) = classifier(Recorder(given)).probabilities([{}], passages(1), ["customer.objection"])
    assert row["customer.objection"].tolist() == pytest.approx([0.2, 0.5, 0.3])


def test_no_utterances_need_no_graph() -> None:
    session = Recorder([1, 0, 0])
    assert classifier(session).probabilities([], [], ["customer.objection"]) == []
    assert session.feeds == []


def test_the_most_probable_label_is_chosen_and_probabilities_sum_to_one() -> None:
    choice = classifier(Recorder([])).choice(
        "customer.objection", np.array([0.21, 0.5, 0.3], np.float32)
    )
    assert choice.label == "doubt"
    assert sum(choice.probabilities.values()) == pytest.approx(1)


def test_below_the_abstention_threshold_nothing_is_claimed() -> None:
    row = np.array([0.3, 0.36, 0.34], np.float32)
    assert classifier(Recorder([])).choice("customer.objection", row).label == "none"


def test_a_head_of_several_labels_gives_each_its_own_probability() -> None:
    row = np.array([0.9, 0.8], np.float32)
    each = classifier(Recorder([])).each("customer.topics", row)
    assert each == {"fee": pytest.approx(0.9), "risk": pytest.approx(0.8)}


def test_a_model_of_other_features_is_refused() -> None:
    with pytest.raises(ValidationError, match="feature format"):
        ClassifierConfig(version="1", feature_format=FORMAT + 1, features=0, lexicon={}, heads=())


def test_a_head_without_a_threshold_for_every_label_is_refused() -> None:
    with pytest.raises(ValidationError, match="threshold for every label"):
        Head(
            name="x",
            kind="any",
            labels=("a", "b"),
            thresholds={"a": 0.5},
            counted=(1.0, 1.0),
            understood=(1.0, 1.0),
            offsets=(0.0, 0.0),
        )


def test_a_head_that_does_not_weigh_both_readers_for_every_label_is_refused() -> None:
    with pytest.raises(ValidationError, match="weight of each reader"):
        Head(
            name="x",
            kind="one",
            labels=("a", "b"),
            fallback="a",
            counted=(1.0,),
            understood=(1.0, 1.0),
            offsets=(0.0, 0.0),
        )


def test_where_the_readers_disagree_the_weightier_one_decides() -> None:
    counted = np.array([[2.0, 0.0, 0.0]], np.float32)
    understood = np.array([[0.0, 2.0, 0.0]], np.float32)
    (row,) = ONE.probabilities(counted, understood)
    assert row.argmax() == 1
    assert row.sum() == pytest.approx(1)


def test_each_of_several_labels_has_weights_and_an_offset_of_its_own() -> None:
    rows = ANY.probabilities(np.array([[0.0, 1.0]], np.float32), np.array([[9.0, 1.0]], np.float32))
    assert rows[0].tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-1.0))])


def test_logits_of_any_size_give_probabilities_and_never_a_warning() -> None:
    far = np.array([[1e4, -1e4, 0.0]], np.float32)
    with np.errstate(all="raise", under="ignore"):
        assert ONE.probabilities(far, far).tolist() == [pytest.approx([1.0, 0.0, 0.0])]
        ANY.probabilities(far[:, :2], far[:, :2])


def test_sound_alike_writings_share_their_sound_features() -> None:
    right = features(heard("考虑一下"), heard(""), cues(), "customer")
    misheard = features(heard("烤绿一夏"), heard(""), cues(), "customer")
    shared = [name for name in right if name.startswith("cp:") and name in misheard]
    assert len(shared) >= 7


def test_every_group_of_features_has_length_one_whatever_the_length_of_the_utterance() -> None:
    for text in ("嗯", "我再考虑考虑吧，这个收益确实有点低，你先把资料发给我看看"):
        weights = features(heard(text), heard("您看怎么样"), cues(), "agent")
        for group in ("ac:", "ap:", "as:"):
            squares = [weight**2 for name, weight in weights.items() if name.startswith(group)]
            assert sum(squares) == pytest.approx(1)


def test_the_parties_have_features_of_their_own() -> None:
    customer = features(heard("好的"), heard(""), cues(), "customer")
    agent = features(heard("好的"), heard(""), cues(), "agent")
    assert not set(customer) & set(agent)
