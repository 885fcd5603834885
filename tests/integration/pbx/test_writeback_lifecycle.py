"""From the first talk to the end: who is written to, and that nothing stays behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from writeback_kit import START, Bench, FakeWriter, run, settled

from rid_telephony.pbx.messages import PbxDownError
from rid_telephony.pbx.writeback_stats import Kind


def test_after_a_transfer_the_new_agent_gets_state_and_hints() -> None:
    async def main() -> None:
        bench = Bench(FakeWriter())
        bench.talk()
        bench.state("hesitant")
        await settled()
        bench.talk(agent="agent-2", endpoint="1002")
        bench.hint()
        await settled()
        assert bench.writer.variables["agent-2"]["state"] == "hesitant"
        assert bench.writer.variables["agent-2"]["hint_id"] == "h1"
        assert [endpoint for endpoint, _ in bench.writer.of("message")] == ["1002"]
        assert "hint_id" not in bench.writer.variables["agent-1"]
        await bench.back.close()

    run(main())


def test_a_talk_that_begins_before_the_feed_knows_the_call_counts() -> None:
    async def main() -> None:
        bench = Bench(FakeWriter())
        bench.talk(agent="agent-7", endpoint="1007", call="call-2")
        bench.call = bench.open("call-2")
        bench.hint()
        await settled()
        assert [endpoint for endpoint, _ in bench.writer.of("message")] == ["1007"]
        await bench.back.close()

    run(main())


def test_a_call_that_went_on_while_we_were_restarted_is_written_to() -> None:
    """Its start is on the feed of the run before; only the talk is seen again."""

    async def main() -> None:
        bench = Bench(FakeWriter())
        bench.call = bench.feed.open_call("call-0", START, agent="1007")
        bench.state("angry")
        assert bench.back.stats().calls == 1
        bench.talk(agent="agent-7", endpoint="1007", call="call-0")
        bench.hint()
        await settled()
        assert [endpoint for endpoint, _ in bench.writer.of("message")] == ["1007"]
        bench.end()
        await settled()
        assert bench.back.stats().calls == 1
        await bench.back.close()

    run(main())


def test_a_call_whose_end_is_its_first_event_leaves_nothing_behind() -> None:
    """Closing the books of a run before this one must not leave a task for every old call."""

    async def main() -> None:
        bench = Bench(FakeWriter())
        bench.call = bench.feed.open_call("call-0", START, agent="1007")
        bench.talk(agent="agent-7", endpoint="1007", call="call-0")
        bench.end()
        bench.hint()
        await settled()
        assert bench.back.stats().calls == 1
        assert bench.writer.tried == []
        await bench.back.close()

    run(main())


def test_the_end_of_a_call_ends_its_task_and_writes_what_the_bus_is_owed() -> None:
    async def main() -> None:
        bench = Bench(FakeWriter())
        bench.talk()
        bench.alert()
        bench.end()
        await settled()
        assert [event[0] for event in bench.writer.of("event")] == ["RidAlert"]
        assert bench.back.stats().calls == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_the_task_of_a_call_that_ended_while_the_pbx_was_away_ends_too() -> None:
    async def away() -> None:
        raise PbxDownError("Not connected.")

    async def main() -> None:
        bench = Bench(FakeWriter(away), timeout=2.0)
        bench.talk()
        bench.alert()
        bench.end()
        await settled(3.0)
        stats = bench.back.stats()
        assert (stats.calls, stats.waiting, stats.kinds[Kind.EVENT].late) == (0, 0, 1)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


@pytest.mark.parametrize("failure", ["stalls", "is_away"])
def test_closing_takes_no_longer_than_a_write_may(failure: str) -> None:
    async def hopeless() -> None:
        if failure == "stalls":
            await asyncio.Event().wait()
        raise PbxDownError("Not connected.")

    async def main() -> None:
        bench = Bench(FakeWriter(hopeless), timeout=2.0)
        for number in range(3):
            bench.call = bench.open(f"more-{number}")
            bench.talk(call=f"more-{number}")
            bench.hint()
        await settled(0.5)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await bench.back.close()
        assert loop.time() - began <= 2.0
        assert asyncio.all_tasks() == {asyncio.current_task()}
        bench.hint()
        assert bench.back.stats().faults == 0

    run(main())


def test_a_fault_of_ours_is_counted_and_never_reaches_the_feed() -> None:
    async def broken() -> None:
        raise KeyError("fault")

    async def main() -> None:
        bench = Bench(FakeWriter(broken))
        bench.talk()
        bench.hint()
        await settled()
        bench.back.listener(bad_event(bench))
        assert bench.back.stats().kinds[Kind.MESSAGE].failed == {"internal": 1}
        assert bench.back.stats().faults == 1
        await bench.back.close()

    run(main())


def bad_event(bench: Bench) -> Any:
    """A hint whose data lacks everything."""
    seen: list[Any] = []
    bench.feed.listen(seen.append)
    bench.state("engaged")
    return seen[0].model_copy(update={"type": "hint.offered", "data": {}})
