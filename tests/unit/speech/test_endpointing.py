from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rid_telephony.settings.speech import EndpointingSettings
from rid_telephony.speech.endpointing import (
    Completeness,
    Ended,
    Endpointer,
    EndpointEvent,
    Paused,
    Resumed,
    Started,
)

FRAME = 0.02
SETTINGS = EndpointingSettings(speculate_after=0.2)
SHORT = EndpointingSettings(speculate_after=0.2, max_utterance=5.0, soft_limit=4.0)
HANG_OVER, SPECULATE, WINDOW = 25, 10, 5
"""0.5 s, 0.2 s and 0.1 s in frames of 20 ms."""


def frames(*runs: tuple[int, bool]) -> list[bool]:
    return [speech for count, speech in runs for _ in range(count)]


def run(said: list[bool], thresholds: EndpointingSettings = SETTINGS) -> list[EndpointEvent]:
    machine = Endpointer(thresholds, FRAME)
    return machine.push(said) + machine.flush()


def ends(events: list[EndpointEvent]) -> list[Ended]:
    return [event for event in events if isinstance(event, Ended) and event.kept]


# Runs of speech and silence of all lengths that matter, and single frames of noise.
decisions = st.lists(
    st.tuples(st.one_of(st.integers(1, 3), st.integers(1, 60)), st.booleans()), max_size=30
).map(lambda runs: frames(*runs))


def test_an_utterance_ends_when_the_hang_over_has_passed() -> None:
    (end,) = ends(run(frames((10, False), (50, True), (40, False))))

    assert (end.begin, end.end, end.at) == (10, 60, 60 + HANG_OVER)
    assert (end.speech, end.pauses, end.cut) == (50, 0, False)


def test_recognition_may_start_before_the_hang_over_is_over() -> None:
    events = run(frames((50, True), (40, False)))

    assert [type(event) for event in events] == [Started, Paused, Ended]
    assert isinstance(events[1], Paused)
    assert events[1].at == 50 + SPECULATE
    assert events[1].end == 50


def test_a_speaker_who_goes_on_voids_the_draft_and_keeps_the_utterance() -> None:
    events = run(frames((50, True), (15, False), (30, True), (40, False)))

    assert [type(event) for event in events] == [Started, Paused, Resumed, Paused, Ended]
    (end,) = ends(events)
    assert (end.begin, end.end, end.pauses) == (0, 95, 15)


def test_a_click_in_a_pause_neither_resumes_nor_lengthens_it() -> None:
    events = run(frames((50, True), (12, False), (1, True), (40, False)))

    assert not any(isinstance(event, Resumed) for event in events)
    (end,) = ends(events)
    assert (end.end, end.at) == (50, 50 + HANG_OVER)


def test_a_short_stop_consonant_is_not_a_pause() -> None:
    (end,) = ends(run(frames((20, True), (4, False), (20, True), (40, False))))

    assert end.pauses == 0


def test_a_burst_of_noise_is_not_an_utterance() -> None:
    events = run(frames((20, False), (4, True), (60, False)))

    assert ends(events) == []
    assert isinstance(events[-1], Ended)
    assert not events[-1].kept


def test_speech_still_open_at_the_end_of_the_call_is_kept() -> None:
    (end,) = ends(run(frames((50, True))))

    assert (end.begin, end.end) == (0, 50)


def test_a_monologue_is_cut_at_the_limit_and_goes_on_without_a_hole() -> None:
    first, second = ends(run(frames((300, True), (40, False)), SHORT))

    assert (first.begin, first.end, first.cut) == (0, 250, True)
    assert (second.begin, second.end, second.cut) == (250, 300, False)


def test_a_long_utterance_ends_at_a_short_pause_rather_than_inside_a_word() -> None:
    events = run(frames((210, True), (11, False), (40, True), (40, False)), SHORT)

    first, second = ends(events)
    assert (first.end, first.at, first.cut) == (210, 220, False)
    assert second.begin == 221


@pytest.mark.parametrize(
    ("completeness", "seconds"),
    [
        (Completeness.COMPLETE, SETTINGS.hang_over_complete),
        (Completeness.UNKNOWN, SETTINGS.hang_over),
        (Completeness.INCOMPLETE, SETTINGS.hang_over_incomplete),
    ],
)
def test_the_hang_over_follows_the_words(completeness: Completeness, seconds: float) -> None:
    machine = Endpointer(SETTINGS, FRAME)
    machine.push(frames((50, True), (SPECULATE, False)))

    machine.judge_words(completeness)
    (end,) = ends(machine.push(frames((60, False))))

    assert end.at == pytest.approx(50 + seconds / FRAME, abs=1)


