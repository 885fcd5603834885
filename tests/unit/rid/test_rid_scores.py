"""Scores must be right, or a worse model is shipped for a better one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.errors import InputError
from rid_telephony.evaluation.fact_scores import fact_scores, stage_of
from rid_telephony.evaluation.labelled import load_labelled, report
from rid_telephony.evaluation.metrics import (
    calibration_error,
    confusion,
    label_scores,
    macro_f1,
    micro_f1,
    total,
)
from rid_telephony.evaluation.records import AgentRecord, CustomerRecord
from rid_telephony.rid.messages import (
    AgentSignals,
    Choice,
    CustomerSignals,
    Facts,
    Finding,
)


def test_macro_f1_weighs_every_label_alike() -> None:
    gold = ["a", "a", "a", "b"]
    found = ["a", "a", "b", "b"]
    assert macro_f1(gold, found, ["a", "b"]) == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_label_that_never_occurs_does_not_count() -> None:
    assert macro_f1(["a"], ["a"], ["a", "b", "c"]) == 1.0


def test_micro_f1_weighs_every_decision_alike() -> None:
    gold = [{"a"}, {"a", "b"}, set()]
    found = [{"a"}, {"b"}, {"c"}]
    assert micro_f1(gold, found, ["a", "b", "c"]) == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))


def test_confusion_counts_true_label_by_found_label() -> None:
    assert confusion(["a", "a"], ["a", "b"], ["a", "b"]) == {
        "a": {"a": 1, "b": 1},
        "b": {"a": 0, "b": 0},
    }


def test_a_sure_and_right_model_is_calibrated_and_a_sure_and_wrong_one_is_not() -> None:
    assert calibration_error([1.0, 1.0], [True, True]) == 0
    assert calibration_error([1.0, 1.0], [False, False]) == 1
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([], []) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_scores_stay_between_nothing_and_all(pairs: list[tuple[str, str]]) -> None:
    gold, found = [one for one, _ in pairs], [other for _, other in pairs]
    assert 0 <= macro_f1(gold, found, "abc") <= 1
    assert macro_f1(gold, gold, "abc") == 1
    counted = total(label_scores([[g] for g in gold], [[f] for f in found], "abc"))
    assert counted.right + counted.missed == len(pairs)


def test_occupations_match_where_one_contains_the_other() -> None:
    scores = fact_scores([{"occupation": "做工程的"}], [Facts(occupation="做工程")])
    assert scores["occupation"].right == 1


def test_a_stage_that_follows_from_a_labelled_age_is_no_mistake() -> None:
    scores = fact_scores([{"age": 62}], [Facts(age=62, age_stage="retired")])
    assert (scores["age"].right, scores["age_stage"].extra) == (1, 0)
    wrong = fact_scores([{"age": 62}], [Facts(age=62, age_stage="youth")])
    assert wrong["age_stage"].extra == 1


def test_every_element_of_a_list_is_a_decision() -> None:
    scores = fact_scores([{"holdings": ["fund", "gold"]}], [Facts(holdings=("fund", "stock"))])
    one = scores["holdings"]
    assert (one.right, one.extra, one.missed) == (1, 1, 1)


def test_sixty_is_retired() -> None:
    assert [stage_of(age) for age in (18, 26, 50, 59, 60)] == [
        "youth",
        "early_career",
        "midlife",
        "pre_retirement",
        "retired",
    ]


def customer(
    objection: str, found: str, *, noisy: bool = False
) -> tuple[CustomerRecord, CustomerSignals]:
    record = CustomerRecord(
        id="1", text="啊", objection=objection, emotion="neutral", act="inform", asr_noise=noisy
    )
    calm = Choice("neutral", {"neutral": 1.0})
    signals = CustomerSignals(
        Choice(found, {found: 0.8}), calm, Choice("inform", {"inform": 1.0}), {}, Facts(), 0.0, 0.3
    )
    return record, signals


def test_the_report_scores_clean_and_noisy_text_apart_and_names_the_trivial_score() -> None:
    pairs = [
        customer("none", "none"),
        customer("doubt", "doubt"),
        customer("doubt", "none", noisy=True),
    ]
    scores = report(pairs, [])
    assert scores.value("objection macro-F1", "clean") == 1.0
    assert scores.value("objection macro-F1", "asr_noise") == 0.0
    trivial = next(one for one in scores.figures if one.name == "objection macro-F1")
    assert trivial.trivial == pytest.approx(0.4)  # always "doubt": F1 0.8 and 0
    with pytest.raises(KeyError):
        scores.value("no such figure")


def test_an_alarm_on_clean_speech_is_counted() -> None:
    record = AgentRecord(id="1", text="您好", act="greeting")
    alarm = Finding("r", "pressure", "major", 0.9, "您好", (0, 2))
    act = Choice("greeting", {"greeting": 1.0})
    scores = report([], [(record, AgentSignals(act, (alarm,))), (record, AgentSignals(act, ()))])
    assert scores.value("compliance false alarms") == 0.5


def test_a_record_that_breaks_the_format_is_named_with_its_line(tmp_path: Path) -> None:
    good = '{"id":"1","text":"好","objection":"none","emotion":"neutral","act":"agree"}'
    (tmp_path / "customer.jsonl").write_text(
        good + "\n" + good.replace("none", "nope") + "\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"customer\.jsonl:2: objection: .*'nope' is none of"):
        load_labelled(tmp_path)


def test_a_directory_without_labelled_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds neither"):
        load_labelled(tmp_path)
