"""The feed on NATS JetStream: each event once, in order per call."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import structlog
from nats.errors import MaxPayloadError

from rid_telephony.cti.server.encoding import Line
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.sinks.nats_link import TROUBLE, NatsLink
from rid_telephony.cti.sinks.nats_subjects import message_id, subject
from rid_telephony.cti.sinks.runner import SinkRunner
from rid_telephony.pbx.backoff import Backoff
from rid_telephony.settings.server import NatsSettings
from rid_telephony.store.sinks import SinkStore

log = structlog.get_logger(__name__)

PATIENCE = 3.0
"""Seconds that the last events may take when we stop."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Pauses before an event is sent again, seconds."""
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


@dataclass(slots=True)
class NatsStats:
    """What became of the events."""

    published: int = 0
    duplicates: int = 0
    """Sent again, and recognised by the stream."""
    failed_attempts: int = 0
    refused: int = 0
    """Larger than the server takes: left out."""


class NatsSink:
    """Publishes every event to a JetStream stream and goes on when that acknowledged it.

    An event is sent until it is acknowledged, however long the server is away; ``Nats-Msg-Id`` is
    the CloudEvent's id, by which the stream drops what comes twice.

    Args:
        settings: ``[nats]``, with a URL.
        hub: Hands out the feed.
        store: Keeps the cursor; None where nothing is kept.
    """

    def __init__(self, settings: NatsSettings, hub: Hub, store: SinkStore | None) -> None:
        self._prefix = settings.subject_prefix
        self._hub = hub
        self._link = NatsLink(settings)
        self._linking: asyncio.Task[None] | None = None
        self._runner = SinkRunner("nats", hub, _everything, self._deliver, store)
        self.stats = NatsStats()

    async def start(self) -> None:
        """Begin where it stopped; the server may come later.

        Raises:
            StoreError: The cursor cannot be read.
        """
        await self._runner.start()
        self._linking = asyncio.create_task(self._link.run(), name="nats link")

    async def close(self, patience: float = PATIENCE) -> None:
        """Publish what is there, for so many seconds at most, and end; before the hub is closed.

        What is not published by then is, after the next start.
        """
        await self._runner.close(patience if self._link.is_up else 0)
        if self._linking:
            self._linking.cancel()
            await asyncio.gather(self._linking, return_exceptions=True)

    def figures(self) -> dict[str, float]:
        """Operating figures for ``/metrics``."""
        return {
            "nats_up": self._link.is_up,
            "nats_connections_total": self._link.connections,
            "nats_published_total": self.stats.published,
            "nats_duplicates_total": self.stats.duplicates,
            "nats_failed_attempts_total": self.stats.failed_attempts,
            "nats_refused_total": self.stats.refused,
            "nats_pending": self._runner.pending,
            "nats_behind": max(0, self._hub.cursor - self._runner.cursor),
        }

    async def _deliver(self, line: Line) -> None:
        where = subject(self._prefix, line.tenant, line.agent, line.type)
        event_id: str = json.loads(line.json)["id"]
        headers = {"Nats-Msg-Id": message_id(event_id), "Content-Type": CONTENT_TYPE}
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            try:
                answer = await self._link.publish(where, line.json, headers)
            except MaxPayloadError:
                self.stats.refused += 1
                log.error("nats_event_too_large", cursor=line.cursor, bytes=len(line.json))
                return
            except TROUBLE as error:
                self._note_failure(error)
                await asyncio.sleep(backoff.after_failure())
                continue
            self.stats.published += 1
            self.stats.duplicates += bool(answer.duplicate)
            return

    def _note_failure(self, error: BaseException) -> None:
        self.stats.failed_attempts += 1
        if self._link.is_up:
            text = str(error) or type(error).__name__
            log.warning("nats_not_acknowledged", error=text)


def _everything(_line: Line) -> bool:
    return True