def test_a_late_judgement_ends_the_utterance_at_once() -> None:
    machine = Endpointer(SETTINGS, FRAME)
    machine.push(frames((50, True), (20, False)))

    (end,) = ends(machine.judge_words(Completeness.COMPLETE))

    assert (end.end, end.at) == (50, 70)


def test_a_judgement_lapses_when_the_speaker_goes_on() -> None:
    machine = Endpointer(SETTINGS, FRAME)
    machine.push(frames((50, True), (SPECULATE, False)))
    machine.judge_words(Completeness.INCOMPLETE)

    (end,) = ends(machine.push(frames((20, True), (60, False))))

    assert end.at == 80 + HANG_OVER


def test_a_judgement_without_a_pause_changes_nothing() -> None:
    machine = Endpointer(SETTINGS, FRAME)
    machine.push(frames((50, True)))

    assert machine.judge_words(Completeness.COMPLETE) == []
    (end,) = ends(machine.push(frames((60, False))))
    assert end.at == 50 + HANG_OVER


def test_skipping_a_hold_keeps_the_count_and_refuses_inside_speech() -> None:
    machine = Endpointer(SETTINGS, FRAME)
    machine.push(frames((3, True)))
    machine.skip(1000)

    # What was heard before the gap must not help to start an utterance after it.
    assert machine.push(frames((3, True))) == []
    assert machine.at == 1006

    machine.push(frames((10, True)))
    with pytest.raises(ValueError, match="inside an utterance"):
        machine.skip(1)


@pytest.mark.parametrize(
    "values",
    [
        {"start_speech": 0.2},
        {"hang_over_complete": 0.6},
        {"hang_over": 1.0},
        {"speculate_after": 0.4},
        {"soft_limit": 26.0},
        {"max_utterance": 29.0, "pre_roll": 1.0},
    ],
)
def test_thresholds_that_contradict_one_another_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        EndpointingSettings(**values)


@settings(deadline=None)
@given(decisions)
def test_utterances_follow_one_another_and_never_overlap(said: list[bool]) -> None:
    found = ends(run(said, SHORT))

    assert all(end.begin < end.end <= end.at for end in found)
    assert all(before.end <= after.begin for before, after in itertools.pairwise(found))
    assert all(before.at <= after.at for before, after in itertools.pairwise(found))


@settings(deadline=None)
@given(decisions)
def test_no_speech_is_lost(said: list[bool]) -> None:
    """Every run long enough to start an utterance by itself is in one.

    The last frames of a run may be missing where the length limit cuts just before them: less
    than ``min_speech`` is no utterance.
    """
    covered = [False] * len(said)
    for end in ends(run(said, SHORT)):
        covered[end.begin : end.end] = [True] * (end.end - end.begin)

    position = 0
    for speech, group in itertools.groupby(said):
        length = len(list(group))
        if speech and length >= 2 * WINDOW:
            missing = [at for at in range(position, position + length) if not covered[at]]
            assert len(missing) < WINDOW, f"{missing} of a run at {position}"
        position += length


@settings(deadline=None)
@given(decisions, st.lists(st.integers(0, 40), max_size=20))
def test_how_the_input_is_split_changes_nothing(said: list[bool], cuts: list[int]) -> None:
    machine = Endpointer(SHORT, FRAME)
    events: list[EndpointEvent] = []
    rest = said
    for cut in cuts:
        events += machine.push(rest[:cut])
        rest = rest[cut:]
    events += machine.push(rest) + machine.flush()

    assert events == run(said, SHORT)


@settings(deadline=None)
@given(decisions)
def test_events_of_an_utterance_come_in_order(said: list[bool]) -> None:
    state = "idle"
    for event in run(said, SHORT):
        allowed = {
            Started: {"idle": "speaking"},
            Paused: {"speaking": "paused"},
            Resumed: {"paused": "speaking"},
            Ended: {"speaking": "idle", "paused": "idle"},
        }[type(event)]
        assert state in allowed, event
        state = allowed[state]
    assert state == "idle"


@settings(deadline=None)
@given(decisions)
def test_a_final_not_resumed_ends_where_its_draft_assumed(said: list[bool]) -> None:
    """Recognition of the draft is reused for the final: their audio must be the same."""
    last: Paused | None = None
    for event in run(said, SHORT):
        if isinstance(event, Paused):
            last = event
        elif isinstance(event, Resumed | Started):
            last = None
        elif last is not None:
            assert (event.begin, event.end) == (last.begin, last.end)
