"""The frame of the check: what one step does must not spoil the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from rid_telephony.errors import SettingsError
from rid_telephony.pbx.check import Finding, Level, Step, in_thread, run_steps


def step(
    name: str,
    *found: Finding,
    needs: tuple[str, ...] = (),
    fails: Exception | None = None,
) -> Step:
    async def run() -> Sequence[Finding]:
        if fails:
            raise fails
        return found

    return Step(name, f"Doing {name}", run, 5.0, needs)


def outcome(*steps: Step) -> list[Finding]:
    return asyncio.run(run_steps(steps, lambda _: None, lambda _: None))


def test_findings_come_in_order_and_at_once() -> None:
    seen: list[str] = []
    good = Finding(Level.OK, "a", "fine")
    worse = Finding(Level.WARNING, "b", "so so", "do this")
    steps = [step("a", good), step("b", worse)]
    work = run_steps(steps, lambda s: seen.append(s.title), lambda f: seen.append(f.what))
    assert asyncio.run(work) == [good, worse]
    assert seen == ["Doing a", "a", "Doing b", "b"]


def test_a_step_is_skipped_when_what_it_needs_failed_and_the_root_is_named() -> None:
    """A reader is sent to the one thing that is wrong, not along a chain of skips."""
    found = outcome(
        step("login", Finding(Level.ERROR, "tcp", "refused")),
        step("session", needs=("login",)),
        step("fork", needs=("listen", "session")),
        step("listen", Finding(Level.OK, "listen", "fine")),
    )
    assert [(f.what, f.level, f.needs) for f in found] == [
        ("tcp", Level.ERROR, ""),
        ("session", Level.SKIPPED, "tcp"),
        ("fork", Level.SKIPPED, "tcp"),
        ("listen", Level.OK, ""),
    ]


def test_a_warning_does_not_skip_what_follows() -> None:
    found = outcome(
        step("a", Finding(Level.WARNING, "a", "so so")),
        step("b", Finding(Level.OK, "b", "fine"), needs=("a",)),
    )
    assert found[1].level is Level.OK


def test_one_finding_of_a_step_that_went_on_does_not_skip_what_needs_another() -> None:
    found = outcome(
        step("w", Finding(Level.ERROR, "w.user", "no"), Finding(Level.OK, "w.call", "yes")),
        step("calls", Finding(Level.OK, "calls", "fine"), needs=("w.call",)),
    )
    assert found[-1].level is Level.OK


def test_an_error_with_advice_is_a_finding_and_a_crash_is_one_too() -> None:
    found = outcome(
        step("a", fails=SettingsError("No user.", "Name one.")), step("b", fails=KeyError("x"))
    )
    assert (found[0].detail, found[0].advice) == ("No user.", "Name one.")
    assert "KeyError" in found[1].detail
    assert {f.level for f in found} == {Level.ERROR}


def test_a_step_that_hangs_is_ended_by_its_own_time_out() -> None:
    async def hang() -> Sequence[Finding]:
        await asyncio.Event().wait()
        return []

    found = outcome(Step("a", "Waiting", hang, 0.01), step("b", Finding(Level.OK, "b", "fine")))
    assert [f.level for f in found] == [Level.ERROR, Level.OK]
    assert "0.01 s" in found[0].detail


def test_work_in_a_thread_gives_its_result_or_its_error() -> None:
    def fail() -> int:
        raise SettingsError("wrong")

    async def main(work: Callable[[], int]) -> int:
        result: Awaitable[int] = in_thread(work)
        return await result

    assert asyncio.run(main(lambda: 7)) == 7
    try:
        asyncio.run(main(fail))
    except SettingsError as error:
        assert error.message == "wrong"
    else:
        raise AssertionError("the error was lost")
