"""A real server with real calls that a test plays; it runs in a thread beside the browser."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from call_kit import Floor, guide
from profile_replay import agent_signals

from rid_telephony.app import RidGuide
from rid_telephony.calls.messages import (
    CallAnswered,
    CallStarted,
    CallTransferred,
    CustomerContext,
    Direction,
    Leg,
    Party,
)
from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.access.tokens import TokenBook
from rid_telephony.cti.envelope import CloudEvent
from rid_telephony.networked import NetworkOutlets
from rid_telephony.outlets import Desk
from rid_telephony.rid.messages import AgentSignals, Finding
from rid_telephony.settings import Settings
from rid_telephony.settings.server import ServerSettings
from rid_telephony.store.access import AccessStore
from rid_telephony.store.events import EventStore

T = TypeVar("T")
LONGEST = 60.0


class Theatre:
    """Calls on a feed, their store, and the server of it all, as ``serve`` puts them together.

    Args:
        folder: For the database.
        coaching: Profile model and playbook; the shipped ones, deaf to must-say items, by default.
        settings: Of ``[server]``.
    """

    def __init__(self, folder: Path, coaching: RidGuide | None = None, **settings: Any) -> None:
        self._given = {"port": 0, "require_token": False, **settings}
        self.database = f"sqlite:///{folder / 'theatre.sqlite'}"
        self.store = EventStore(self.database)
        self.floor = Floor(log=self.store, coaching=coaching or guide())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="theatre")
        self._outlets: NetworkOutlets | None = None
        self.url = ""

    def __enter__(self) -> Theatre:
        self._thread.start()
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LONGEST)
        self._loop.close()
        self.store.close()

    def open(self) -> None:
        """Start the server; after :meth:`close` on the same port."""
        self._await(self._open)
        port = int(self.url.rpartition(":")[2])
        self._given["port"] = port

    def close(self) -> None:
        """Stop the server; the calls go on."""
        outlets, self._outlets = self._outlets, None
        if outlets:
            self._await(outlets.close)

    def do(self, action: Callable[[Floor], T]) -> T:
        """Let something happen to the calls."""

        async def act() -> T:
            return action(self.floor)

        return self._await(act)

    def token(self, *rights: Right, scope: Scope | None = None) -> str:
        """A new token."""
        access = AccessStore(self.database)
        try:
            book = TokenBook(access)
            name = f"t{len(book.list())}"
            given = frozenset(rights or Right)
            return book.make(name, given, scope or Scope(), time.time(), None)[0]
        finally:
            access.close()

    def begin(
        self,
        call_id: str,
        agent: str = "1001",
        *,
        customer: str = "王小明",
        ago: float = 0.0,
        context: CustomerContext | None = None,
    ) -> None:
        """A call that began a while ago is answered."""
        legs = (
            Leg(Party.AGENT, f"{call_id}-a", agent),
            Leg(Party.CUSTOMER, f"{call_id}-b", "13900000001", customer),
        )
        began = datetime.now(UTC) - timedelta(seconds=ago)
        started = CallStarted(
            call_id,
            began,
            Direction.OUTBOUND,
            legs,
            context=context or CustomerContext(),
            agent=agent,
            queue="wealth",
        )
        self.do(lambda floor: (floor.do(started), floor.do(CallAnswered(call_id, 0.0))))

    def doubted(self, call_id: str) -> CloudEvent:
        """The customer doubts; the hint that it brings."""
        self.do(lambda floor: floor.doubted(call_id))
        return self.last("hint.offered")

    def promised(self, call_id: str, words: str = "您放心，保本的") -> CloudEvent:
        """The agent says what must not be said; the alert that it brings."""
        finding = Finding("rule", "guarantee_stated", "critical", 1.0, words, (0, len(words)))
        signals = AgentSignals(agent_signals().act, (finding,))
        self.do(lambda floor: floor.say(Party.AGENT, words, signals, call_id))
        return self.last("compliance.alert")

    def transferred(self, call_id: str, agent: str) -> None:
        """The customer goes on with another agent."""
        leg = Leg(Party.AGENT, f"{call_id}-{agent}", agent)
        self.do(lambda floor: floor.do(CallTransferred(call_id, 1.0, leg, agent)))

    def last(self, event_type: str) -> CloudEvent:
        """The latest event of a type."""
        return self.do(lambda floor: floor.last(event_type))

    def stored(self, call_id: str, types: Iterable[str]) -> list[CloudEvent]:
        """What the store has of a call."""
        self._await(self._settled)
        return [event for event in self.store.events_of(call_id) if event.type in set(types)]

    async def _settled(self) -> None:
        end = time.monotonic() + LONGEST
        newest = self.floor.feed.cursor
        while self.store.last_cursor() < newest and time.monotonic() < end:
            await asyncio.sleep(0.02)

    async def _open(self) -> None:
        settings = Settings(server=ServerSettings(**self._given))
        floor = self.floor
        desk = Desk(floor.control, floor.board, lambda record: record)
        self._outlets = NetworkOutlets(settings, floor.feed, self.store, self.database, desk)
        await self._outlets.start()
        self.url = self._outlets.console.removesuffix("/console/")

    def _await(self, work: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(LONGEST)
