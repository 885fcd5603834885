"""Pages of the store made ready to send, in a thread, without keeping the event loop waiting."""

from __future__ import annotations

import threading
import time

from rid_telephony.cti.server.encoding import Form, Line
from rid_telephony.cti.server.filters import Selection
from rid_telephony.cti.server.ports import Archive
from rid_telephony.cti.server.stream import Batch
from rid_telephony.store.pages import Page

TURN = 0.001
"""Seconds that a thread works on a page before the event loop gets its turn. Only one thread of a
Python process runs at a time, and the loop that serves calls asks in vain for up to 5 ms otherwise
(``sys.getswitchinterval``). A lower priority of the thread would make that worse: while it waits
for a core it keeps the interpreter."""
PAUSE = 0.0002
"""Seconds that it then sleeps; a shorter sleep ends before another thread is awake."""


class ArchiveReader:
    """Reads pages for subscribers; any number of threads may ask.

    They read the database side by side, and make lines of what they read one after another.

    Args:
        archive: The store.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._making = threading.Lock()

    def read(
        self, selection: Selection, after: int, until: int, limit: int, form: Form | None
    ) -> tuple[Batch, dict[str, str]]:
        """Events with ``after < cursor <= until``, and the queues of their calls where they matter.

        Args:
            selection: Which events.
            after: Cursor of the last event that the subscriber has.
            until: The last cursor to look at.
            limit: Events at most.
            form: A form to put them into, so that the event loop need not.

        Raises:
            StoreError: The store cannot be read.
        """
        page = self._archive.page(after, until, limit, selection.wanted())
        queues: dict[str, str] = {}
        if selection.needs_queue:
            queues = self._archive.queues(list({row.call_id for row in page.lines}))
        with self._making:
            lines = _made(page, selection, queues, form)
        return Batch(lines, page.lines[-1].cursor if page.more else until), queues


def admits(selection: Selection, line: Line, queue: str) -> bool:
    """Whether an event, of a call of that queue, is of the selection."""
    return selection.admits(line.type, line.tenant, line.agent, line.call_id, queue, line.left)


def _made(
    page: Page, selection: Selection, queues: dict[str, str], form: Form | None
) -> list[Line]:
    lines: list[Line] = []
    is_all = selection.is_all
    turn_ends = time.monotonic() + TURN
    for row in page.lines:
        line = Line(*row)
        if is_all or admits(selection, line, queues.get(line.call_id, "")):
            if form:
                line.form(form)
            lines.append(line)
        if time.monotonic() > turn_ends:
            time.sleep(PAUSE)
            turn_ends = time.monotonic() + TURN
    return lines
