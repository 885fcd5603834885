"""The event socket's client against a scripted event socket, and against the recordings."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time

import esl_recordings
import pytest
from esl_kit import Diary, esl_threads, open_files, running, scenario, until
from esl_server import (
    GREETING,
    EslServer,
    RecordedServer,
    json_event,
    reply,
    response,
    silence,
)

from rid_telephony.pbx.freeswitch.esl import EslClient
from rid_telephony.pbx.freeswitch.esl_subscription import NEEDED
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.messages import (
    PbxDownError,
    PbxError,
    PbxRefusedError,
    PbxTimeoutError,
)

LONELY = "esl_auth_failure_then_server_shutdown"
REPLAYED = [name for name in esl_recordings.recorded_names() if name != LONELY]


def _told(event: EslEvent) -> tuple[object, ...]:
    fields = {
        key: "ARRAY::" + "|:".join(value) if isinstance(value, list) else value
        for key, value in event.fields.items()
    }
    return event.name, event.subclass, event.body, fields


async def _request(client: EslClient, text: str) -> None:
    """Ask what a recorded client asked."""
    head, _, body = text.partition("\n\n")
    kind, command, *rest = head.split("\n")[0].split(" ", 2)
    if kind == "sendevent":
        pairs = (line.split(": ", 1) for line in head.split("\n")[1:])
        left_out = {"Content-Length", "Unique-ID"}  # what we do not let a caller say
        headers = {key: value for key, value in pairs if key not in left_out}
        await client.send_event(command, headers, body)
    elif kind == "bgapi":
        with pytest.raises(PbxTimeoutError):  # the recorded job is another one
            await client.bgapi(command, *rest, timeout=0.05)
    else:
        await client.api(command, *rest)


@pytest.mark.parametrize("name", REPLAYED)
def test_every_recording_is_heard_event_for_event(name: str) -> None:
    """Byte for byte as FreeSWITCH sent it, with its own answers between the events."""
    server = RecordedServer(name)
    expected = [e for e in esl_recordings.recorded_events(name) if e.name != "BACKGROUND_JOB"]

    async def act(_: EslServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            for text in server.requests():
                try:
                    await _request(client, text)
                except PbxRefusedError as error:
                    assert error.message
            await until(lambda: len(diary.events) >= len(expected))
            assert [_told(e) for e in diary.events] == [_told(e) for e in expected]
            assert client.stats.malformed == 0
            assert diary.entries[0] == "up"
            assert not diary.downs

    scenario(act, server)


def test_the_recorded_refusal_and_shutdown_are_told_as_what_they_are() -> None:
    server = RecordedServer(LONELY)

    async def act(_: EslServer) -> None:
        async with running(server, backoff=(0.01, 0.02)) as (client, diary):
            await until(lambda: len(diary.downs) == 2)
            assert "refused the password: invalid." in diary.downs[0]
            assert diary.downs[1] == "FreeSWITCH ended the connection: " + (
                "The system is being shut down."
            )
            names = ["SHUTDOWN", "CHANNEL_HANGUP_COMPLETE", "HEARTBEAT"]
            assert diary.entries == ["down", "up", *names, "down"]
            assert not client.connected

    scenario(act, server)


def test_commands_are_answered_each_with_its_own_answer() -> None:
    async def act(server: EslServer) -> None:
        server.answers["api echo"] = lambda command: response(command.removeprefix("api echo "))
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            answers = await asyncio.gather(*(client.api("echo", f"n {n}") for n in range(200)))
            assert answers == [f"n {n}" for n in range(200)]
            assert await client.bgapi("originate", "sofia/x", "&park()") == "+OK done\n"
            fields = {"Event-Subclass": "rid::hint", "RID-Text": "客户要退款 100%"}
            assert (await client.send_event("CUSTOM", fields, '{"a":1}')).startswith("+OK ")
            assert server.commands[-1] == (
                "sendevent CUSTOM\nEvent-Subclass: rid::hint\nRID-Text: 客户要退款 100%\n"
                'Content-Length: 7\n\n{"a":1}'
            )

    scenario(act)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (response("-ERR No such channel!\n"), "No such channel!"),
        (response("-USAGE: <uuid> <var> [value]\n"), "-USAGE: <uuid> <var> [value]"),
        (reply("-ERR permission denied"), "permission denied"),
        (response("-ERR\n"), "FreeSWITCH refused without a reason."),
    ],
)
def test_a_refusal_is_an_error_with_freeswitchs_own_words(answer: bytes, message: str) -> None:
    async def act(server: EslServer) -> None:
        server.answers["api"] = lambda _: answer
        server.answers["bgapi"] = lambda _: reply("-ERR permission denied")
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            with pytest.raises(PbxRefusedError) as caught:
                await client.api("uuid_setvar", "1", "a", "b")
            assert caught.value.message == message
            with pytest.raises(PbxRefusedError, match="esl-allowed-api"):
                await client.bgapi("originate", "x")
            assert client.connected

    scenario(act)


def test_an_answer_that_comes_too_late_is_not_given_to_the_next_command() -> None:
    async def act(server: EslServer) -> None:
        server.answers["api slow"] = silence
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            with pytest.raises(PbxTimeoutError, match="did not answer api slow"):
                await client.api("slow", timeout=0.05)
            server.answers["api quick"] = lambda _: response("late") + response("mine")
            assert await client.api("quick") == "mine"
            assert client.stats.timeouts == 1

    scenario(act)


def test_a_command_that_could_inject_is_never_sent() -> None:
    async def act(server: EslServer) -> None:
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            before = list(server.commands)
            for wrong in (
                client.api("uuid_setvar", "1", "a", "x\n\napi shutdown"),
                client.bgapi("originate", "x\r\n"),
                client.bgapi("originate\nJob-UUID: 1"),
                client.send_event("CUSTOM", {"A": "b\nExecute-App: c"}),
                client.send_event("CUSTOM\n\napi shutdown", {}),
            ):
                with pytest.raises(PbxError):
                    await wrong
            assert await client.api("status") == "+OK\n"
            assert server.commands == [*before, "api status"]

    scenario(act)


def test_a_command_while_freeswitch_is_away_fails_at_once_with_the_reason() -> None:
    async def act(server: EslServer) -> None:
        await server.stop()
        async with running(server) as (client, diary):
            await until(lambda: diary.downs)
            with pytest.raises(PbxDownError, match="No FreeSWITCH at"):
                await client.api("status")
            assert diary.entries == ["down"], "the same reason is told once"

    scenario(act)


def test_a_user_logs_in_by_userauth_even_if_the_answer_is_cut_off() -> None:
    """With the rights that we recommend, FreeSWITCH's answer does not fit its own buffer."""
    rights = "Allowed-Events: " + "CHANNEL_CREATE " * 60
    cut = f"Content-Type: command/reply\nReply-Text: +OK accepted\n{rights}".encode()[:538]

    async def act(server: EslServer) -> None:
        server.users = {"rid@bank.example": "p:w"}
        server.password = ""
        user = {"user": "rid@bank.example", "password": "p:w"}
        async with running(server, **user) as (client, _):
            await until(lambda: client.connected)
        server.answers["userauth"] = lambda _: cut
        async with running(server, **user) as (client, diary):
            await until(lambda: client.connected)
            server.event("CHANNEL_ANSWER")
            await until(lambda: diary.events)
        assert server.asked("userauth rid@bank.example:p:w") == 2

    scenario(act)


