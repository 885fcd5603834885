"""``[server]``, ``[webhooks]`` and ``[nats]``: the feed's server and its sinks."""

from __future__ import annotations

import base64
import ipaddress
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from rid_telephony.settings.section import Section

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Addresses that only this machine reaches."""

Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")]
"""As a browser sends it: lower case, no path. Every origin (``*``) cannot be allowed, since
cookies go with the requests."""


class ServerSettings(Section):
    """The HTTP and WebSocket server of the feed, the agent panel and the console."""

    enabled: bool = True
    """False: ``serve`` opens no port."""
    host: str = "127.0.0.1"
    """Address to bind to. Another than loopback needs ``require_token``."""
    port: int = Field(default=8787, ge=0, le=65535)
    """0 takes any free port."""
    require_token: bool = True
    """False answers everybody who reaches the port; allowed on loopback only."""
    tls_certificate: Path | None = None
    """PEM file; with ``tls_key`` the server speaks https and wss."""
    tls_key: Path | None = None
    cors_origins: tuple[Origin, ...] = ()
    """Origins of pages (a CRM, a softphone) that embed the panel, such as
    ``https://crm.bank.example``. Also the origins whose WebSockets are let in beside our own."""
    max_connections: int = Field(default=500, gt=0)
    """Subscribers at the same time."""
    max_body_bytes: int = Field(default=262_144, gt=0)
    """Largest request body."""
    ticket_seconds: float = Field(default=60.0, gt=0, le=3600)
    """How long a browser may take to exchange its ticket."""
    session_hours: float = Field(default=12.0, gt=0, le=168)
    """Life of a browser's cookie."""
    ping_seconds: float = Field(default=15.0, gt=0)
    """Silence after which a subscriber is pinged (SSE: a comment)."""
    send_timeout: float = Field(default=20.0, gt=0)
    """Seconds that a subscriber may take for one write before it is let go."""
    contexts: int = Field(default=20_000, gt=0)
    """Contexts that the CRM gave before a call and that wait for it."""
    context_hours: float = Field(default=12.0, gt=0, le=168)
    """How long they wait."""
    feedback_minutes: float = Field(default=10.0, ge=0, le=120)
    """How long after a call its hints can still be judged."""
    recordings_dir: Path | None = None
    """Stereo WAV files named ``<call id>.wav`` (customer left, agent right), played by the call
    review; none where None."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.require_token and self.host not in LOOPBACK:
            raise ValueError("require_token = false is allowed on a loopback address only")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key are needed together")
        return self


class WebhookTarget(Section):
    """One address that gets events by POST."""

    name: str = Field(pattern=r"^[a-z0-9_-]{1,40}$")
    """Names it in the log, in the metrics and in the dead letters."""
    url: str
    """https, or http to an address of ``allowed_hosts``."""
    secret: SecretStr
    """``whsec_`` and the base64 of 24 to 64 bytes (Standard Webhooks)."""
    types: tuple[str, ...] = ()
    """Event types, ``*`` for any characters; all where empty."""
    tenants: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    @field_validator("url")
    @classmethod
    def _addressable(cls, url: str) -> str:
        if not url.isprintable() or " " in url:
            raise ValueError("a URL has no blanks or control characters in it")
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError("a URL such as https://crm.bank.example/rid is needed")
        if parts.username is not None or parts.password is not None:
            raise ValueError("no user or password in the URL: the signature says who we are")
        if parts.fragment or (parts.port is not None and not parts.port):
            raise ValueError("no fragment, and no port 0")
        return url

    @field_validator("secret")
    @classmethod
    def _strong(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        try:
            key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
            raise ValueError(
                "whsec_ and the base64 of 24 to 64 random bytes:"
                ' echo "whsec_$(openssl rand -base64 32)"'
            )
        return secret


class WebhookSettings(Section):
    """Webhooks (https://www.standardwebhooks.com)."""

    targets: tuple[WebhookTarget, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    """Hosts, or networks such as ``10.20.0.0/16``, that may be reached though their address is
    private. Public addresses need no entry; loopback, link-local and metadata addresses always
    do."""
    timeout: float = Field(default=10.0, gt=0, le=60)
    """Seconds for one attempt."""
    attempts: int = Field(default=8, ge=1, le=30)
    """Attempts before an event becomes a dead letter."""
    first_pause: float = Field(default=1.0, gt=0)
    longest_pause: float = Field(default=300.0, gt=0)
    """Pauses double from the first to the longest, each with full jitter."""
    dead_letters: int = Field(default=100_000, gt=0)
    """Dead letters kept; the oldest go first."""

    @field_validator("targets")
    @classmethod
    def _named_apart(cls, targets: tuple[WebhookTarget, ...]) -> tuple[WebhookTarget, ...]:
        if len({target.name for target in targets}) < len(targets):
            raise ValueError("two targets have the same name")
        return targets

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if "/" in host:
                ipaddress.ip_network(host, strict=False)
            elif not host or not host.isprintable() or set(host) & set(" @*"):
                raise ValueError(f"{host!r} is neither a host, an address nor a network")
        return hosts


class NatsSettings(Section):
    """NATS JetStream."""

    url: str = ""
    """``nats://host:4222``, or ``tls://``, several by comma; nothing is sent where empty."""
    stream: str = "RID"
    """Stream that holds ``<subject_prefix>.>``; made where it is missing."""
    subject_prefix: str = Field(default="rid", pattern=r"^[A-Za-z0-9_-]+$")
    credentials: Path | None = None
    """NATS credentials file."""
    duplicate_window: float = Field(default=600.0, gt=0)
    """Seconds in which the stream recognises an event that is sent again."""
    max_age_hours: float = Field(default=168.0, gt=0)
    """How long a stream that we make keeps events."""
    publish_timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds to wait for an acknowledgement before an event is sent again."""
