"""A receiver may answer what it likes; hosts may be what they like."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from sinks_kit import Receiver, stage, status
from webhook_kit import dead_letters, one_by_one, run, sending, settings

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(tmp_path: Path, code: int) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on, Receiver() as elsewhere, Receiver() as receiver:
            receiver.answer = lambda _: status(code, f"Location: {elsewhere.url}")
            async with sending(on, settings(receiver, attempts=2)):
                on.say("a")
                await dead_letters(on, 1)
            assert len(receiver.requests) == 2
            assert elsewhere.requests == []
            assert "redirect" in next(on.store.letters.list()).reason

    run(story())


def test_an_answer_without_end_is_cut_off(tmp_path: Path) -> None:
    async def story() -> None:
        huge = status(200, body=b"x" * 50_000_000)
        async with stage(tmp_path) as on, Receiver(lambda _: huge) as receiver:
            async with sending(on, settings(receiver)) as webhooks:
                on.say("a", 2)
                await receiver.until(lambda: len(receiver.requests) == 2)
            assert webhooks.stats["t0"].delivered == 2
            # What the kernel's buffers take is beyond us.
            assert receiver.sent < 2 * 20_000_000

    run(story())


def test_headers_without_end_are_cut_off(tmp_path: Path) -> None:
    async def story() -> None:
        endless = b"HTTP/1.1 200 OK\r\n" + b"X-Filler: y\r\n" * 100_000
        async with stage(tmp_path) as on, Receiver(lambda _: endless) as receiver:
            async with sending(on, settings(receiver, attempts=1)):
                on.say("a")
                await dead_letters(on, 1)
            assert receiver.sent <= len(endless)

    run(story())


@pytest.mark.parametrize("junk", [b"junk\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
def test_an_answer_that_is_no_http_is_a_failure_like_another(tmp_path: Path, junk: bytes) -> None:
    async def story() -> None:
        answers = [junk]
        async with (
            stage(tmp_path) as on,
            Receiver(one_by_one(answers)) as receiver,
        ):
            async with sending(on, settings(receiver)) as webhooks:
                on.say("a")
                await receiver.until(lambda: len(receiver.requests) == 2)
            assert webhooks.stats["t0"].delivered == 1

    run(story())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"]
)
def test_a_loopback_address_in_any_spelling_is_never_connected_to(
    tmp_path: Path, host: str
) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on, Receiver() as receiver:
            url = f"http://{host}:{receiver.port}/"
            async with sending(on, settings(url, attempts=1, allowed_hosts=("10.0.0.1",))):
                on.say("a")
                await dead_letters(on, 1)
            assert receiver.requests == []
            assert "webhooks.allowed_hosts" in next(on.store.letters.list()).reason

    run(story())


def test_a_host_that_does_not_exist_is_a_failure_like_another(tmp_path: Path) -> None:
    async def story() -> None:
        chosen = settings("https://nobody.invalid/", attempts=1)
        async with stage(tmp_path) as on, sending(on, chosen):
            on.say("a")
            await dead_letters(on, 1)

    run(story())


def test_a_port_where_nobody_listens_is_a_failure_like_another(tmp_path: Path) -> None:
    async def story() -> None:
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            async with stage(tmp_path) as on:
                url = f"http://127.0.0.1:{holder.getsockname()[1]}/"
                async with sending(on, settings(url, attempts=1)):
                    on.say("a")
                    await dead_letters(on, 1)

    run(story())
