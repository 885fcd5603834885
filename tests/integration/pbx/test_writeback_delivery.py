"""The write-back against a PBX that stalls, refuses, is away: no call may feel it."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs
from writeback_kit import Bench, FakeWriter, run, settled

from rid_telephony.pbx.messages import PbxDownError, PbxRefusedError, PbxTimeoutError
from rid_telephony.pbx.writeback_stats import Kind


def test_a_hint_reaches_softphone_variables_bus_and_display() -> None:
    async def main() -> None:
        bench = Bench(FakeWriter(), display=True)
        bench.talk()
        bench.hint()
        await settled()
        writer = bench.writer
        assert writer.of("message") == [("1001", "先给证据1\n您可以先看说明书。")]
        assert writer.variables["agent-1"]["hint_id"] == "h1"
        assert writer.of("display") == [("agent-1", "先给证据1")]
        (event,) = writer.of("event")
        assert event[0] == "RidHint"
        assert "channel=agent-1" in event
        bench.expire()
        await settled()
        assert writer.variables["agent-1"]["hint_id"] == ""
        assert writer.of("display")[-1] == ("agent-1", "")
        await bench.back.close()

    run(main())


@pytest.mark.parametrize("kind", ["variables", "message", "user_event"])
def test_what_is_switched_off_is_not_written(kind: str) -> None:
    async def main() -> None:
        bench = Bench(FakeWriter(), **{kind: False})
        bench.talk()
        bench.state("angry")
        bench.hint()
        bench.alert()
        await settled()
        assert bench.writer.of(kind.removeprefix("user_")) == []
        assert len({write[0] for write in bench.writer.writes}) == 2
        await bench.back.close()

    run(main())


def test_an_alert_is_not_shown_to_the_agent_a_second_time() -> None:
    """What concerns the agent comes as a hint; an alert beside it would repeat it."""

    async def main() -> None:
        bench = Bench(FakeWriter())
        bench.talk()
        bench.alert()
        await settled()
        assert bench.writer.of("message") == []
        assert [event[0] for event in bench.writer.of("event")] == ["RidAlert"]
        assert bench.writer.variables["agent-1"] == {"alert": "compliance.guarantee"}
        await bench.back.close()

    run(main())


def test_a_pbx_that_never_answers_neither_blocks_the_feed_nor_other_calls() -> None:
    stalled = asyncio.Event()

    async def stall_first_call() -> None:
        if not stalled.is_set():
            stalled.set()
            await asyncio.Event().wait()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        bench = Bench(FakeWriter(stall_first_call))
        bench.talk()
        bench.hint()
        await settled(0.1)
        other = bench.open("call-2")
        bench.talk(agent="agent-9", endpoint="1009", call="call-2")
        bench.call = other
        began = loop.time()
        bench.hint(2)
        assert loop.time() == began
        await settled(0.5)
        assert bench.writer.of("message") == [("1009", "先给证据2\n您可以先看说明书。")]
        await settled(5.0)
        counts = bench.back.stats().kinds
        assert counts[Kind.MESSAGE].failed == {"pbx_timeout": 1}
        assert bench.writer.variables["agent-1"]["hint_id"] == "h1"
        await bench.back.close()

    run(main())


def test_an_unanswered_message_is_not_sent_twice_and_unanswered_variables_once_more() -> None:
    async def no_answer() -> None:
        raise PbxTimeoutError("No answer.")

    async def main() -> None:
        bench = Bench(FakeWriter(no_answer))
        bench.talk()
        bench.hint()
        await settled()
        assert sorted(bench.writer.tried) == ["event", "message", "variables", "variables"]
        await bench.back.close()

    run(main())


def test_refusals_are_counted_and_said_once_for_each_call_and_kind() -> None:
    async def refuse() -> None:
        raise PbxRefusedError("No such channel")

    async def main() -> None:
        bench = Bench(FakeWriter(refuse))
        bench.talk()
        for number in range(5):
            bench.hint(number)
            bench.state(["angry", "neutral"][number % 2])
            await settled()
        counts = bench.back.stats().kinds
        assert counts[Kind.MESSAGE].failed == {"pbx_refused": 5}
        assert counts[Kind.VARIABLES].failed["pbx_refused"] >= 5
        await bench.back.close()

    with capture_logs() as logs:
        run(main())
    said = [entry["kind"] for entry in logs if entry["event"] == "write_back_failed"]
    assert sorted(said) == ["event", "message", "variables"]


def test_a_hint_waits_for_the_pbx_but_not_beyond_its_time() -> None:
    connected = False

    async def away() -> None:
        if not connected:
            raise PbxDownError("Not connected.")

    async def main() -> None:
        nonlocal connected
        bench = Bench(FakeWriter(away))
        bench.talk()
        bench.hint(1, seconds=3.0)
        await settled(5.0)
        bench.hint(2, seconds=10.0)
        bench.state("angry")
        await settled(2.0)
        connected = True
        await settled(2.0)
        assert [text[:5] for _, text in bench.writer.of("message")] == ["先给证据2"]
        assert bench.writer.variables["agent-1"]["hint_id"] == "h2"
        assert bench.writer.variables["agent-1"]["state"] == "angry"
        counts = bench.back.stats().kinds
        assert counts[Kind.MESSAGE].late == 1
        assert counts[Kind.MESSAGE].failed == {}
        assert counts[Kind.MESSAGE].latencies[0] >= 2.0
        await bench.back.close()

    run(main())


def test_state_under_pressure_keeps_to_the_rate() -> None:
    async def main() -> None:
        bench = Bench(FakeWriter(), per_second=5.0)
        bench.talk()
        for step in range(200):
            bench.state(["angry", "neutral", "engaged"][step % 3])
            await asyncio.sleep(0.01)
        await settled(2.0)
        times = bench.writer.times
        for begin in times:
            assert sum(begin <= each < begin + 1.0 for each in times) <= 10 + 1
        assert bench.writer.variables["agent-1"]["state"] == "neutral"
        assert bench.back.stats().kinds[Kind.VARIABLES].merged > 100
        await bench.back.close()

    run(main())


def test_what_waits_of_all_calls_together_is_bounded() -> None:
    async def away() -> None:
        raise PbxDownError("Not connected.")

    async def main() -> None:
        bench = Bench(FakeWriter(away), queue_total=4)
        for number in range(5):
            bench.call = bench.open(f"more-{number}")
            bench.alert()
            bench.alert()
        assert bench.back.stats().waiting <= 4
        await settled(0.1)
        assert bench.back.stats().waiting <= 4
        assert bench.back.stats().kinds[Kind.EVENT].dropped == 6
        await bench.back.close()

    run(main())
