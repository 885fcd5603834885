"""What the server is made of; the composition root fills it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rid_telephony.cti.access.access import Access
from rid_telephony.cti.callboard import CallBoard
from rid_telephony.cti.server.ports import Analyze, Archive, Control
from rid_telephony.explain.figures import Steps
from rid_telephony.settings.server import ServerSettings

if TYPE_CHECKING:
    from rid_telephony.cti.server.hub import Hub

Figures = Callable[[], Mapping[str, float]]
"""Operating figures of a part, named as in ``Control.figures``."""


@dataclass(frozen=True, slots=True)
class ServerParts:
    """Everything that the routers use; each gets it by ``make_router(parts)``.

    Attributes:
        settings: ``[server]``.
        hub: Hands events to subscribers.
        control: The calls in progress.
        access: Who may see and do what.
        archive: The store of events; None where nothing is kept.
        analyze: Text in, signals out; None where it is not offered.
        board: The calls in memory; None where nothing listens: then only the store's are told.
        steps: What labels follow from numbers, for explanations.
        figures: Further sources for ``/metrics`` beside ``control`` (the hub, the sinks).
        clock: Wall clock, seconds since the epoch.
    """

    settings: ServerSettings
    hub: Hub
    control: Control
    access: Access
    archive: Archive | None = None
    analyze: Analyze | None = None
    board: CallBoard | None = None
    steps: Steps = field(default_factory=Steps)
    figures: tuple[Figures, ...] = ()
    clock: Callable[[], float] = time.time
