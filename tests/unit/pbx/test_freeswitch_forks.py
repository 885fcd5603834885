"""What is asked of FreeSWITCH to hear a leg, to the byte, and in which order."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.calls.messages import Party
from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.forks import Destination
from rid_telephony.pbx.freeswitch.forks import FreeSwitchForks
from rid_telephony.pbx.messages import Fork, PbxDownError, PbxRefusedError, PbxTimeoutError
from rid_telephony.settings.freeswitch import FreeSwitchForkSettings

Means = Literal["audio_stream", "audio_fork", "eavesdrop", "fifo"]

LEG = "686f424a-00b4-4d04-88dd-608eb688c8d6"
FORK = "0b5c7d1e-93a4-4f5e-8f0a-6d2f9c1e7a10"
NEXT = "7f3d9f60-11c1-4e0b-b0a9-2b8d0f4c5e21"
HERE = Destination("127.0.0.1", 9093)
GONE = "-ERR Operation Failed"


class Socket:
    """Does what it is told, or says what it was told to say; every command is kept."""

    def __init__(self, *answers: Exception | None) -> None:
        self.commands: list[str] = []
        self.bugs = ""
        self.answers = list(answers)
        self.gate = asyncio.Event()
        self.gate.set()

    async def bgapi(self, command: str, *arguments: str, timeout: float | None = None) -> str:
        del timeout
        if command == "uuid_buglist":
            return self.bugs
        self.commands.append(" ".join((command, *arguments)))
        await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer
        return "+OK Success\n"


def fork(fork_id: str = FORK, channel: str = LEG) -> Fork:
    return Fork(fork_id, "c", Party.CUSTOMER, channel)


def play(
    scene: Callable[[FreeSwitchForks, Socket], Awaitable[None]],
    *answers: Exception | None,
    means: Means = "audio_stream",
) -> list[str]:
    """Play a scene; return the commands that it led to."""

    async def on() -> list[str]:
        socket = Socket(*answers)
        await scene(FreeSwitchForks(socket, FreeSwitchForkSettings(means=means)), socket)
        return socket.commands

    return asyncio.run(on())


async def there_and_back(forks: FreeSwitchForks, _socket: Socket) -> None:
    await forks.start(fork(), HERE)
    await forks.stop(fork())


PIPE = f"/run/rid-telephony/{FORK}.r8"
COMMANDS: dict[Means, list[str]] = {
    "audio_stream": [
        f"uuid_audio_stream {LEG} start ws://127.0.0.1:9093/{FORK} mono 8k",
        f"uuid_audio_stream {LEG} stop",
    ],
    "audio_fork": [
        f"uuid_audio_fork {LEG} start ws://127.0.0.1:9093/{FORK} mono 8k rid-{FORK}",
        f"uuid_audio_fork {LEG} stop rid-{FORK}",
    ],
    "eavesdrop": [
        f"originate {{origination_uuid={FORK},origination_caller_id_number=ridfork,"
        "originate_timeout=5,rid_fork=1,eavesdrop_bridge_aleg=true,eavesdrop_enable_dtmf=false,"
        f"media_timeout=0,absolute_codec_string='PCMU,PCMA',sip_h_X-RID-UUID={FORK}}}"
        f"sofia/internal/rid@127.0.0.1:9093 &eavesdrop({LEG})",
        f"uuid_kill {FORK}",
    ],
    "fifo": [
        f"uuid_record {LEG} start {PIPE} 0 {{RECORD_STEREO=true,RECORD_STEREO_SWAP=false,"
        "RECORD_APPEND=false,RECORD_HANGUP_ON_ERROR=false,enable_file_write_buffering=false,"
        "RECORD_PRE_BUFFER_FRAMES=1}",
        f"uuid_record {LEG} stop {PIPE}",
    ],
}


@pytest.mark.parametrize("means", COMMANDS)
def test_the_commands_of_every_means_are_these_to_the_byte(means: Means) -> None:
    """uuid_audio_fork without its rate would end FreeSWITCH and every call on it."""
    assert play(there_and_back, means=means) == COMMANDS[means]


def test_addresses_of_version_6_and_names_stand_in_the_url_as_they_should() -> None:
    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        await forks.start(fork(), Destination("::1", 1))
        await forks.start(fork(NEXT, LEG[::-1]), Destination("rid.bank.example", 65_535))

    first, second = play(scene)
    assert f" ws://[::1]:1/{FORK} " in first
    assert f" ws://rid.bank.example:65535/{NEXT} " in second


@pytest.mark.parametrize("means", COMMANDS)
def test_what_was_on_the_leg_is_stopped_before_another_starts(means: Means) -> None:
    """The modules do not reconnect, and refuse a second stream of a leg."""

    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        await forks.start(fork(), HERE)
        await forks.start(fork(NEXT), HERE)

    first, stop, second = play(scene, means=means)
    assert [first, stop] == COMMANDS[means]
    assert second == first.replace(FORK, NEXT)


def test_a_stream_that_an_earlier_run_left_behind_makes_room() -> None:
    start, stop = COMMANDS["audio_stream"]
    assert play(there_and_back, PbxRefusedError(GONE)) == [start, stop, start, stop]


def test_what_a_killed_run_left_on_a_leg_is_ended_and_nothing_of_others_is() -> None:
    """mod_audio_fork keeps a copy whose socket is dead until the call ends."""

    async def scene(forks: FreeSwitchForks, socket: Socket) -> None:
        socket.bugs = (
            f"<media-bug><function>rid-{NEXT}</function></media-bug>"
            "<media-bug><function>session_record</function></media-bug>"
            "<media-bug><function>rid-other</function></media-bug>"
        )
        await forks.start(fork(), HERE)

    start, stop = COMMANDS["audio_fork"]
    assert play(scene, means="audio_fork") == [stop.replace(FORK, NEXT), start]


@pytest.mark.parametrize("means", COMMANDS)
def test_a_leg_that_is_gone_is_refused_and_not_stopped(means: Means) -> None:
    async def scene(forks: FreeSwitchForks, socket: Socket) -> None:
        with pytest.raises(PbxRefusedError, match="Operation Failed") as refusal:
            await forks.start(fork(), HERE)
        assert refusal.value.advice
        before = len(socket.commands)
        await forks.stop(fork())
        assert len(socket.commands) == before

    play(scene, *(PbxRefusedError(GONE) for _ in range(3)), means=means)


@pytest.mark.parametrize(
    ("means", "module"),
    [("audio_stream", "mod_audio_stream"), ("audio_fork", "mod_audio_fork")],
)
def test_a_missing_module_is_named_and_asked_for_once(means: Means, module: str) -> None:
    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        with pytest.raises(PbxRefusedError) as refusal:
            await forks.start(fork(), HERE)
        assert module in refusal.value.advice

    error = PbxRefusedError(f"-ERR uuid_{module[4:]} Command not found!")
    assert len(play(scene, error, means=means)) == 1


def test_a_right_that_we_lack_is_told_as_the_client_tells_it_and_asked_for_once() -> None:
    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        with pytest.raises(PbxRefusedError, match="esl-allowed-api"):
            await forks.start(fork(), HERE)

    assert len(play(scene, PbxRefusedError("permission denied", "esl-allowed-api"))) == 1


@pytest.mark.parametrize("error", [PbxTimeoutError("no answer"), PbxDownError("away")])
def test_a_start_without_an_answer_may_have_been_obeyed_and_is_stopped(
    error: Exception,
) -> None:
    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        with pytest.raises(type(error)):
            await forks.start(fork(), HERE)
        await forks.stop(fork())

    assert play(scene, error) == COMMANDS["audio_stream"]


def test_a_stop_never_overtakes_a_start_that_nobody_waits_for_any_more() -> None:
    """The call ends while its fork is asked for: FreeSWITCH does its jobs side by side."""

    async def scene(forks: FreeSwitchForks, socket: Socket) -> None:
        socket.gate.clear()
        starting = asyncio.create_task(forks.start(fork(), HERE))
        while not socket.commands:
            await asyncio.sleep(0)
        starting.cancel()
        stopping = asyncio.create_task(forks.stop(fork()))
        for _ in range(10):
            await asyncio.sleep(0)
        assert socket.commands == COMMANDS["audio_stream"][:1]
        socket.gate.set()
        await stopping
        with contextlib.suppress(asyncio.CancelledError):
            await starting

    assert play(scene) == COMMANDS["audio_stream"]


def test_the_end_of_an_old_fork_spares_the_one_that_took_its_place() -> None:
    """Both would be ``uuid_audio_stream <uuid> stop``: the leg of a new call would fall silent."""

    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        await forks.start(fork(), HERE)
        await asyncio.gather(forks.start(fork(NEXT), HERE), forks.stop(fork()))

    start, stop = COMMANDS["audio_stream"]
    assert play(scene) == [start, stop, start.replace(FORK, NEXT)]


def test_a_stop_never_raises_and_legs_do_not_wait_for_each_other() -> None:
    async def scene(forks: FreeSwitchForks, socket: Socket) -> None:
        await forks.start(fork(), HERE)
        socket.gate.clear()
        slow = asyncio.create_task(forks.stop(fork()))
        other = asyncio.create_task(forks.start(fork(NEXT, "f" * 36), HERE))
        while len(socket.commands) < 3:
            await asyncio.sleep(0)
        socket.gate.set()
        await asyncio.gather(slow, other)
        await forks.stop(fork("5" * 8 + NEXT[8:]))

    play(scene, None, PbxDownError("away"))


def test_a_leg_of_an_earlier_run_is_hung_up_by_its_id_alone() -> None:
    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        await forks.hang_up(FORK)
        await forks.hang_up("all calls")

    assert play(scene, PbxRefusedError("-ERR No such channel!")) == [f"uuid_kill {FORK}"]


HOSTILE = [
    "all",
    "",
    "x",
    f"{LEG} stop",
    f"{LEG}\n\napi shutdown",
    f"{LEG})",
    f"{LEG},x=y",
    "${system(id)}",
    "中文中文中文中文",
    "a" * 200,
    "../../../etc/passwd",
]


@pytest.mark.parametrize("means", COMMANDS)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_mean_more_than_a_name_are_never_sent(means: Means, name: str) -> None:
    """``&eavesdrop(all)`` would have us listen to every call of the bank."""

    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        for bad in (fork(channel=name), fork(fork_id=name)):
            with pytest.raises(RidTelephonyError):
                await forks.start(bad, HERE)

    assert play(scene, means=means) == []


@pytest.mark.parametrize(
    "there",
    [
        Destination("", 9093),
        Destination("127.0.0.1", 0),
        Destination("127.0.0.1", 65_536),
        Destination("h mono 8k", 9093),
        Destination("h/x?", 9093),
        Destination("h\nx", 9093),
        Destination("::1]:80/ x", 9093),
        Destination("fe80::1%eth0", 9093),
    ],
)
@pytest.mark.parametrize("means", ["audio_stream", "audio_fork", "eavesdrop"])
def test_an_address_that_is_none_is_never_sent(means: Means, there: Destination) -> None:
    """mod_audio_fork would connect to whatever its memory holds."""

    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        with pytest.raises(PbxRefusedError, match="cannot send") as refusal:
            await forks.start(fork(), there)
        assert "advertise" in refusal.value.advice

    assert play(scene, means=means) == []


def test_a_directory_that_means_more_than_a_path_is_never_sent() -> None:
    async def scene() -> None:
        socket = Socket()
        settings = FreeSwitchForkSettings(means="fifo", fifo_directory=Path("/run/a b"))
        with pytest.raises(RidTelephonyError) as refusal:
            await FreeSwitchForks(socket, settings).start(fork(), HERE)
        assert "fifo_directory" in refusal.value.advice
        assert socket.commands == []

    asyncio.run(scene())


@given(st.text(), st.text(), st.sampled_from(tuple(COMMANDS)))
def test_no_text_adds_a_word_to_a_command(channel: str, host: str, means: Means) -> None:
    async def scene(forks: FreeSwitchForks, _socket: Socket) -> None:
        for leg, there in ((channel, HERE), (LEG, Destination(host, 9093))):
            with contextlib.suppress(PbxRefusedError):
                await forks.start(fork(str(uuid.uuid4()), leg), there)

    for command in play(scene, means=means):
        words = len(COMMANDS[means][" stop" in command or "uuid_kill" in command].split(" "))
        assert len(command.split()) == len(command.split(" ")) == words
        assert command.isprintable()
        assert command.isascii()
