"""``[asterisk]``: the PBX, the forks of its calls, and what is written back to it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from rid_telephony.settings.forks import ForkSettings
from rid_telephony.settings.patterns import Pattern
from rid_telephony.settings.section import Section
from rid_telephony.settings.writeback import WriteBackSettings


class AsteriskWriteBackSettings(WriteBackSettings):
    """``[asterisk.write_back]``: what agents and dialplans get to see; each can be off."""

    message_to: str = Field(default="pjsip:{endpoint}", pattern=r"^[^{}]*\{endpoint\}[^{}]*$")
    """Where messages go; ``{endpoint}`` is the agent's endpoint."""


class AsteriskForkSettings(ForkSettings):
    """``[asterisk.fork]``: how the PBX sends us the audio of a leg."""

    means: Literal["audiosocket", "unicast_rtp", "websocket"] = "audiosocket"
    """``audiosocket`` (Asterisk 18+), ``unicast_rtp`` (any) or ``websocket`` (22+).

    While Asterisk opens a WebSocket to us it holds up other calls: the last choice.
    """
    port: int = Field(default=9092, ge=0, le=65_535)
    """TCP port for AudioSocket and WebSocket; 0 takes a free one."""
    websocket_client: str = "rid"
    """Name of the connection in websocket_client.conf."""


class AsteriskSettings(Section):
    """The PBX. ``serve`` needs ``username`` and ``secret``."""

    host: str = "127.0.0.1"
    """Manager interface, address."""
    port: int = Field(default=5038, gt=0, le=65_535)
    """Manager interface, port."""
    username: str = ""
    """Manager user (manager.conf)."""
    secret: SecretStr = SecretStr("")
    """Its secret; better in RID_TELEPHONY_ASTERISK__SECRET or ``secret_file``."""
    secret_file: Path | None = None
    """File whose first line is the secret."""
    tls: bool = False
    """Connect with TLS (``tlsenable`` in manager.conf)."""
    tls_ca: Path | None = None
    """CA certificates to check the PBX's certificate against; the system's when empty."""
    connect_timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds to connect and log in."""
    action_timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds that an action may take."""
    ping_interval: float = Field(default=5.0, gt=0, le=300)
    """Seconds of silence after which the PBX is asked whether it is alive."""
    backoff: tuple[float, float] = (0.5, 30.0)
    """Seconds before the first and (at most) before each later attempt to reconnect."""
    event_queue: int = Field(default=50_000, gt=0)
    """Events that may wait to be read; beyond it we reconnect and reconcile."""
    agent_pattern: Pattern = r"^(?:\d{3,5}|agent.*)$"
    """Regular expression of the endpoints that are agents, where the dialplan does not say."""
    max_calls: int = Field(default=200, gt=0, le=10_000)
    """Calls analysed at the same time; more are not touched, and counted."""
    fork: AsteriskForkSettings = AsteriskForkSettings()
    write_back: AsteriskWriteBackSettings = AsteriskWriteBackSettings()

    @field_validator("backoff")
    @classmethod
    def _grows(cls, value: tuple[float, float]) -> tuple[float, float]:
        first, last = value
        if not 0 < first <= last <= 3600:
            raise ValueError("not two lengths of time above 0, the shorter one first")
        return value
