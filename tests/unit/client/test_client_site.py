"""Addresses, tokens and TLS; and what the SDK drags in."""

from __future__ import annotations

import logging
import ssl
import subprocess
import sys
from typing import get_args

import pytest

from rid_telephony.client import AsyncClient, Client, ClientError, Tls
from rid_telephony.client import rest as client_rest
from rid_telephony.client.quiet import socket_log
from rid_telephony.client.site import TOKEN_VARIABLE, site_of
from rid_telephony.cti.server.context import ContextBody, Holding
from rid_telephony.strategy.messages import HintVerdict

pytestmark = pytest.mark.unit

TOKEN = "ridt_secret"  # noqa: S105 - of no server


def test_the_token_comes_from_the_argument_or_else_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, f"{TOKEN}\n")
    assert site_of("http://127.0.0.1:1", None, None).headers["Authorization"] == f"Bearer {TOKEN}"
    assert site_of("http://127.0.0.1:1", "other", None).token == "other"  # noqa: S105 - as above
    assert site_of("http://127.0.0.1:1", "", None).headers == {}


def test_nothing_shows_the_token() -> None:
    client = Client("http://127.0.0.1:1", TOKEN)
    shown = f"{client!r} {client._site!r} {AsyncClient('http://127.0.0.1:1', TOKEN)!r}"
    assert TOKEN not in shown
    with pytest.raises(ClientError) as caught:
        Client("http://127.0.0.1:1", f"{TOKEN} \r\nX-Evil: 1")
    assert TOKEN not in str(caught.value)


def test_a_handshake_in_the_debug_log_has_no_token(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        socket_log.debug("> %s: %s", "Authorization", f"Bearer {TOKEN}")
        socket_log.debug("> %s: %s", "Host", "127.0.0.1")
    assert "Host" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    "url",
    ["", "rid.bank.example", "ftp://x", "http://", "http://u:p@x", "http://x:99999", "http://[",
     "http://x?token=1", "http://x#y", "http://x\n"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ClientError):
        Client(url, TOKEN)


def test_a_token_does_not_cross_the_network_unencrypted_unless_that_is_said() -> None:
    with pytest.raises(ClientError, match="unencrypted"):
        Client("http://rid.bank.example:8787", TOKEN)
    Client("http://rid.bank.example:8787", TOKEN, plain_http=True).close()
    Client("http://[::1]:8787", TOKEN).close()


def test_addresses_of_sockets_follow_those_of_requests() -> None:
    site = site_of("https://rid.bank.example/feed/", TOKEN, None)
    url = site.socket_url({"after": "1", "types": "hint.*,call.ended"})
    assert url == "wss://rid.bank.example/feed/v1/events?after=1&types=hint.%2A%2Ccall.ended"
    assert site.tls is not None
    assert site.tls.check_hostname
    assert site.tls.verify_mode is ssl.CERT_REQUIRED


def test_tls_files_that_cannot_be_used_are_named() -> None:
    with pytest.raises(ClientError, match=r"no-such\.pem"):
        Client("https://127.0.0.1:1", TOKEN, tls=Tls(ca_file="no-such.pem"))


def test_the_words_of_the_client_are_those_of_the_server() -> None:
    """They are written twice, so that the client needs nothing of the engine."""
    assert get_args(client_rest.Verdict) == get_args(HintVerdict)
    assert get_args(client_rest.Holding) == get_args(Holding)
    assert set(client_rest.CustomerKnown.__annotations__) == set(ContextBody.model_fields)


NOT_NEEDED = (
    "aiosipua cn2an fastapi gevent numpy onnxruntime opencc panoramisk platformdirs "
    "prometheus_client pydantic_settings pypinyin silero_vad soundfile soxr sqlalchemy starlette "
    "structlog tokenizers typer uvicorn webrtcvad yaml"
)
ALONE = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {NOT_NEEDED!r}.split():
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import rid_telephony.client
from rid_telephony.client import Client
Client("http://127.0.0.1:1", "x").close()
stages = {{name.split(".")[1] for name in sys.modules if name.startswith("rid_telephony.")}}
assert stages == {{"client", "cti", "errors", "explain"}}, stages
"""


def test_the_client_needs_nothing_of_the_engine() -> None:
    """Its users install four small packages, not models and data bases."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
