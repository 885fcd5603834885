"""A webhook goes to the address that was checked, and to nobody without the right certificate."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from sinks_kit import SECRET

from rid_telephony.cti.sinks.addresses import AddressPolicy
from rid_telephony.cti.sinks.webhook_sender import Attempt, Verdict, WebhookSender
from rid_telephony.settings.server import WebhookTarget

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates"),
]
EVENT = '{"source": "/test", "id": "a/1"}'
LOOPBACK = AddressPolicy(("127.0.0.0/8",))


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a name, signed by itself, and its key."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext"]
    command += [f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(pem)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own arguments
    return pem, key


class Names:
    """A resolver of which the answers are known; each is given once."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = iter(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return next(self._answers)


def send(folder: Path, names: Names, of: str, *, policy: AddressPolicy = LOOPBACK) -> Attempt:
    """Send to https://hooks.test from a receiver with a certificate of another name, or of that."""
    pem, key = certificate(folder, of)
    seen: list[str | None] = []

    async def story() -> Attempt:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem, key)
        context.sni_callback = lambda _, name, __: seen.append(name)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        target = WebhookTarget(name="t", url=f"https://hooks.test:{port}/", secret=SECRET)
        trust = ssl.create_default_context(cafile=pem)
        sender = WebhookSender(target, policy, 5.0, trust=trust, resolver=names)
        try:
            return await sender.send(EVENT)
        finally:
            await sender.close()
            server.close()

    attempt = asyncio.run(story())
    if seen:
        assert seen == ["hooks.test"]
    return attempt


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n")
    writer.close()


def test_the_connection_goes_to_the_checked_address_and_tls_asks_for_the_name(
    tmp_path: Path,
) -> None:
    names = Names(["127.0.0.1"])
    assert send(tmp_path, names, "hooks.test").verdict is Verdict.DELIVERED
    assert names.asked == ["hooks.test"]


def test_the_next_address_is_tried_where_the_first_does_not_answer(tmp_path: Path) -> None:
    assert send(tmp_path, Names(["127.0.0.2", "127.0.0.1"]), "hooks.test").verdict is (
        Verdict.DELIVERED
    )


def test_a_certificate_of_another_name_is_not_talked_to(tmp_path: Path) -> None:
    attempt = send(tmp_path, Names(["127.0.0.1"]), "other.test")
    assert attempt.verdict is Verdict.FAILED
    assert "certificate" in attempt.reason.lower()


@pytest.mark.parametrize(
    "addresses", [["169.254.169.254"], ["127.0.0.1", "10.0.0.1"], ["::ffff:10.0.0.1"], []]
)
def test_a_name_that_comes_to_mean_an_inner_address_is_not_talked_to(
    tmp_path: Path, addresses: list[str]
) -> None:
    attempt = send(tmp_path, Names(addresses), "hooks.test")
    assert attempt.verdict is Verdict.FAILED
    assert "hooks.test" in attempt.reason


def test_every_new_connection_is_checked_again(tmp_path: Path) -> None:
    # DNS rebinding: the first answer is allowed, the next is not.
    pem, key = certificate(tmp_path, "hooks.test")
    names = Names(["127.0.0.1"], ["10.0.0.1"])

    async def story() -> list[Verdict]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem, key)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        target = WebhookTarget(name="t", url=f"https://hooks.test:{port}/", secret=SECRET)
        trust = ssl.create_default_context(cafile=pem)
        sender = WebhookSender(target, LOOPBACK, 5.0, trust=trust, resolver=names)
        try:
            return [(await sender.send(EVENT)).verdict for _ in range(2)]
        finally:
            await sender.close()
            server.close()

    assert asyncio.run(story()) == [Verdict.DELIVERED, Verdict.FAILED]
