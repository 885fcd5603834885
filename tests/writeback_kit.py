"""What tests of the write-back share: a PBX that stalls, refuses or is away, and a fast clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rid_telephony.calls.messages import TalkBegan
from rid_telephony.cti import events
from rid_telephony.cti.feed import CallChannel, Feed
from rid_telephony.pbx.writeback import WriteBack
from rid_telephony.settings.writeback import WriteBackSettings

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self._jumped = 0.0
        select = self._selector.select

        def at_once(timeout: float | None = None) -> Any:
            if timeout:
                self._jumped += timeout
            return select(0 if timeout is not None else None)

        self._selector.select = at_once

    def time(self) -> float:
        return self._jumped


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a test on the fast clock; a hang becomes an error after an hour of that clock."""

    async def bounded() -> None:
        async with asyncio.timeout(3600):
            await main

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(bounded())


@dataclass
class FakeWriter:
    """A PBX that remembers what was written and does as ``behaviour`` says before it accepts."""

    behaviour: Callable[[], Awaitable[None]] | None = None
    writes: list[tuple[str, ...]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    async def set_variables(self, channel: str, values: Mapping[str, str]) -> None:
        await self._accept("variables", channel, *(f"{k}={v}" for k, v in values.items()))
        self.variables.setdefault(channel, {}).update(values)
        self.times += [asyncio.get_running_loop().time()] * len(values)

    async def send_message(self, endpoint: str, text: str) -> None:
        await self._accept("message", endpoint, text)

    async def emit(self, name: str, fields: Mapping[str, str]) -> None:
        await self._accept("event", name, *(f"{k}={v}" for k, v in fields.items()))

    async def display(self, channel: str, text: str) -> None:
        await self._accept("display", channel, text)

    def of(self, kind: str) -> list[tuple[str, ...]]:
        return [write[1:] for write in self.writes if write[0] == kind]

    async def _accept(self, kind: str, *parts: str) -> None:
        self.tried.append(kind)
        if self.behaviour:
            await self.behaviour()
        self.writes.append((kind, *parts))


class Bench:
    """A feed with one call, and the write-back that listens to it."""

    def __init__(self, writer: FakeWriter, **settings: Any) -> None:
        self.writer = writer
        self.back = WriteBack(writer, WriteBackSettings(**settings))
        self.feed = Feed("/test")
        self.feed.listen(self.back.listener)
        self.call = self.open("call-1")

    def open(self, call_id: str) -> CallChannel:
        channel = self.feed.open_call(call_id, START, agent="1001")
        data = events.CallStarted(at_ms=0, direction="inbound", parties=[], customer_id="")
        self.feed.publish(channel, "call.started", data)
        return channel

    def talk(self, agent: str = "agent-1", endpoint: str = "1001", call: str = "call-1") -> None:
        self.back.talk(TalkBegan(call, 0.0, 0.0, agent, "customer-1", endpoint, endpoint))

    def hint(self, number: int = 1, seconds: float = 20.0, **values: Any) -> None:
        self.feed.publish(self.call, "hint.offered", hint(number, seconds, **values))

    def expire(self, number: int = 1) -> None:
        data = events.HintTouched(at_ms=1, hint_id=f"h{number}", reason="overtaken", by="")
        self.feed.publish(self.call, "hint.expired", data)

    def state(self, label: Any) -> None:
        self.feed.publish(self.call, "customer.state.changed", state(label))

    def alert(self) -> None:
        self.feed.publish(self.call, "compliance.alert", alert())

    def end(self) -> None:
        data = events.CallEnded(at_ms=9, cause="normal", by=None, duration_ms=9)
        self.feed.publish(self.call, "call.ended", data)


async def settled(seconds: float = 1.0) -> None:
    """Let the workers do what they can in so many seconds of the loop's clock."""
    await asyncio.sleep(seconds)


def hint(number: int, seconds: float, **values: Any) -> events.HintOffered:
    return events.HintOffered(
        **{
            "at_ms": 1000,
            "hint_id": f"h{number}",
            "strategy": "give_evidence",
            "priority": 3,
            "line": f"先给证据{number}",
            "script": "您可以先看说明书。",
            "reason": "客户：「真的吗」",
            "cause": "objection.doubt",
            "confidence": 0.9,
            "expires_ms": 1000 + round(seconds * 1000),
            "evidence": ["u1"],
            **values,
        }
    )


def state(label: Any) -> events.CustomerStateChanged:
    return events.CustomerStateChanged(
        at_ms=1, state=label, previous="neutral", complaint_risk=0, churn_risk=0, evidence=[]
    )


def alert() -> events.ComplianceAlert:
    finding = events.FindingData(
        rule="guarantee_words",
        label="guarantee",
        severity="critical",
        confidence=0.9,
        quote="保证不亏",
        begin=0,
        end=4,
        safe_wording="理财非存款，产品有风险。",
        reference="",
    )
    return events.ComplianceAlert(at_ms=1, utterance_id="u2", finding=finding)
