"""What comes from the event socket and who waits for it, in the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from rid_telephony.pbx.freeswitch.esl_protocol import Answer, Damaged, Greeting, Item, Lost
from rid_telephony.pbx.freeswitch.esl_stats import EslCounters
from rid_telephony.pbx.freeswitch.esl_wire import Frame
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.loglines import worth_a_log_line
from rid_telephony.pbx.messages import PbxDownError

log = structlog.get_logger(__name__)


class EslLink:
    """Gives events to the handler, answers to the commands, results to the background jobs.

    Args:
        on_event: Gets every event after :meth:`go_live`.
        counters: Where it counts.
        most_held: Events that may come before :meth:`go_live`.

    Attributes:
        greeted: Done when the peer has greeted, or the connection has ended.
        lost: Done when the connection has ended and what came before is handed on; tells why.
        outstanding: Commands whose answer has not come, given up or not.
    """

    def __init__(
        self, on_event: Callable[[EslEvent], None], counters: EslCounters, most_held: int
    ) -> None:
        loop = asyncio.get_running_loop()
        self._on_event = on_event
        self._counters = counters
        self._most_held = most_held
        self._held: deque[EslEvent] | None = deque()
        self._waiting: set[asyncio.Future[Frame]] = set()
        self._jobs: dict[str, asyncio.Future[str]] = {}
        self.outstanding = 0
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[PbxDownError] = loop.create_future()

    def command(self) -> asyncio.Future[Frame]:
        """A command that waits for its answer, to be given back to :meth:`forget`."""
        command: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting.add(command)
        self.outstanding += 1
        return command

    def forget(self, command: asyncio.Future[Frame]) -> None:
        """No longer wait for an answer; when it comes, it is thrown away."""
        self._waiting.discard(command)

    def job(self, uuid: str) -> asyncio.Future[str]:
        """The result of a background job, to be given back to :meth:`forget_job`."""
        result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._jobs[uuid] = result
        return result

    def forget_job(self, uuid: str) -> None:
        """No longer wait for a background job."""
        result = self._jobs.pop(uuid)
        if not result.cancelled() and not result.cancel():
            result.exception()  # known by the answer to the command already

    def go_live(self) -> None:
        """Hand on events from now on, those first that were held back."""
        held, self._held = self._held, None
        for event in held or ():
            self._on_event(event)

    def take(self, item: Item) -> None:
        """Handle what came next."""
        if self.lost.done():
            return
        if isinstance(item, EslEvent):
            self._take_event(item)
        elif isinstance(item, Answer):
            self.outstanding -= 1
            if not item.command.done():
                item.command.set_result(item.frame)
        elif isinstance(item, Greeting):
            if not self.greeted.done():
                self.greeted.set_result(None)
        elif isinstance(item, Damaged):
            self._count_damaged(item)
        else:
            self._end(item)

    def _take_event(self, event: EslEvent) -> None:
        if event.name == "BACKGROUND_JOB":
            result = self._jobs.get(event.get("Job-UUID"))
            if result is not None and not result.done():
                result.set_result(event.body)
        elif self._held is None:
            self._on_event(event)
        elif len(self._held) < self._most_held:
            self._held.append(event)
        else:
            self._end(Lost(PbxDownError(f"{self._most_held} events came before the login.")))

    def _count_damaged(self, item: Damaged) -> None:
        self._counters.malformed += 1
        count = self._counters.malformed
        if worth_a_log_line(count):
            log.warning("esl_malformed", pii_begins=repr(item.begins), count=count)

    def _end(self, item: Lost) -> None:
        self._counters.dropped += item.dropped
        why = item.why
        waits: list[asyncio.Future[Frame] | asyncio.Future[str]]
        waits = [*self._waiting, *self._jobs.values()]
        for waiting in waits:
            if not waiting.done():
                waiting.set_exception(PbxDownError(why.message, why.advice))
        if not self.greeted.done():
            self.greeted.set_result(None)
        self.lost.set_result(why)
