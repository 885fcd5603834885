"""Writes hints and the customer's state back to the PBX while the call goes on."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

import structlog

from rid_telephony.calls.messages import TalkBegan, TalkEvent, TalkPaused
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.pbx import writeback_text, writeback_words
from rid_telephony.pbx.messages import PbxDownError, PbxError, PbxTimeoutError, PbxWriter
from rid_telephony.pbx.writeback_queue import CallQueue, Write
from rid_telephony.pbx.writeback_stats import Kind, Tally, WriteBackStats
from rid_telephony.settings.writeback import WriteBackSettings

log = structlog.get_logger(__name__)

DOWN_PAUSE = 0.25
"""Seconds before a write is tried again at a PBX that is not connected."""
ALERT_LIFETIME = 30.0
"""Seconds that the PBX event of an alert may wait for the PBX."""
MAX_EARLY_TALKS = 1000
"""Talks remembered of calls that the feed has not begun."""


@dataclass(slots=True, eq=False)
class _Call:
    call_id: str
    queue: CallQueue
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    complained: set[Kind] = field(default_factory=set)


class WriteBack:
    """Writes to the agent's channel and softphone what the feed says about their call.

    All methods belong to the event loop's thread. :meth:`listener` and :meth:`talk` never block
    and never raise; one task for each call does the writing, so that a slow write delays
    nothing but the writes of its own call.

    A hint is worth writing until it expires; alerts of their own are put on the PBX's event bus
    and into the ``alert`` variable only, because what concerns the agent comes as a hint of
    priority 1 or 2 and must not be shown twice.

    Args:
        writer: Of the PBX.
        settings: What is written, and within which bounds.
    """

    def __init__(self, writer: PbxWriter, settings: WriteBackSettings) -> None:
        self._writer = writer
        self._settings = settings
        self._tally = Tally()
        self._calls: dict[str, _Call] = {}
        self._early: OrderedDict[str, TalkBegan] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._faults = 0

    def listener(self, event: CloudEvent) -> None:
        """An event of the feed (:meth:`rid_telephony.cti.feed.Feed.listen`)."""
        try:
            self._hear(event)
        except Exception:
            self._faults += 1
            log.exception("write_back_fault", call_id=event.subject, type=event.type)

    def talk(self, event: TalkEvent) -> None:
        """Agent and customer can hear each other, on these channels; or no longer."""
        call = self._calls.get(event.call_id)
        if isinstance(event, TalkPaused):
            self._early.pop(event.call_id, None)
            if call:
                call.queue.retarget()
            return
        if call:
            call.queue.retarget(event.agent, event.customer, event.endpoint)
            call.wake.set()
            return
        self._early[event.call_id] = event
        while len(self._early) > MAX_EARLY_TALKS:
            self._early.popitem(last=False)

    def stats(self) -> WriteBackStats:
        """The counts now."""
        return WriteBackStats(
            kinds=self._tally.snapshot(),
            waiting=self._waiting(),
            calls=len(self._calls),
            faults=self._faults,
        )

    async def close(self) -> None:
        """Write what waits, for at most ``timeout`` seconds, and end every task."""
        self._closed = True
        for call in self._calls.values():
            self._end(call)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._settings.timeout)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hear(self, event: CloudEvent) -> None:
        if self._closed:
            return
        call = self._calls.get(event.subject) or self._begin(event)
        if call is None:
            return
        now = asyncio.get_running_loop().time()
        match event.type:
            case "hint.offered":
                self._offer(call, event, now)
            case "hint.expired" | "hint.dismissed":
                call.queue.take_away(event.data["hint_id"], now)
            case "call.ended":
                self._end(call)
            case _:
                self._note(call, event, now)
        call.wake.set()

    def _begin(self, event: CloudEvent) -> _Call | None:
        """A call that starts now, or that a run before this one started and that goes on."""
        early = self._early.pop(event.subject, None)
        if event.type == "call.ended" or (early is None and event.type != "call.started"):
            return None
        call = _Call(event.subject, CallQueue(self._settings, self._tally))
        if early:
            call.queue.retarget(early.agent, early.customer, early.endpoint)
        self._calls[event.subject] = call
        name = f"write {event.subject}"
        task = asyncio.get_running_loop().create_task(self._work(call), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return call

    def _end(self, call: _Call) -> None:
        now = asyncio.get_running_loop().time()
        call.queue.end(now + self._settings.timeout)
        call.wake.set()

    def _offer(self, call: _Call, event: CloudEvent, now: float) -> None:
        hint = writeback_words.offered_hint(event)
        until = now + hint.lifetime
        line = writeback_text.display(hint.line)
        call.queue.show(hint.hint_id, hint.variables, line, now, until)
        if self._settings.message:
            script = hint.script if self._settings.message_script else ""
            text = writeback_text.message(hint.line, script)
            write = Write(Kind.MESSAGE, now, until, text=text, hint_id=hint.hint_id)
            self._add(call, write)
        if self._settings.user_event:
            fields = {**hint.fields, "channel": call.queue.agent_channel}
            name = writeback_words.HINT_EVENT
            write = Write(Kind.EVENT, now, until, name=name, values=fields, hint_id=hint.hint_id)
            self._add(call, write)

    def _note(self, call: _Call, event: CloudEvent, now: float) -> None:
        call.queue.set_state(writeback_words.state_variables(event), now)
        if self._settings.user_event and event.type in ("compliance.alert", "supervisor.alert"):
            fields = writeback_words.alert_fields(event)
            values = {**fields, "channel": call.queue.agent_channel}
            name = writeback_words.ALERT_EVENT
            self._add(call, Write(Kind.EVENT, now, now + ALERT_LIFETIME, name=name, values=values))

    def _add(self, call: _Call, write: Write) -> None:
        call.queue.add(write)
        if self._waiting() > self._settings.queue_total:
            max(self._calls.values(), key=lambda each: len(each.queue)).queue.drop_oldest()

    def _waiting(self) -> int:
        return sum(len(call.queue) for call in self._calls.values())

    async def _work(self, call: _Call) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                write = call.queue.take(loop.time())
                if write:
                    await self._perform(call, write)
                    continue
                if call.queue.ended and not len(call.queue):
                    return
                call.wake.clear()
                await _wait(call.wake, call.queue.pause(loop.time()))
        except Exception:
            self._faults += 1
            log.exception("write_back_fault", call_id=call.call_id)
        finally:
            self._calls.pop(call.call_id, None)

    async def _perform(self, call: _Call, write: Write) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._send(write)
        except PbxDownError:
            call.queue.put_back(write)
            await asyncio.sleep(DOWN_PAUSE)
        except (PbxTimeoutError, TimeoutError) as error:
            if call.queue.unanswered(write, PbxTimeoutError.code):
                self._complain(call, write, PbxTimeoutError.code, error)
        except PbxError as error:
            call.queue.failed(write, error.code)
            self._complain(call, write, error.code, error)
        except Exception as error:
            call.queue.failed(write, "internal")
            log.exception("write_back_fault", call_id=call.call_id, error=str(error))
        else:
            call.queue.delivered(write, loop.time())

    async def _send(self, write: Write) -> None:
        match write.kind:
            case Kind.MESSAGE:
                await self._writer.send_message(write.target, write.text)
            case Kind.VARIABLES:
                await self._writer.set_variables(write.target, write.values)
            case Kind.EVENT:
                await self._writer.emit(write.name, write.values)
            case Kind.DISPLAY:
                await self._writer.display(write.target, write.text)

    def _complain(self, call: _Call, write: Write, reason: str, error: Exception) -> None:
        """Say once for each call and kind that writes fail; the rest is counted."""
        if write.kind in call.complained:
            return
        call.complained.add(write.kind)
        log.warning(
            "write_back_failed",
            call_id=call.call_id,
            kind=write.kind.value,
            reason=reason,
            detail=str(error),
        )


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    """Until the event is set, at most so long; None waits for ever."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
