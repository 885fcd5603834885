"""Asks FreeSWITCH for a copy of what one leg's party says.

By the means that is set; what each sends us is said in the media listeners.

=================  =========================================================================
``audio_stream``   ``uuid_audio_stream <uuid> start ws://host:port/<fork> mono 8k``
``audio_fork``     ``uuid_audio_fork <uuid> start ws://host:port/<fork> mono 8k <bugname>``
``eavesdrop``      ``originate {…}sofia/<profile>/rid@host:port &eavesdrop(<uuid>)``
``fifo``           ``uuid_record <uuid> start <pipe> 0 {…}``
=================  =========================================================================

All are passive: the call neither waits for the copy nor hears it. The modules do not reconnect,
so that what was there is stopped before another starts. mod_audio_stream knows one stream of a leg
only: one that another program has put there must make room for ours.
Everything goes by ``bgapi``: an ``api`` that takes its time holds up the events of the connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from rid_telephony.media.fifopipe import pipe_path
from rid_telephony.media.forks import Destination
from rid_telephony.pbx.messages import Fork, PbxError, PbxRefusedError
from rid_telephony.settings.freeswitch import FreeSwitchForkSettings

_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{7,127}")
"""Unique ids: UUIDs, or (``inbound-use-callid-as-uuid``) a SIP Call-ID, which the caller chooses.
``&eavesdrop(all)`` would listen to every call; what is shorter than 8 is none of ours."""
_FORK = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")

_MODULES = {
    "audio_stream": "mod_audio_stream is not loaded: install it and add it to modules.conf.xml.",
    "audio_fork": "mod_audio_fork is not loaded: install it and add it to modules.conf.xml.",
    "eavesdrop": "mod_commands, mod_dptools or mod_sofia is not loaded.",
    "fifo": "mod_commands is not loaded.",
}
_ADVICE = {
    "audio_stream": "Is the leg answered? FreeSWITCH's log says more.",
    "audio_fork": "Is the leg answered? FreeSWITCH's log says more.",
    "eavesdrop": "Can FreeSWITCH reach advertise of [freeswitch.fork] by SIP from its profile?",
    "fifo": "May FreeSWITCH write to fifo_directory of [freeswitch.fork]? Is mod_sndfile loaded?",
}

_RECORDING = (
    "{RECORD_STEREO=true,RECORD_STEREO_SWAP=false,RECORD_APPEND=false,RECORD_HANGUP_ON_ERROR=false,"
    "enable_file_write_buffering=false,RECORD_PRE_BUFFER_FRAMES=1}"
)
"""The dialplan's own recording may have set others of these on the channel."""


