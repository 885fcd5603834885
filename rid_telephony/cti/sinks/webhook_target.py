"""One webhook target: retries, waits when it is asked to, keeps what it does not take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from rid_telephony.cti.server.encoding import Line
from rid_telephony.cti.server.filters import Selection
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.sinks.runner import SinkHalted, SinkRunner
from rid_telephony.cti.sinks.webhook_sender import (
    MAX_CONNECTIONS,
    Attempt,
    Verdict,
    WebhookSender,
)
from rid_telephony.pbx.backoff import Backoff
from rid_telephony.settings.server import WebhookSettings, WebhookTarget
from rid_telephony.store.dead_letters import Undelivered
from rid_telephony.store.sinks import SinkStore

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class TargetStats:
    """What became of the events for a target."""

    delivered: int = 0
    failed_attempts: int = 0
    dead: int = 0
    """Became dead letters."""
    lost: int = 0
    """Given up where no store keeps dead letters."""
    disabled: int = 0
    """1 after a 410."""


class Target:
    """Sends one target the events that it wants; those of one call one after the other.

    Args:
        target: Which.
        settings: Attempts and pauses.
        hub: Hands out the feed.
        sender: Makes one attempt.
        store: Keeps the cursor and the dead letters; None where nothing is kept.
    """

    def __init__(
        self,
        target: WebhookTarget,
        settings: WebhookSettings,
        hub: Hub,
        sender: WebhookSender,
        store: SinkStore | None,
    ) -> None:
        self._name = target.name
        self._wanted = Selection(target.types, target.agents, target.tenants)
        self._settings = settings
        self._sender = sender
        self._store = store
        self._runner = SinkRunner(f"webhook:{self._name}", hub, self.wants, self._deliver, store)
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._not_before = 0.0
        self._failing = False
        self.stats = TargetStats()

    @property
    def pending(self) -> int:
        """Events in memory that are not delivered."""
        return self._runner.pending

    @property
    def cursor(self) -> int:
        """All up to here is done."""
        return self._runner.cursor

    def wants(self, line: Line) -> bool:
        """Whether the target is to get an event; every ``feed.gap`` is for all."""
        return line.type == "feed.gap" or self._wanted.admits(
            line.type, line.tenant, line.agent, line.call_id, "", line.left
        )

    async def start(self) -> None:
        """Begin where it stopped.

        Raises:
            StoreError: The cursor cannot be read.
        """
        await self._runner.start()

    async def close(self, patience: float) -> None:
        """Deliver what is there, for so many seconds at most, and end."""
        await self._runner.close(patience)
        await self._sender.close()

    async def _deliver(self, line: Line) -> None:
        settings = self._settings
        backoff = Backoff(settings.first_pause, settings.longest_pause)
        reason = ""
        for left in range(settings.attempts - 1, -1, -1):
            attempt = await self._try(line)
            if attempt.verdict is Verdict.DELIVERED:
                self._note_success()
                return
            if attempt.verdict is Verdict.GONE:
                self.stats.disabled = 1
                raise SinkHalted(f"{self._name} answered 410 Gone: it wants no more.")
            reason = attempt.reason
            self._note_failure(attempt)
            if left:
                await asyncio.sleep(backoff.after_failure())
        await self._bury(line, reason)

    async def _try(self, line: Line) -> Attempt:
        loop = asyncio.get_running_loop()
        while (wait := self._not_before - loop.time()) > 0:
            await asyncio.sleep(wait)
        # A call that waits for its next attempt holds no slot: others go on.
        async with self._slots:
            return await self._sender.send(line.json.decode())

    def _note_success(self) -> None:
        self.stats.delivered += 1
        if self._failing:
            self._failing = False
            log.info("webhook_recovered", target=self._name, waiting=self.pending)

    def _note_failure(self, attempt: Attempt) -> None:
        self.stats.failed_attempts += 1
        if attempt.wait:
            asked = asyncio.get_running_loop().time() + attempt.wait
            self._not_before = max(self._not_before, asked)
        if not self._failing:
            self._failing = True
            log.warning("webhook_failing", target=self._name, reason=attempt.reason)

    async def _bury(self, line: Line, reason: str) -> None:
        attempts = self._settings.attempts
        told = {"target": self._name, "cursor": line.cursor, "type": line.type, "reason": reason}
        if self._store is None:
            self.stats.lost += 1
            log.error("webhook_event_lost", attempts=attempts, **told)
            return
        letter = Undelivered(
            self._name,
            attempts,
            reason,
            line.call_id,
            line.type,
            line.cursor,
            line.json.decode(),
        )
        # Where the store refuses, the runner begins again at this event.
        await asyncio.to_thread(self._store.letters.add, letter)
        self.stats.dead += 1
        log.error("webhook_dead_letter", attempts=attempts, **told)
