"""Golden replays: captures of real SIP and RTP, from packets to hints.

Words are held to an error rate, not to the letter: another build of the recogniser may write
another character. What is asserted of hints and alerts is what an expert expects of the call.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from integration_support import run_once

from rid_telephony.app import App
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.cti.feed import Feed
from rid_telephony.evaluation.text_error import CharacterErrors, character_errors
from rid_telephony.media.source import open_recording
from rid_telephony.pipeline.replay import replay_paced

ROOT = Path(__file__).parents[3]
CAPTURES = ROOT / "fixtures" / "captures"
COMPLAINT = CAPTURES / "outbound_dd08_pcma.pcap"
HOLD = CAPTURES / "hold_dtmf_dd01_pcmu.pcap"
TWO = CAPTURES / "two_calls.pcap"

SELLING = {"advance_close", "match_product", "narrow_choice", "lower_commitment", "reframe_value"}


def truth(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["calls"])


def of(events: list[CloudEvent], event_type: str) -> list[CloudEvent]:
    return [event for event in events if event.type == event_type]


def words(events: list[CloudEvent], role: str) -> str:
    finals = [event.data for event in of(events, "utterance.final") if event.data["role"] == role]
    return "".join(data["text"] for data in sorted(finals, key=lambda data: data["begin_ms"]))


def said(call: dict[str, Any], role: str) -> str:
    return "".join(turn["text"] for turn in call["turns"] if turn["party"] == role)


@pytest.mark.parametrize("role", ["agent", "customer"])
def test_the_transcript_of_the_demo_call_is_readable(replay: Any, role: str) -> None:
    errors = character_errors(said(truth(COMPLAINT)[0], role), words(replay(COMPLAINT), role))
    assert errors.rate < 0.22


def test_the_agents_confusion_with_a_deposit_is_caught_while_it_can_be_corrected(
    replay: Any,
) -> None:
    events = replay(COMPLAINT)
    alert = next(
        event
        for event in of(events, "compliance.alert")
        if event.data["finding"]["label"] == "deposit_confusion"
    )
    assert "存款" in alert.data["finding"]["quote"]
    assert alert.data["finding"]["safe_wording"]
    utterance = next(
        event
        for event in of(events, "utterance.final")
        if event.data["utterance_id"] == alert.data["utterance_id"]
    )
    assert utterance.data["role"] == "agent"
    assert alert.data["at_ms"] - utterance.data["end_ms"] < 1500
    assert any(event.data["strategy"] == "stop_violation" for event in of(events, "hint.offered"))


def test_an_angry_customer_is_handed_to_a_supervisor_and_never_sold_to(replay: Any) -> None:
    events = replay(COMPLAINT)
    hints = of(events, "hint.offered")
    assert any(event.data["strategy"] == "escalate_supervisor" for event in hints)
    assert {event.data["kind"] for event in of(events, "supervisor.alert")} & {
        "anger",
        "complaint_threat",
    }
    angry = [
        event.cursor
        for event in of(events, "customer.state.changed")
        if event.data["state"] == "angry"
    ]
    assert angry, "the customer of this call ends in anger"
    sold = [hint for hint in hints if hint.cursor > angry[0] and hint.data["strategy"] in SELLING]
    assert sold == []


def test_the_summary_tells_how_the_call_went(replay: Any) -> None:
    (summary,) = of(replay(COMPLAINT), "call.summary")
    assert summary.data["outcome"] == "complaint"
    assert summary.data["complaint_risk"] == "high"
    assert summary.data["relationship"] < 25
    assert 0.3 < summary.data["talk_share"] < 0.7
    assert summary.data["coaching_note"]


def test_hints_are_few_and_one_at_a_time(replay: Any) -> None:
    events = replay(COMPLAINT)
    live: set[str] = set()
    for event in events:
        if event.type == "hint.offered":
            assert not live, "a hint was offered while another was on show"
            live.add(event.data["hint_id"])
        elif event.type == "hint.expired":
            live.remove(event.data["hint_id"])
    assert not live, "a hint was left on the agent's screen after the call"
    minutes = events[-1].data["at_ms"] / 60_000
    assert 1 <= len(of(events, "hint.offered")) <= 4 * minutes


@pytest.mark.parametrize("path", [COMPLAINT, HOLD, TWO], ids=lambda path: path.stem)
def test_every_event_obeys_its_schema_and_its_place(replay: Any, path: Path) -> None:
    events = replay(path)
    sequences: dict[str, list[int]] = defaultdict(list)
    for event in events:
        file = ROOT / "docs" / "api" / "schemas" / f"{event.type}.json"
        schema = json.loads(file.read_text(encoding="utf-8"))
        jsonschema.validate(json.loads(event.line()), schema, cls=jsonschema.Draft202012Validator)
        sequences[event.subject].append(event.sequence)
    assert [event.cursor for event in events] == list(range(1, len(events) + 1))
    for found in sequences.values():
        assert found == list(range(1, len(found) + 1))
    for kind in ("call.started", "analysis.started", "analysis.completed", "call.ended"):
        assert len(of(events, kind)) == len(sequences)


def test_hold_is_hold_and_not_speech(replay: Any) -> None:
    events = replay(HOLD)
    (held,), (retrieved,) = of(events, "call.held"), of(events, "call.retrieved")
    assert held.data["by"] == retrieved.data["by"] == "agent"
    for event in of(events, "utterance.final"):
        begin, end = event.data["begin_ms"], event.data["end_ms"]
        assert end <= held.data["at_ms"] + 200 or begin >= retrieved.data["at_ms"]


def test_two_calls_in_one_capture_are_two_conversations(replay: Any) -> None:
    events = replay(TWO)
    calls = {event.subject for event in events}
    assert len(calls) == 2
    by_agent = {
        event.subject: party["number"]
        for event in of(events, "call.started")
        for party in event.data["parties"]
        if party["role"] == "agent"
    }
    total = CharacterErrors()
    spoken = {
        (call["agent"]["user"], role): said(call, role)
        for call in truth(TWO)
        for role in ("agent", "customer")
    }
    for (agent, role), own in spoken.items():
        mine = [event for event in events if by_agent[event.subject] == agent]
        heard = words(mine, role)
        closest = min(spoken, key=lambda who: character_errors(spoken[who], heard).rate)
        assert closest == (agent, role), "somebody else's words"
        total += character_errors(own, heard)
    assert total.rate < 0.35


def test_personal_data_of_the_customer_is_masked_on_the_feed(replay: Any) -> None:
    text = "\n".join(event.line() for event in replay(COMPLAINT))
    assert "13900000001" not in text
    assert "潘老师" not in text.split("utterance", maxsplit=1)[0]


def test_the_same_file_gives_the_same_events(app: App, replay: Any) -> None:
    again = run_once(app, HOLD)
    assert [event.line() for event in again] == [event.line() for event in replay(HOLD)]


def test_a_capture_cut_off_in_the_middle_is_analysed_as_far_as_it_goes(
    app: App, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.pcap"
    whole = HOLD.read_bytes()
    cut.write_bytes(whole[: len(whole) * 45 // 100])
    events = run_once(app, cut)
    (ended,) = of(events, "call.ended")
    assert ended.data["cause"] == "capture_ended"
    assert of(events, "utterance.final")


def test_in_real_time_the_hint_comes_soon_and_nothing_is_lost(app: App) -> None:
    """Twice real time, with the pool: the words are those of the fast replay's files."""
    events: list[CloudEvent] = []
    feed = Feed("/test")
    feed.listen(events.append)
    recording = open_recording(TWO, app.settings.media)
    with app.recogniser_pool() as pool:
        asyncio.run(replay_paced(recording.items(), pool, app.maker_for(feed), 2.0))
        assert pool.stats.shed_finals == 0
        assert pool.stats.reused > 0, "drafts are there to be reused: that is the latency"
    assert len(of(events, "call.ended")) == 2
    completed = of(events, "analysis.completed")
    assert [event.data["dropped"] for event in completed] == [0, 0]
    assert len(of(events, "utterance.final")) >= 4
