"""All webhook targets of the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict

from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.sinks.addresses import AddressPolicy
from rid_telephony.cti.sinks.webhook_sender import WebhookSender
from rid_telephony.cti.sinks.webhook_target import Target, TargetStats
from rid_telephony.settings.server import WebhookSettings, WebhookTarget
from rid_telephony.store.sinks import SinkStore

PATIENCE = 3.0
"""Seconds that the last events may take when we stop."""


class Webhooks:
    """Sends events to every target; none of them waits for another.

    Args:
        settings: ``[webhooks]``.
        hub: Hands out the feed.
        store: Keeps cursors and dead letters; None where nothing is kept.
    """

    def __init__(self, settings: WebhookSettings, hub: Hub, store: SinkStore | None) -> None:
        policy = AddressPolicy(settings.allowed_hosts)
        self._hub = hub
        self._targets = {
            target.name: Target(
                target, settings, hub, WebhookSender(target, policy, settings.timeout), store
            )
            for target in settings.targets
        }

    async def start(self) -> None:
        """Begin, each target where it stopped.

        Raises:
            StoreError: A cursor cannot be read.
        """
        for target in self._targets.values():
            await target.start()

    async def close(self, patience: float = PATIENCE) -> None:
        """Deliver what is there, for so many seconds at most, and end; before the hub is closed.

        What is not delivered by then is, after the next start.
        """
        await asyncio.gather(*(target.close(patience) for target in self._targets.values()))

    @property
    def stats(self) -> Mapping[str, TargetStats]:
        """What became of the events, by target."""
        return {name: target.stats for name, target in self._targets.items()}

    def figures(self) -> dict[str, float]:
        """Operating figures for ``/metrics``, all targets together and each by its name."""
        figures: dict[str, float] = {}
        for name, target in self._targets.items():
            counts = asdict(target.stats)
            disabled = counts.pop("disabled")
            own = {f"{count}_total": value for count, value in counts.items()}
            own |= {
                "disabled": disabled,
                "pending": target.pending,
                "behind": max(0, self._hub.cursor - target.cursor),
            }
            for figure, value in own.items():
                figures[f"webhook_{name.replace('-', '_')}_{figure}"] = value
                figures[f"webhooks_{figure}"] = figures.get(f"webhooks_{figure}", 0) + value
        return figures


def sender_for(target: WebhookTarget, settings: WebhookSettings) -> WebhookSender:
    """A sender for one target alone, for the command line."""
    return WebhookSender(target, AddressPolicy(settings.allowed_hosts), settings.timeout)
