"""What an administrator does about webhooks at the command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sinks_kit import SECRET
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from rid_telephony.cli.main import app
from rid_telephony.errors import RidTelephonyError
from rid_telephony.store.dead_letters import Undelivered
from rid_telephony.store.sinks import SinkStore

pytestmark = pytest.mark.integration


class Hook(BaseHTTPRequestHandler):
    """Answers with the status that the server was given."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))  # type: ignore[attr-defined]  # ours
        self.send_response(self.server.status)  # type: ignore[attr-defined]  # ours
        self.end_headers()
        self.wfile.write(b"because \x1b[31mred")

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Desk:
    """A receiver, a settings file that names it, and a store."""

    def __init__(self, folder: Path, server: HTTPServer) -> None:
        self.server = server
        self.url = f"sqlite:///{folder / 'events.sqlite'}"
        self.config = folder / "rid.toml"
        self.config.write_text(
            f"""
            [store]
            url = "{self.url}"
            [webhooks]
            allowed_hosts = ["127.0.0.1"]
            [[webhooks.targets]]
            name = "crm"
            url = "http://127.0.0.1:{server.server_port}/hook"
            secret = "{SECRET}"
            """
        )

    @property
    def got(self) -> list[tuple[dict[str, str], bytes]]:
        return self.server.got  # type: ignore[attr-defined, no-any-return]  # ours

    def answer(self, status: int) -> None:
        self.server.status = status  # type: ignore[attr-defined]  # ours

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["webhook", *words, "--config", str(self.config)])

    def bury(self, *calls: str, target: str = "crm") -> None:
        store = SinkStore(self.url)
        for number, call in enumerate(calls, start=1):
            text = json.dumps({"source": "/t", "id": f"{call}/1", "subject": call})
            store.letters.add(Undelivered(target, 8, "HTTP 500", call, "call.held", number, text))
        store.close()

    def left(self) -> list[str]:
        store = SinkStore(self.url)
        calls = [letter.call_id for letter in store.letters.list()]
        store.close()
        return calls


@contextmanager
def receiver() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.status = [], 200  # type: ignore[attr-defined]  # ours
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with receiver() as server:
        yield Desk(tmp_path, server)


def test_a_test_event_arrives_signed_and_its_type_is_none_of_the_feeds(desk: Desk) -> None:
    result = desk.run("test", "crm")
    assert result.exit_code == 0, result.output
    assert "HTTP 200" in result.stderr
    headers, body = desk.got[0]
    assert Webhook(SECRET).verify(body, headers)["type"] == "webhook.test"


def test_a_test_that_fails_says_why_and_exits_with_1(desk: Desk) -> None:
    desk.answer(403)
    result = desk.run("test", "crm")
    assert isinstance(result.exception, RidTelephonyError)
    assert result.exception.exit_code == 1
    assert "HTTP 403" in str(result.exception)
    # What a receiver answers cannot paint on the administrator's terminal.
    assert "\x1b" not in str(result.exception)


def test_an_unknown_target_is_told_with_those_that_there_are(desk: Desk) -> None:
    result = desk.run("test", "nobody")
    assert isinstance(result.exception, RidTelephonyError)
    assert "crm" in str(result.exception)


def test_dead_letters_are_listed_for_people_and_for_programs(desk: Desk) -> None:
    assert "No dead letters" in desk.run("dead").stderr
    desk.bury("call-1", "call-2")
    listed = desk.run("dead")
    assert "2 in all" in listed.stderr
    assert "HTTP" in listed.stdout
    lines = [json.loads(text) for text in desk.run("dead", "--json").stdout.splitlines()]
    assert [line["event"]["subject"] for line in lines] == ["call-1", "call-2"]
    assert lines[0]["target"] == "crm"


def test_dead_letters_are_sent_again_and_forgotten_when_taken(desk: Desk) -> None:
    desk.bury("call-1", "call-2", "call-3")
    assert desk.run("resend", "--id", "2").exit_code == 0
    assert desk.left() == ["call-1", "call-3"]
    result = desk.run("resend", "--target", "crm")
    assert result.exit_code == 0
    assert "2 taken, 0 left" in result.stderr
    assert [json.loads(body)["subject"] for _, body in desk.got] == ["call-2", "call-1", "call-3"]


def test_dead_letters_that_are_not_taken_stay(desk: Desk) -> None:
    desk.bury("call-1", "call-2", "call-3", "call-4", "call-5")
    desk.bury("call-6", target="removed")
    desk.answer(500)
    result = desk.run("resend")
    assert isinstance(result.exception, RidTelephonyError)
    assert len(desk.left()) == 6
    assert len(desk.got) == 3  # then the target is left alone