def test_a_user_with_few_rights_gets_the_events_that_he_may_have() -> None:
    async def act(server: EslServer) -> None:
        server.allowed = {*NEEDED, "SHUTDOWN", "CUSTOM", "callcenter::info"}
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            assert server.asked("event json CUSTOM callcenter::info") == 1
            assert not diary.downs

    scenario(act)


def test_a_user_without_the_needed_events_is_told_which_ones() -> None:
    async def act(server: EslServer) -> None:
        server.allowed = {*NEEDED} - {"CHANNEL_BRIDGE"}
        async with running(server) as (client, diary):
            await until(lambda: diary.downs)
            assert "does not let us have CHANNEL_BRIDGE. Add them to esl-allowed" in diary.downs[0]
            assert not client.connected

    scenario(act)


def test_every_handler_error_is_counted_and_stops_nothing() -> None:
    async def act(server: EslServer) -> None:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)

            def fail(event: EslEvent) -> None:
                diary.events.append(event)
                raise ValueError

            client._on_event = fail
            for _ in range(100):
                server.event("HEARTBEAT")
            await until(lambda: len(diary.events) == 100)
            assert client.stats.handler_errors == 100
            assert client.connected

    scenario(act)


def test_an_answer_comes_after_the_events_that_were_sent_before_it() -> None:
    """Reconciliation compares a list of channels with the events seen so far."""

    async def act(server: EslServer) -> None:
        burst = b"".join(json_event("CHANNEL_CREATE", n=str(n)) for n in range(2000))
        server.answers["api show"] = lambda _: burst + response("[]")
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            assert await client.api("show", "channels", "as", "json") == "[]"
            assert len(diary.events) == 2000

    scenario(act)


