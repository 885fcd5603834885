"""Makes the sinks of the settings; the libraries they need are asked for only then."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from rid_telephony.cti.server.hub import Hub
from rid_telephony.errors import SettingsError
from rid_telephony.settings.server import NatsSettings, WebhookSettings
from rid_telephony.store.sinks import SinkStore

if TYPE_CHECKING:
    from rid_telephony.cti.sinks.nats_sink import NatsSink
    from rid_telephony.cti.sinks.webhooks import Webhooks


def make_webhooks(settings: WebhookSettings, hub: Hub, store: SinkStore | None) -> Webhooks | None:
    """The webhooks; None where there is no target.

    Raises:
        SettingsError: What webhooks need is not installed.
    """
    if not settings.targets:
        return None
    try:
        from rid_telephony.cti.sinks.webhooks import Webhooks  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise missing(error, "[webhooks] targets", "server") from error
    return Webhooks(settings, hub, store)


def make_nats(settings: NatsSettings, hub: Hub, store: SinkStore | None) -> NatsSink | None:
    """The NATS sink; None where there is no URL.

    Raises:
        SettingsError: What it, or a credentials file, needs is not installed.
    """
    if not settings.url:
        return None
    try:
        from rid_telephony.cti.sinks.nats_sink import NatsSink  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise missing(error, "[nats] url", "server,nats") from error
    if settings.credentials and find_spec("nkeys") is None:
        raise SettingsError(
            "[nats] credentials is set, but nkeys is not installed.",
            "Run: pip install 'nats-py[nkeys]'",
        )
    return NatsSink(settings, hub, store)


def missing(error: ModuleNotFoundError, key: str, extra: str) -> SettingsError:
    """Says which extra is to be installed."""
    return SettingsError(
        f"{key} is set, but {error.name} is not installed.",
        f"Run: pip install 'rid-telephony[{extra}]'",
    )
