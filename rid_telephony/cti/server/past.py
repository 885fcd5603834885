"""Calls out of the board and out of the store, as far as a bearer may see them."""

from __future__ import annotations

from collections import OrderedDict

import structlog

from rid_telephony.cti.access.scope import Principal, Scope, matches
from rid_telephony.cti.callboard import CallBoard
from rid_telephony.cti.callfold import ALL_TYPES, CallFold, folded
from rid_telephony.cti.calltelling import headline
from rid_telephony.cti.callview import CallHeadline
from rid_telephony.cti.server.ports import Archive
from rid_telephony.cti.threads import in_thread
from rid_telephony.errors import StoreError

log = structlog.get_logger(__name__)

MAX_REMEMBERED = 2000
"""Headlines of stored calls that are kept, so that a list is not read from the disk again."""
MAX_LOOKED_AT = 200
"""Stored calls that are looked at for one list."""


class PastCalls:
    """Finds calls that are over, and those that go on.

    Args:
        board: The calls in memory; None where nothing listens.
        archive: The store; None where nothing is kept.
    """

    def __init__(self, board: CallBoard | None, archive: Archive | None) -> None:
        self._board = board or CallBoard()
        self._archive = archive
        self._headlines: OrderedDict[tuple[str, int, frozenset[str]], CallHeadline] = OrderedDict()

    def live(self, who: Principal) -> list[CallHeadline]:
        """The calls that go on, the newest first."""
        return self._visible(self._board.live, who)

    async def ended(self, who: Principal, limit: int) -> list[CallHeadline]:
        """The latest calls that are over, the newest first.

        Of those in memory alone where the store cannot be read: a wallboard must go on.
        """
        if self._archive:
            going_on = {fold.last.subject for fold in self._board.live}
            try:
                return await in_thread(self._stored, self._archive, who, limit, going_on)
            except StoreError as error:
                log.warning("store_not_read", error=str(error))
        return self._visible(self._board.ended, who)[:limit]

    async def find(self, call_id: str, who: Principal) -> CallFold | None:
        """A call; None where there is none, or none that may be seen.

        Raises:
            StoreError: The store cannot be read.
        """
        fold = self._board.find(call_id)
        if fold is None and self._archive:
            events = await in_thread(self._archive.events_of, call_id)
            fold = await in_thread(folded, events)
        if fold is None or not covers(who.scope, fold):
            return None
        return fold

    def _visible(self, folds: list[CallFold], who: Principal) -> list[CallHeadline]:
        seen = types_seen(who.scope)
        return [headline(fold, seen) for fold in folds if covers(who.scope, fold)]

    def _stored(
        self, archive: Archive, who: Principal, limit: int, going_on: set[str]
    ) -> list[CallHeadline]:
        """Runs in a thread; the board belongs to the loop and is not touched here."""
        seen = types_seen(who.scope)
        found: list[CallHeadline] = []
        for call in archive.calls(MAX_LOOKED_AT):
            if call.call_id in going_on:
                continue
            line = self._headline(archive, call.call_id, call.events, seen)
            if line and who.scope.covers(line.tenant, line.agent, line.queue):
                found.append(line)
            if len(found) == limit:
                break
        return found

    def _headline(
        self, archive: Archive, call_id: str, events: int, seen: frozenset[str]
    ) -> CallHeadline | None:
        key = (call_id, events, seen)
        known = self._headlines.get(key)
        if known:
            return known
        fold = folded(archive.events_of(call_id))
        if fold is None:
            return None
        self._headlines[key] = line = headline(fold, seen)
        if len(self._headlines) > MAX_REMEMBERED:
            self._headlines.popitem(last=False)
        return line


def types_seen(scope: Scope) -> frozenset[str]:
    """Event types that a scope lets see."""
    return frozenset(one for one in ALL_TYPES if matches(one, scope.types))


def covers(scope: Scope, fold: CallFold) -> bool:
    """Whether a scope covers a call, by its latest agent."""
    return scope.covers(fold.last.tenant, fold.last.agent, fold.queue)