def test_twenty_thousand_events_come_in_order_and_hold_nothing_up() -> None:
    """A burst that blocked the event loop would stop the audio of every call."""
    size = 20_000
    pad = json.dumps({f"variable_{n}": "值" * 20 for n in range(20)}, ensure_ascii=False)[1:-1]
    burst = b"".join(json_event("CALL_UPDATE", n=str(n), x=pad) for n in range(size))

    async def act(server: EslServer) -> float:
        async with running(server) as (client, diary):
            await until(lambda: client.connected)
            lag = asyncio.create_task(_worst_lag(lambda: len(diary.events) >= size))
            _send_from_a_thread(server, burst)
            worst = await asyncio.wait_for(lag, 60)
            assert [event.get("n") for event in diary.events] == [str(n) for n in range(size)]
            assert client.stats.dropped == 0
            assert client.connected
            return worst

    worst: list[float] = []

    async def repeatedly(server: EslServer) -> None:
        for _ in range(3):  # a busy machine may be the cause of one bad measurement, not of three
            worst.append(await act(server))
            if worst[-1] < 0.1:
                return

    scenario(repeatedly)
    assert min(worst) < 0.1


def _send_from_a_thread(server: EslServer, data: bytes) -> None:
    sock = server.open[0].get_extra_info("socket")
    with socket.socket(fileno=socket.dup(sock.fileno())) as copy:
        descriptor = copy.detach()

    def send() -> None:
        with socket.socket(fileno=descriptor) as blocking:
            blocking.setblocking(True)
            view = memoryview(data)
            while view:
                try:
                    view = view[blocking.send(view[:65_536]) :]
                except BlockingIOError:
                    time.sleep(0.0005)

    threading.Thread(target=send, daemon=True).start()


async def _worst_lag(done: object) -> float:
    loop, worst = asyncio.get_running_loop(), 0.0
    while not done():  # type: ignore[operator]  # a test's callable
        began = loop.time()
        await asyncio.sleep(0.001)
        worst = max(worst, loop.time() - began - 0.001)
    return worst


def test_connections_that_come_and_go_leave_no_thread_and_no_socket() -> None:
    async def act(server: EslServer) -> None:
        async with running(server, backoff=(0.0, 0.0)) as (client, _):
            await until(lambda: client.connected)
            before = None
            for n in range(30):
                server.drop()
                await until(lambda n=n: server.logins > n + 1 and client.connected)
                if n == 5:
                    before = open_files()
            assert len(esl_threads()) == 1
            assert before is not None
            assert open_files() <= before + 2
            assert client.stats.reconnects == 30

    scenario(act)


@pytest.mark.parametrize("after", [0.0, 0.001, 0.003, 0.01, 0.03])
def test_a_client_cancelled_at_any_moment_leaves_nothing(after: float) -> None:
    async def act(server: EslServer) -> None:
        server.split = 7
        diary = Diary()
        client = EslClient(
            server.settings(),
            on_event=diary.on_event,
            on_up=diary.on_up,
            on_down=diary.on_down,
        )
        task = asyncio.create_task(client.run())
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not esl_threads()
        assert client.stats.threads_left == 0
        assert not diary.downs

    scenario(act)


def test_a_greeting_and_answers_in_pieces_of_one_byte_are_understood() -> None:
    async def act(server: EslServer) -> None:
        server.split = 1
        assert server.greeting == GREETING
        async with running(server) as (client, _):
            await until(lambda: client.connected)
            assert await client.api("status") == "+OK\n"

    scenario(act)
