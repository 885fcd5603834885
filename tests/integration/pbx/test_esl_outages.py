"""What the event socket's client does when FreeSWITCH, the network or a stranger misbehaves."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from esl_kit import esl_threads, running, scenario, until
from esl_server import (
    GREETING,
    EslServer,
    json_event,
    json_frame,
    notice,
    reply,
    response,
    silence,
)

from rid_telephony.pbx.freeswitch import esl_thread
from rid_telephony.pbx.freeswitch.esl_limits import MAX_PENDING_COMMANDS
from rid_telephony.pbx.messages import PbxDownError, PbxError, PbxTimeoutError


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"", "waited 0.1 s for a connection and a greeting"),
        (b"Content-Type: auth/req", "waited 0.1 s for a connection and a greeting"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not an event socket"),
        (b"Content-Type: x\n" * 2000, "larger than"),
    ],
)
def test_a_stranger_at_the_port_is_given_up_and_never_told_the_password(
    greeting: bytes, said: str
) -> None:
    async def act(server: EslServer) -> None:
        server.greeting = greeting
        async with running(server, connect_timeout=0.1) as (client, diary):
            await until(lambda: diary.downs)
            assert said in diary.downs[0]
            await until(lambda: server.connections > 2)
            assert not client.connected
        assert server.commands == []

    scenario(act)


def test_a_wrong_password_is_told_apart_and_tried_again_only_slowly() -> None:
    async def act(server: EslServer) -> None:
        server.password = "another"  # noqa: S105  # a test's
        async with running(server, backoff=(0.01, 60.0)) as (_, diary):
            await until(lambda: diary.downs)
            assert "refused the password: invalid. Check user and password" in diary.downs[0]
            await asyncio.sleep(0.2)
            assert server.connections == 1

    scenario(act)


def test_a_refused_address_is_told_apart_and_tried_again_only_slowly() -> None:
    async def act(server: EslServer) -> None:
        server.greeting = notice("Access Denied, go away.\n", "text/rude-rejection")
        async with running(server, backoff=(0.01, 60.0)) as (_, diary):
            await until(lambda: diary.downs)
            assert "refused our address: Access Denied, go away." in diary.downs[0]
            assert "apply-inbound-acl" in diary.downs[0]
            await asyncio.sleep(0.2)
            assert server.connections == 1

    scenario(act)


@pytest.mark.parametrize("silent", ["auth", "event"])
def test_a_server_that_greets_and_then_says_nothing_is_given_up(silent: str) -> None:
    async def act(server: EslServer) -> None:
        server.answers[silent] = silence
        async with running(server, connect_timeout=0.1) as (client, diary):
            await until(lambda: diary.downs)
            assert "waited 0.1 s for an answer to the" in diary.downs[0]
            del server.answers[silent]
            await until(lambda: client.connected)

    scenario(act)


@pytest.mark.parametrize(
    "half",
    [b"Content-Length: 50\nContent-T", b"Content-Type: text/event-json\nContent-Length: 9\n\n{"],
)
def test_an_end_inside_a_message_ends_the_connection_and_does_not_spin(half: bytes) -> None:
    async def act(server: EslServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            server.send(half)
            server.drop()
            await until(lambda: diary.downs)
            assert "closed by FreeSWITCH in the middle of a message" in diary.downs[0]
            await until(lambda: client.connected)
            assert client.stats.reconnects == 1

    scenario(act)


@pytest.mark.parametrize("reset", [False, True])
def test_commands_fail_at_once_when_the_connection_ends(*, reset: bool) -> None:
    async def act(server: EslServer) -> None:
        for key in ("api", "bgapi", "sendevent"):
            server.answers[key] = silence
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            asked = asyncio.gather(
                client.api("status"),
                client.bgapi("status"),
                client.send_event("CUSTOM", {}),
                return_exceptions=True,
            )
            await until(lambda: len(server.commands) == 5)
            server.drop(reset=reset)
            async with asyncio.timeout(2.0):
                results = await asked
            assert [type(result) for result in results] == [PbxDownError] * 3
            await until(lambda: "down" in diary.entries and client.connected)

    scenario(act)


def test_a_background_job_fails_when_the_connection_ends_before_its_result() -> None:
    async def act(server: EslServer) -> None:
        server.answers["bgapi"] = lambda _: reply("+OK Job-UUID: x")
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            with pytest.raises(PbxTimeoutError, match="bgapi originate"):
                await client.bgapi("originate", "x", timeout=0.05)
            job = asyncio.create_task(client.bgapi("originate", "x"))
            await until(lambda: server.asked("bgapi") == 2)
            server.drop()
            with pytest.raises(PbxDownError):
                await job

    scenario(act)


def test_a_dead_peer_is_noticed_and_a_quiet_one_is_left_alone() -> None:
    async def act(server: EslServer) -> None:
        times: dict[str, Any] = {"ping_interval": 0.05, "command_timeout": 0.1}
        async with running(server, **times) as (client, diary):
            await until(lambda: server.asked("nolog") > 3)
            assert diary.entries == ["up"]
            server.answers["nolog"] = silence
            await until(lambda: diary.downs)
            assert "FreeSWITCH said nothing for" in diary.downs[0]
            del server.answers["nolog"]
            await until(lambda: client.connected)

    scenario(act)


def test_a_freeswitch_that_does_not_read_fails_commands_in_time() -> None:
    async def act(server: EslServer) -> None:
        async with running(server, command_timeout=0.2) as (client, _):
            await until(lambda: client.connected)
            server.deafen()
            text = "x" * 60_000
            results = await asyncio.gather(
                *(client.api("uuid_setvar", "1", "a", text) for _ in range(400)),
                return_exceptions=True,
            )
            assert {type(result) for result in results} == {PbxTimeoutError}
            assert any("does not read" in str(result) for result in results)
            server.drop(reset=True)

    scenario(act)


def test_commands_that_wait_are_bounded_in_number() -> None:
    async def act(server: EslServer) -> None:
        server.answers["api"] = silence
        async with running(server, command_timeout=0.5) as (client, _):
            await until(lambda: client.connected)
            results = await asyncio.gather(
                *(client.api("status") for _ in range(MAX_PENDING_COMMANDS + 5)),
                return_exceptions=True,
            )
            refused = [r for r in results if isinstance(r, PbxError) and "wait for" in r.message]
            assert len(refused) == 5

    scenario(act)


def test_an_answer_that_nobody_asked_for_ends_the_connection() -> None:
    """After it every command would get the answer of the one before."""

    async def act(server: EslServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            server.send(response("+OK\n"))
            await until(lambda: diary.downs)
            assert "answered what was not asked" in diary.downs[0]
            await until(lambda: client.connected)

    scenario(act)


def test_a_stream_that_lost_its_framing_is_not_read_on() -> None:
    async def act(server: EslServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            server.send(json_event("CHANNEL_ANSWER") + b"{}" + json_event("CHANNEL_HANGUP"))
            await until(lambda: diary.downs)
            assert diary.entries[:3] == ["up", "CHANNEL_ANSWER", "down"]
            assert "CHANNEL_HANGUP" not in diary.entries

    scenario(act)


def test_a_damaged_event_is_counted_and_the_others_are_heard() -> None:
    async def act(server: EslServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            bad = [json_frame(b'{"a":'), json_frame(b"\xff"), b"Content-Type: text/unheard-of\n\n"]
            server.send(b"".join(bad) + json_event("CHANNEL_ANSWER"))
            await until(lambda: diary.events)
            assert client.stats.malformed == 3
            assert client.connected

    scenario(act)


def test_log_lines_and_a_lingering_notice_change_nothing() -> None:
    async def act(server: EslServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            linger = b"Content-Disposition: linger\nContent-Length: 0\n\n"
            server.send(notice("a line\n", "log/data"))
            server.send(b"Content-Type: text/disconnect-notice\n" + linger)
            server.event("CHANNEL_ANSWER")
            await until(lambda: diary.events)
            assert diary.entries == ["up", "CHANNEL_ANSWER"]
            assert client.stats.malformed == 0

    scenario(act)


def test_too_many_events_for_a_busy_program_drop_the_connection_and_are_counted() -> None:
    """What was missed is unknown then, so the connection is made anew and the calls compared."""

    async def act(server: EslServer) -> None:
        gate = threading.Event()
        async with running(server, event_queue=500) as (client, diary):
            await until(lambda: client.connected)
            server.send(b"".join(json_event("HEARTBEAT", x="y" * 100) for _ in range(5000)))
            for _ in range(20):
                await asyncio.sleep(0)
                gate.wait(0.02)  # the program does something else, which it should not
            await until(lambda: diary.downs)
            assert "events were waiting: too many" in diary.downs[0]
            assert client.stats.dropped > 100
            assert client.stats.events + client.stats.dropped <= 5000
            await until(lambda: diary.entries[-1] == "up")

    scenario(act)


def test_events_before_the_login_is_told_are_heard_after_it() -> None:
    async def act(server: EslServer) -> None:
        server.answers["event"] = lambda _: reply("+OK") + json_event("CHANNEL_ANSWER")
        async with running(server) as (_, diary):
            await until(lambda: diary.events)
            assert diary.entries == ["up", "CHANNEL_ANSWER"]

    scenario(act)


def test_a_freeswitch_that_restarts_is_found_again() -> None:
    async def act(server: EslServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            await server.stop()
            await until(lambda: any("No FreeSWITCH at" in reason for reason in diary.downs))
            await server.start()
            await until(lambda: client.connected)
            assert diary.entries[0] == diary.entries[-1] == "up"

    scenario(act)


def test_a_name_that_cannot_be_resolved_is_told() -> None:
    async def act(server: EslServer) -> None:
        async with running(server, host="a..b") as (_, diary):
            await until(lambda: diary.downs)
            assert "the name cannot be resolved" in diary.downs[0]

    scenario(act)


def test_a_thread_that_does_not_end_is_reported_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reader stuck in native code must not keep the whole program from reconnecting."""
    monkeypatch.setattr(esl_thread, "STOP_SECONDS", 0.05)
    gate = threading.Event()
    stuck = esl_thread.GuardedEsl.stop

    def stop(self: esl_thread.GuardedEsl) -> None:
        gate.wait(5.0)
        stuck(self)

    monkeypatch.setattr(esl_thread.GuardedEsl, "stop", stop)

    async def act(server: EslServer) -> None:
        server.greeting = GREETING
        async with running(server, backoff=(0.0, 0.0)) as (client, diary):
            await until(lambda: client.connected)
            server.drop()
            await until(lambda: diary.entries.count("up") == 2)
            assert client.stats.threads_left == 1
            gate.set()
            monkeypatch.setattr(esl_thread.GuardedEsl, "stop", stuck)
            await until(lambda: len(esl_threads()) == 1)
            client._counters.threads_left = 0  # asserted; what follows looks for new ones

    scenario(act)
