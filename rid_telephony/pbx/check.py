"""Checks of a PBX and of this installation: steps in order, each with findings and advice.

Neutral: which steps there are is the business of the PBX's own module.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from rid_telephony.errors import RidTelephonyError

ResultT = TypeVar("ResultT")


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    SKIPPED = "skipped"
    """Not tested: it cannot be seen, or an earlier finding makes it pointless."""
    WARNING = "warning"
    """It works, but not as well as it could, or perhaps not always."""
    ERROR = "error"
    """Calls will not be analysed, or hints will not arrive."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out.

    Attributes:
        what: Stable name for programs, such as ``asterisk.login``.
        detail: What was seen, one sentence.
        advice: What to do about it; empty where nothing is to be done.
        needs: Where a step was skipped: ``what`` of the finding that made it pointless.
    """

    level: Level
    what: str
    detail: str
    advice: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the check.

    Attributes:
        name: ``what`` of its main finding, and of the finding that it timed out or was skipped.
        title: What it does, for the person who waits.
        run: Does it. A :class:`RidTelephonyError` that it raises is a finding.
        timeout: Seconds that it may take.
        needs: Findings (by ``what``) without which the step is pointless.
    """

    name: str
    title: str
    run: Callable[[], Awaitable[Sequence[Finding]]]
    timeout: float
    needs: tuple[str, ...] = ()


async def run_steps(
    steps: Iterable[Step],
    on_begin: Callable[[Step], None],
    on_finding: Callable[[Finding], None],
) -> list[Finding]:
    """Run the steps one after the other.

    Never raises for what a step does: its error, its time-out and its crash are findings. A step
    is skipped when a finding that it needs is an error or was itself skipped; a step that never
    came to its main finding counts as one.

    Args:
        steps: In order.
        on_begin: Told before a step runs (not when it is skipped).
        on_finding: Told of every finding at once.

    Returns:
        All findings in order.
    """
    findings: list[Finding] = []
    missing: dict[str, str] = {}  # and the first thing that was, which is to be put right
    for step in steps:
        need = next((need for need in step.needs if need in missing), None)
        if need:
            root = missing[need]
            missing[step.name] = root
            found: Sequence[Finding] = [Finding(Level.SKIPPED, step.name, step.title, needs=root)]
        else:
            on_begin(step)
            found = await _outcome(step)
            missing |= _lacking(step, found)
        findings += found
        for finding in found:
            on_finding(finding)
    return findings


def _lacking(step: Step, found: Sequence[Finding]) -> dict[str, str]:
    """What later steps cannot build on, and the finding to blame."""
    lacking = {
        finding.what: finding.what
        for finding in found
        if finding.level in {Level.ERROR, Level.SKIPPED}
    }
    if lacking and all(finding.what != step.name for finding in found):
        lacking[step.name] = next(iter(lacking))
    return lacking


async def _outcome(step: Step) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(step.timeout):
            return await step.run()
    except TimeoutError:
        detail = f"{step.title}: no result within {step.timeout:g} s."
        advice = "Is this machine, the network or the PBX overloaded? Try again."
        return [Finding(Level.ERROR, step.name, detail, advice)]
    except RidTelephonyError as error:
        return [Finding(Level.ERROR, step.name, error.message, error.advice)]
    except Exception as error:  # a crash of one step must not hide what the others find
        detail = f"{step.title}: the check itself failed ({type(error).__name__}: {error})."
        return [Finding(Level.ERROR, step.name, detail, "Please report this as a defect.")]


async def in_thread(work: Callable[[], ResultT]) -> ResultT:
    """Run blocking work in a thread that is left behind where it hangs.

    asyncio's own threads are waited for at the end of the program; a model hub that does not
    answer would keep the check from ending.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[ResultT] = loop.create_future()

    def settle(result: ResultT | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where work gives None

    def run() -> None:
        try:
            outcome: tuple[ResultT | None, BaseException | None] = (work(), None)
        except Exception as error:  # handed to whoever waits
            outcome = (None, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="check", daemon=True).start()
    return await done