class EventSocket(Protocol):
    """The part of the event socket client that forks need."""

    async def bgapi(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        """Have a command done, and wait until it has been."""


class FreeSwitchForks:
    """A ``ForkDriver`` for FreeSWITCH.

    What concerns one leg is done in the order in which it was asked for, also when whoever asked
    waits no longer: FreeSWITCH does background jobs at the same time, and a ``stop`` that
    overtakes its ``start`` would leave the copy running.

    Args:
        client: The event socket client.
        settings: Means and time-outs.
    """

    def __init__(self, client: EventSocket, settings: FreeSwitchForkSettings) -> None:
        self._client = client
        self._settings = settings
        self._patience = settings.open_timeout + 1.0  # the PBX is to give up before we do
        self._attached: dict[str, Fork] = {}
        self._last: dict[str, asyncio.Task[None]] = {}

    async def start(self, fork: Fork, destination: Destination) -> None:
        """Ask for the fork and wait until FreeSWITCH says how it went; see ``ForkDriver``.

        Raises:
            MediaError: The path of the named pipe is not fit for a command.
        """
        _check(fork)
        command = self._start_command(fork, destination)
        await self._in_turn(fork.channel, lambda: self._replace(fork, command))

    async def stop(self, fork: Fork) -> None:
        """End it, unless it was never asked for or another took its place."""
        await self._in_turn(fork.channel, lambda: self._leave(fork))

    async def hang_up(self, channel: str) -> None:
        """End an eavesdropping leg that an earlier run left behind."""
        with suppress(PbxError):
            if _CHANNEL.fullmatch(channel):
                await self._client.bgapi("uuid_kill", channel)

    async def _in_turn(self, channel: str, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(_after(self._last.get(channel), work))
        self._last[channel] = task
        task.add_done_callback(lambda done: self._done(channel, done))
        await asyncio.shield(task)

    def _done(self, channel: str, task: asyncio.Task[None]) -> None:
        if self._last.get(channel) is task:
            del self._last[channel]
        if not task.cancelled():
            task.exception()  # whoever asked may be gone; nobody else is to complain

    async def _replace(self, fork: Fork, command: tuple[str, ...]) -> None:
        earlier = self._attached.pop(fork.channel, None)
        if earlier:
            await self._end(earlier)
        elif self._settings.means == "audio_fork":
            await self._end_leftovers(fork.channel)
        # From here on: a command that is not answered in time may still have been obeyed.
        self._attached[fork.channel] = fork
        try:
            await self._begin(fork, command)
        except PbxRefusedError:
            del self._attached[fork.channel]
            raise

    async def _begin(self, fork: Fork, command: tuple[str, ...]) -> None:
        try:
            await self._client.bgapi(*command, timeout=self._patience)
        except PbxRefusedError as error:
            hopeless = _lacks_module(error) or error.advice  # a right that we lack has its own
            if self._settings.means != "audio_stream" or hopeless:
                raise self._explained(error) from error
            # The stream of an earlier run may still be on the leg, its socket dead.
            await self._end(fork)
            await self._once_more(command)

    async def _end_leftovers(self, channel: str) -> None:
        """End what a killed run of ours left on a leg; mod_audio_fork keeps it for ever."""
        with suppress(PbxError):
            listed = await self._client.bgapi("uuid_buglist", channel)
            for name in _OUR_BUG.findall(listed)[:MAX_LEFTOVERS]:
                await self._client.bgapi("uuid_audio_fork", channel, "stop", name)

    async def _once_more(self, command: tuple[str, ...]) -> None:
        try:
            await self._client.bgapi(*command, timeout=self._patience)
        except PbxRefusedError as error:
            raise self._explained(error) from error

    async def _leave(self, fork: Fork) -> None:
        attached = self._attached.get(fork.channel)
        if attached and attached.fork_id == fork.fork_id:
            del self._attached[fork.channel]
            await self._end(fork)

    async def _end(self, fork: Fork) -> None:
        with suppress(PbxError):
            await self._client.bgapi(*self._stop_command(fork))

    def _start_command(self, fork: Fork, destination: Destination) -> tuple[str, ...]:
        channel = fork.channel
        match self._settings.means:
            case "audio_stream":
                url = f"ws://{_address(destination)}/{fork.fork_id}"
                return ("uuid_audio_stream", channel, "start", url, "mono", "8k")
            case "audio_fork":
                # Without the rate, mod_audio_fork kills FreeSWITCH.
                url = f"ws://{_address(destination)}/{fork.fork_id}"
                return ("uuid_audio_fork", channel, "start", url, "mono", "8k", _bug_name(fork))
            case "eavesdrop":
                variables = self._leg_variables(fork)
                dialled = f"sofia/{self._settings.profile}/rid@{_address(destination)}"
                return ("originate", f"{{{variables}}}{dialled}", f"&eavesdrop({channel})")
            case "fifo":
                return ("uuid_record", channel, "start", str(self._pipe(fork)), "0", _RECORDING)

    def _stop_command(self, fork: Fork) -> tuple[str, ...]:
        match self._settings.means:
            case "audio_stream":
                return ("uuid_audio_stream", fork.channel, "stop")
            case "audio_fork":
                return ("uuid_audio_fork", fork.channel, "stop", _bug_name(fork))
            case "eavesdrop":
                return ("uuid_kill", fork.fork_id)
            case "fifo":
                return ("uuid_record", fork.channel, "stop", str(self._pipe(fork)))

    def _leg_variables(self, fork: Fork) -> str:
        return ",".join(
            (
                f"origination_uuid={fork.fork_id}",
                "origination_caller_id_number=ridfork",
                f"originate_timeout={max(1, round(self._settings.open_timeout))}",
                "rid_fork=1",
                "eavesdrop_bridge_aleg=true",
                "eavesdrop_enable_dtmf=false",
                # We send no RTP, which a profile with a media time-out would end the leg for.
                "media_timeout=0",
                "absolute_codec_string='PCMU,PCMA'",
                f"sip_h_X-RID-UUID={fork.fork_id}",
            )
        )

    def _pipe(self, fork: Fork) -> Path:
        return pipe_path(self._settings.fifo_directory, fork.fork_id)

    def _explained(self, error: PbxRefusedError) -> PbxRefusedError:
        advice = _MODULES if _lacks_module(error) else _ADVICE
        return PbxRefusedError(error.message, error.advice or advice[self._settings.means])


async def _after(before: asyncio.Task[None] | None, work: Callable[[], Awaitable[None]]) -> None:
    if before:
        await asyncio.wait((before,))
    await work()


def _check(fork: Fork) -> None:
    if not _CHANNEL.fullmatch(fork.channel):
        raise PbxRefusedError(f"{fork.channel[:80]!r} cannot be listened to by that id.")
    if not _FORK.fullmatch(fork.fork_id):
        raise PbxRefusedError(f"The fork {fork.fork_id[:80]!r} is not named by a UUID.")


def _address(destination: Destination) -> str:
    """Return ``host:port`` as it stands in a URL; refuse what is no address.

    mod_audio_fork connects to whatever is in its memory where the URL is none.
    """
    host, port = destination.host, destination.port
    if not 0 < port <= 65_535 or not (_is_ipv6(host) or _HOST.fullmatch(host)):
        raise PbxRefusedError(
            f"FreeSWITCH cannot send to {host[:80]!r}, port {port}.",
            "Set advertise of [freeswitch.fork] to an address or a name.",
        )
    return f"[{host}]:{port}" if _is_ipv6(host) else f"{host}:{port}"


def _is_ipv6(host: str) -> bool:
    try:
        return ":" in host and "%" not in host and bool(ipaddress.IPv6Address(host))
    except ValueError:
        return False


def _bug_name(fork: Fork) -> str:
    """The copy's name on its leg: one for each, for the end of one must not befall the next.

    mod_audio_fork finds the copy of a socket that closes by this name.
    """
    return f"rid-{fork.fork_id}"


_OUR_BUG = re.compile(r"<function>(rid-[0-9a-f-]{36})</function>")
MAX_LEFTOVERS = 8
"""Of one leg; each restart of ours leaves at most one."""


def _lacks_module(error: PbxRefusedError) -> bool:
    return "command not found" in error.message.lower()
