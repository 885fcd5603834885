"""``[asterisk]``: the PBX, the forks of its calls, and what is written back to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from rid_telephony.settings.section import Section
from rid_telephony.settings.writeback import WriteBackSettings


class AsteriskWriteBackSettings(WriteBackSettings):
    """``[asterisk.write_back]``: what agents and dialplans get to see; each can be off."""

    message_to: str = Field(default="pjsip:{endpoint}", pattern=r"^[^{}]*\{endpoint\}[^{}]*$")
    """Where messages go; ``{endpoint}`` is the agent's endpoint."""


class ForkSettings(Section):
    """``[asterisk.fork]``: how the PBX sends us the audio of a leg."""

    means: Literal["audiosocket", "unicast_rtp", "websocket"] = "audiosocket"
    """``audiosocket`` (Asterisk 18+), ``unicast_rtp`` (any) or ``websocket`` (22+).

    While Asterisk opens a WebSocket to us it holds up other calls: the last choice.
    """
    listen: str = "127.0.0.1"
    """Address that we listen on for the audio."""
    port: int = Field(default=9092, ge=0, le=65_535)
    """TCP port for AudioSocket and WebSocket; 0 takes a free one."""
    rtp_ports: tuple[int, int] = (40_000, 40_998)
    """UDP ports for UnicastRTP, first and last."""
    advertise: str = ""
    """Address that the PBX sends to, where it is not the one we listen on."""
    websocket_client: str = "rid"
    """Name of the connection in websocket_client.conf."""
    open_timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds that the PBX may take to send the first byte of a fork."""
    stall_timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds without a byte after which a fork is given up."""
    attempts: int = Field(default=5, ge=1, le=100)
    """How often a leg's fork is tried while the call goes on."""
    max_forks: int = Field(default=400, gt=0, le=10_000)
    """Forks at the same time; a call beyond them is not analysed, and its feed says so."""

    @field_validator("rtp_ports")
    @classmethod
    def _has_ports(cls, value: tuple[int, int]) -> tuple[int, int]:
        first, last = value
        if not 1024 <= first < last <= 65_535:
            raise ValueError("not the first and the last of some ports between 1024 and 65535")
        return value


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
    agent_pattern: str = r"^(?:\d{3,5}|agent.*)$"
    """Regular expression of the endpoints that are agents, where the dialplan does not say."""
    max_calls: int = Field(default=200, gt=0, le=10_000)
    """Calls analysed at the same time; more are not touched, and counted."""
    fork: ForkSettings = ForkSettings()
    write_back: AsteriskWriteBackSettings = AsteriskWriteBackSettings()

    @field_validator("backoff")
    @classmethod
    def _grows(cls, value: tuple[float, float]) -> tuple[float, float]:
        first, last = value
        if not 0 < first <= last <= 3600:
            raise ValueError("not two lengths of time above 0, the shorter one first")
        return value

    @field_validator("agent_pattern")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value
