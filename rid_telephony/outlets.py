"""Decides what the feed leaves by over the network, where the libraries for it are installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from rid_telephony.cti.callboard import CallBoard
from rid_telephony.cti.feed import Feed
from rid_telephony.cti.server.ports import Analyze, Control
from rid_telephony.errors import SettingsError
from rid_telephony.settings import Settings
from rid_telephony.store.events import EventStore

if TYPE_CHECKING:
    from rid_telephony.networked import NetworkOutlets

log = structlog.get_logger(__name__)

INSTALL = "pip install 'rid-telephony[server]'"


@dataclass(frozen=True, slots=True)
class Desk:
    """The calls, as the server sees them.

    Attributes:
        control: What can be asked of them.
        board: What is to be seen of them.
        analyze: Text in, signals out.
    """

    control: Control
    board: CallBoard
    analyze: Analyze


def make_outlets(
    settings: Settings, feed: Feed, store: EventStore | None, url: str, desk: Desk
) -> NetworkOutlets | None:
    """The outlets that the settings want; None where they want none, or none can be had.

    Where the libraries are missing, that is an error only if the settings ask for something that
    needs them; see :func:`asked_for`.

    Raises:
        SettingsError: Something is wrong with a setting, or what it needs is not installed.
        StoreError: The database cannot be opened.
    """
    sinks = settings.webhooks.targets or settings.nats.url
    if not (settings.server.enabled or sinks):
        return None
    try:
        # An extra: sites that only write back to the PBX do without it.
        from rid_telephony.networked import NetworkOutlets  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "rid_telephony":
            raise
        if asked_for(settings):
            raise SettingsError(
                f"[server], [webhooks] or [nats] is set, but {error.name} is not installed.",
                f"Run: {INSTALL}",
            ) from error
        log.warning("feed_server_not_installed", missing=error.name, install=INSTALL)
        return None
    return NetworkOutlets(settings, feed, store, url, desk)


def asked_for(settings: Settings) -> bool:
    """Whether somebody asked for an outlet: a section ``[server]``, webhooks or NATS.

    The server also runs where nobody did; then calls do not wait for what it lacks.
    """
    server = settings.server.enabled and "server" in settings.model_fields_set
    return bool(server or settings.webhooks.targets or settings.nats.url)
