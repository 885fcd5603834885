"""Live calls: what the PBX does becomes calls, forks and sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from rid_telephony.calls.book import CallBook
from rid_telephony.calls.messages import (
    CallEnded,
    CallHeld,
    CallRetrieved,
    CallStarted,
    TalkBegan,
    TalkEvent,
    TalkPaused,
)
from rid_telephony.calls.observations import Observation
from rid_telephony.media.messages import AudioFrame, SourceItem

log = structlog.get_logger(__name__)


class Forks(Protocol):
    """Keeps forks on the legs of the calls that are talked on."""

    def talk(self, event: TalkEvent) -> None:
        """Agent and customer hear each other, or no longer."""

    def ended(self, call_id: str) -> None:
        """The call is over."""

    def held(self, call_id: str) -> None:
        """A party put the other on hold."""

    def retrieved(self, call_id: str) -> None:
        """A hold is over."""

    def is_ours(self, channel: str) -> bool:
        """Whether a fork on this channel is wanted, or the channel is itself such a fork."""

    def pbx_up(self) -> None:
        """The PBX can be asked again."""


class Board(Protocol):
    """Runs the sessions (the switchboard)."""

    @property
    def calls(self) -> int:
        """Calls that are not over."""

    def accept(self, item: SourceItem) -> None:
        """Take the next item."""

    def degrade(self, call_id: str, reason: str, detail: str) -> None:
        """Something about a call is left out."""


class LiveCalls:
    """Takes observations, keeps the book, and drives forks, sessions and write-back by it.

    Args:
        book: Who talks with whom.
        board: The sessions.
        forks: The forks.
        on_talk: Told which channels a call has now; the write-back.
        name: Gives a call the id that it has on the feed (another one when that id was used by
            an earlier run).
        max_calls: Calls at the same time; more are not touched.
        overloaded: Whether this machine has more to recognise than it can.
    """

    def __init__(
        self,
        book: CallBook,
        board: Board,
        forks: Forks,
        on_talk: Callable[[TalkEvent], None],
        name: Callable[[str], str],
        max_calls: int,
        overloaded: Callable[[], bool],
    ) -> None:
        self._book = book
        self._board = board
        self._forks = forks
        self._on_talk = on_talk
        self._name = name
        self._max_calls = max_calls
        self._overloaded = overloaded
        self._names: dict[str, str] = {}
        self._closed = False
        self.is_pbx_up = False
        """Whether the PBX is connected."""
        self.counts: Counter[str] = Counter()
        """``calls``, ``refused`` (beyond ``max_calls``, or overloaded)."""

    def observe(self, observation: Observation) -> None:
        """The PBX did something."""
        if self._closed:
            return
        for event in self._book.observe(observation):
            self._act(event)

    def close(self) -> None:
        """We stop: nothing that the PBX does begins or changes a call any more."""
        self._closed = True

    def hear(self, frame: AudioFrame) -> None:
        """Audio of a fork."""
        self._board.accept(frame)

    def trouble(self, call_id: str, reason: str, detail: str) -> None:
        """A leg of a call cannot be heard."""
        self._board.degrade(call_id, reason, detail)

    def is_marked(self, channel: str) -> bool:
        """Whether this channel is marked for analysis already."""
        return self._book.marked(channel)

    def is_forked(self, channel: str) -> bool:
        """Whether a fork on this channel is wanted, or the channel is itself such a fork."""
        return self._forks.is_ours(channel)

    def pbx_up(self) -> None:
        """Connected, and the book is up to date."""
        self.is_pbx_up = True
        log.info("pbx_up", calls=self._board.calls)
        self._forks.pbx_up()

    def pbx_down(self, reason: str) -> None:
        """Not connected: calls and forks go on, nothing new is seen."""
        self.is_pbx_up = False
        log.warning("pbx_down", reason=reason, calls=self._board.calls)

    def _act(self, event: SourceItem | TalkEvent) -> None:
        if isinstance(event, CallStarted) and not self._admit(event):
            return
        name = self._names.get(event.call_id)
        if name is None:
            return
        if name != event.call_id:
            event = replace(event, call_id=name)
        if isinstance(event, TalkBegan | TalkPaused):
            self._forks.talk(event)
            self._on_talk(event)
            return
        self._board.accept(event)
        if isinstance(event, CallHeld):
            self._forks.held(event.call_id)
        elif isinstance(event, CallRetrieved):
            self._forks.retrieved(event.call_id)
        elif isinstance(event, CallEnded):
            self._forks.ended(event.call_id)
            self._names = {key: value for key, value in self._names.items() if value != name}

    def _admit(self, started: CallStarted) -> bool:
        full = self._board.calls >= self._max_calls
        if full or self._overloaded():
            self.counts["refused"] += 1
            reason = "max_calls" if full else "overloaded"
            log.warning("call_refused", call_id=started.call_id, reason=reason)
            return False
        self.counts["calls"] += 1
        self._names[started.call_id] = self._name(started.call_id)
        return True
