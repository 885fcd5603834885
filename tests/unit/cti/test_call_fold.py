"""A call folded from its events: what a wallboard and a review show must be what happened."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from call_kit import START, Floor
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.calls.messages import (
    CallHeld,
    CallRetrieved,
    CallTransferred,
    CustomerContext,
    Leg,
    Party,
)
from rid_telephony.cti import callfold
from rid_telephony.cti.callboard import CallBoard
from rid_telephony.cti.callfold import ALL_TYPES, folded
from rid_telephony.cti.calltelling import headline, view
from rid_telephony.cti.callview import CallView
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.server.ports import CallKey, HintFeedback


def whole_call() -> Floor:
    """A call with a hold, an angry customer, a hint that was used, CRM context, a transfer."""
    floor = Floor()
    floor.start(queue="sales")
    hint = floor.doubted()
    floor.control.feedback(HintFeedback(hint, "displayed", "screen"))
    floor.control.feedback(HintFeedback(hint, "used", "anna", "很好"))
    floor.control.give_context(
        CallKey("call", "c1"), CustomerContext(customer_id="k", age=66, tenure_years=8)
    )
    floor.do(CallHeld("c1", 20.0, Party.AGENT))
    floor.do(CallRetrieved("c1", 22.0, Party.AGENT))
    floor.customer(
        "你们别再打了，我要投诉", emotion="angry", act="complaint", objection="accusation"
    )
    floor.do(CallTransferred("c1", 40.0, Leg(Party.AGENT, "new", "1002"), "1002"))
    return floor


@pytest.fixture(scope="module")
def floor() -> Floor:
    made = whole_call()
    made.end()
    return made


def of(floor: Floor) -> CallView:
    fold = folded(floor.events)
    assert fold
    return view(fold)


def test_the_headline_says_who_how_and_what_was_the_last_alert(floor: Floor) -> None:
    line = headline(callfold.folded(floor.events))  # type: ignore[arg-type]  # there are events
    assert (line.call_id, line.agent, line.queue, line.state) == ("c1", "1002", "sales", "ended")
    assert (line.cause, line.started_at) == ("normal", START)
    assert line.emotion == "angry"
    assert line.customer_state == "angry"
    assert line.alert
    assert line.alert.type == "supervisor.alert"
    assert line.alerts >= 1
    assert line.outcome
    assert line.relationship is not None
    assert line.duration_ms is not None
    assert line.cursor == floor.events[-1].cursor


def test_what_became_of_a_hint_is_told(floor: Floor) -> None:
    record = of(floor).hints[0]
    assert [one.verdict for one in record.verdicts] == ["displayed", "used"]
    assert record.verdicts[1].note == "很好"
    assert record.displayed_ms is not None
    assert record.fate == "used", "that it expired later does not change it"
    assert record.ended_ms is not None


def test_transcript_signals_findings_and_summary_are_there(floor: Floor) -> None:
    whole = of(floor)
    assert [turn.role for turn in whole.transcript] == ["agent", "customer", "customer"]
    assert all(turn.final and turn.signals for turn in whole.transcript)
    assert whole.summary
    assert whole.analysis.state == "completed"
    assert whole.analysis.recogniser == "model"
    assert [one.type for one in whole.happenings][:3] == [
        "call.started",
        "call.answered",
        "call.held",
    ]


def test_evidence_of_a_figure_is_complete_and_says_where_it_comes_from(floor: Floor) -> None:
    whole = of(floor)
    pieces = whole.evidence["relationship"]
    assert {one.source for one in pieces} == {"utterance", "crm"}
    last = whole.profile.relationship
    assert last
    moved = sum(one.delta for one in pieces)
    assert last["score"]["start"] + moved == pytest.approx(last["score"]["value"], abs=0.2)
    assert whole.curves["relationship"][-1][1] == last["score"]["value"]
    assert len(whole.curves["relationship"]) >= 2


def test_a_call_that_goes_on_shows_its_hint_and_the_words_so_far() -> None:
    floor = Floor()
    floor.start()
    hint = floor.doubted()
    fold = floor.board.find("c1")
    assert fold
    line = headline(fold)
    assert line.state == "talking"
    assert line.hint
    assert line.hint.hint_id == hint
    assert line.duration_ms is None
    partial = next(one for one in floor.events if one.type == "utterance.partial")
    fold.apply(partial)
    assert [turn.final for turn in view(fold).transcript] == [True, True, False]


def test_the_board_and_the_store_tell_the_same(floor: Floor) -> None:
    fold = floor.board.find("c1")
    assert fold
    assert view(fold) == of(floor)


def test_a_token_for_hints_alone_sees_no_words_and_no_profile(floor: Floor) -> None:
    fold = folded(floor.events)
    assert fold
    seen = frozenset({"hint.offered"})
    text = view(fold, seen).model_dump_json()
    told = view(fold, seen)
    assert told.hints
    assert (told.transcript, told.evidence, told.curves, told.findings) == ([], {}, {}, [])
    assert told.summary is None
    assert told.profile.relationship is None
    assert headline(fold, seen).alert is None
    assert "投诉" not in json.dumps({**json.loads(text), "hints": []}, ensure_ascii=False)


def test_the_answer_can_be_read_back_by_its_own_schema(floor: Floor) -> None:
    whole = of(floor)
    assert CallView.model_validate_json(whole.model_dump_json()) == whole


def test_a_call_without_end_is_bounded_and_says_what_it_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(callfold, "MAX_TURNS", 2)
    monkeypatch.setattr(callfold, "MAX_POINTS", 3)
    floor = Floor()
    floor.start()
    for number in range(6):
        floor.customer(f"第{number}句", objection="doubt" if number % 2 else "none")
    told = of(floor)
    assert [turn.text for turn in told.transcript] == ["第4句", "第5句"]
    assert told.left_out["transcript"] == 4
    assert len(told.curves["relationship"]) == 3


@given(data=st.data())
def test_any_part_of_a_calls_events_can_be_folded(data: st.DataObject) -> None:
    events = _EVENTS
    kept = data.draw(st.lists(st.sampled_from(events), max_size=12, unique_by=id))
    fold = folded(sorted(kept, key=lambda one: one.sequence))
    if fold:
        assert headline(fold).call_id == "c1"
        assert view(fold, ALL_TYPES).at_ms == fold.last.data["at_ms"]


_EVENTS = whole_call().events


def test_a_fault_in_one_event_is_counted_and_kept_from_the_calls() -> None:
    board = CallBoard()
    for event in _EVENTS[:3]:
        board.listener(event)
    broken = _EVENTS[3].model_copy(update={"type": "rid.relationship.updated", "data": {}})
    board.listener(broken)
    board.listener(_EVENTS[4])
    assert board.faults == 1
    assert board.find("c1")


def test_the_board_keeps_a_bounded_number_of_calls_and_the_newest_first() -> None:
    board = CallBoard(max_live=3, max_ended=2)
    for number in range(6):
        board.listener(_started(f"c{number}"))
    assert [fold.last.subject for fold in board.live] == ["c5", "c4", "c3"]
    for number in range(6):
        board.listener(_ended(f"c{number}"))
    assert board.live == []
    assert [fold.last.subject for fold in board.ended] == ["c5", "c4"]


def test_a_verdict_after_the_end_still_reaches_the_board() -> None:
    floor = whole_call()
    floor.end()
    hint = next(one for one in floor.events if one.type == "hint.offered").data["hint_id"]
    floor.control.feedback(HintFeedback(hint, "useful", "anna"))
    fold = floor.board.find("c1")
    assert fold
    assert fold.hints[hint].fate == "useful"
    assert headline(fold).state == "ended"


def test_a_replay_of_the_same_call_begins_anew() -> None:
    board = CallBoard()
    for _ in range(2):
        board.listener(_started("c1"))
        board.listener(_ended("c1"))
    (fold,) = board.ended
    assert len(fold.happenings) == 2


def _started(call_id: str) -> CloudEvent:
    return _EVENTS[0].model_copy(update={"subject": call_id})


def _ended(call_id: str) -> CloudEvent:
    data = {"at_ms": 5, "cause": "normal", "by": None, "duration_ms": 5}
    update = {"subject": call_id, "type": "call.ended", "data": data}
    return _EVENTS[0].model_copy(update={**update, "time": START + timedelta(seconds=1)})
