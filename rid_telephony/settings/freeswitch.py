"""``[freeswitch]``: the PBX, the forks of its calls, and what is written back to it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from rid_telephony.settings.forks import ForkSettings
from rid_telephony.settings.patterns import Pattern
from rid_telephony.settings.section import Section
from rid_telephony.settings.writeback import WriteBackSettings

FreeSwitchMeans = Literal["audio_stream", "audio_fork", "eavesdrop", "fifo"]


class FreeSwitchWriteBackSettings(WriteBackSettings):
    """``[freeswitch.write_back]``: what agents and dialplans get to see; each can be off."""

    message_to: str = Field(default="{endpoint}", pattern=r"^[^{}]*\{endpoint\}[^{}]*$")
    """Whom messages go to, a user of ``domain``; ``{endpoint}`` is the agent's."""


class FreeSwitchForkSettings(ForkSettings):
    """``[freeswitch.fork]``: how the PBX sends us the audio of a leg."""

    means: FreeSwitchMeans = "audio_stream"
    """``audio_stream`` (mod_audio_stream), ``audio_fork`` (mod_audio_fork), ``eavesdrop`` (a stock
    FreeSWITCH, by SIP and RTP to us) or ``fifo`` (the same host; the last choice)."""
    port: int = Field(default=9093, ge=0, le=65_535)
    """TCP port for the WebSocket means, UDP port for SIP; 0 takes a free one."""
    profile: str = Field(default="internal", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """SIP profile through which ``eavesdrop`` calls us."""
    sip_peers: tuple[str, ...] = ()
    """IP addresses that ``eavesdrop`` may call from; when empty, any that knows a fork's id."""
    fifo_directory: Path = Path("/run/rid-telephony")
    """Where the named pipes of ``fifo`` are; both programs must reach it."""


class FreeSwitchSettings(Section):
    """The PBX. ``serve`` needs ``password`` (or a user's)."""

    enabled: bool = False
    """Connect to a FreeSWITCH; ``serve`` serves one PBX, this or ``[asterisk]``."""
    host: str = "127.0.0.1"
    """Event socket, address."""
    port: int = Field(default=8021, gt=0, le=65_535)
    """Event socket, port."""
    user: str = Field(default="", pattern=r"^(?:[^@:\s]+@[^@:\s]+)?$")
    """``user@domain`` for ``userauth``; the socket's own password when empty."""
    password: SecretStr = SecretStr("")
    """The password; better in RID_TELEPHONY_FREESWITCH__PASSWORD or ``password_file``."""
    password_file: Path | None = None
    """File whose first line is the password."""
    domain: str = ""
    """SIP domain of the agents, for messages; asked of the PBX when empty."""
    connect_timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds to connect and log in."""
    command_timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds that a command may take."""
    ping_interval: float = Field(default=5.0, gt=0, le=300)
    """Seconds of silence after which the PBX is asked whether it is alive."""
    backoff: tuple[float, float] = (0.5, 30.0)
    """Seconds before the first and (at most) before each later attempt to reconnect."""
    event_queue: int = Field(default=50_000, gt=0)
    """Events that may wait to be read; beyond it we reconnect and reconcile."""
    agent_pattern: Pattern = r"^(?:\d{3,5}|agent.*)$"
    """Regular expression of the users that are agents, where the dialplan does not say."""
    max_calls: int = Field(default=200, gt=0, le=10_000)
    """Calls analysed at the same time; more are not touched, and counted."""
    fork: FreeSwitchForkSettings = FreeSwitchForkSettings()
    write_back: FreeSwitchWriteBackSettings = FreeSwitchWriteBackSettings()
