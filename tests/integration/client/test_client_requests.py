"""The SDK's requests against the real server; the example, run as it stands."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from client_kit import House

from rid_telephony.calls.messages import CustomerContext
from rid_telephony.client import (
    AsyncClient,
    CertificateError,
    Client,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    NotValidError,
    Tls,
    TooLateError,
    UnreachableError,
)
from rid_telephony.cti.access.scope import Right

from .following_kit import following

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "outbound_dialer.py"


class Either:
    """Both clients with one face: each request is made by both kinds."""

    def __init__(self, kind: str, *given: Any, **more: Any) -> None:
        self._runner = asyncio.Runner()
        self._made = (Client if kind == "sync" else AsyncClient)(*given, trust_env=False, **more)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self._made, Client):
            self._made.close()
        else:
            self._runner.run(self._made.aclose())
        self._runner.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._made, name)
        if isinstance(self._made, Client):
            return method  # type: ignore[no-any-return]  # a method of the client
        return lambda *given, **more: self._runner.run(method(*given, **more))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(params=["sync", "async"])
def client(house: House, request: pytest.FixtureRequest) -> Iterator[Either]:
    with Either(request.param, house.url, house.token()) as made:
        yield made


@pytest.fixture
def call(house: House, request: pytest.FixtureRequest) -> Iterator[str]:
    """A call that goes on, of a test's own."""
    call_id = f"call/{request.node.name}"
    house.do(lambda floor: floor.start(call_id))
    yield call_id
    if call_id in {fold.last.subject for fold in house.floor.board.live}:
        house.do(lambda floor: floor.end(call_id))


def test_calls_are_listed_and_told_in_full(client: Either, house: House, call: str) -> None:
    house.do(lambda floor: floor.doubted(call))
    (line,) = client.calls("live")
    assert (line.call_id, line.agent, line.state) == (call, "1001", "talking")
    told = client.call(call)
    assert [turn.role for turn in told.transcript] == ["agent", "customer"]
    assert told.hints[0].fate == "live"
    assert told.evidence["relationship"]
    assert client.calls("live", limit=1)


def test_context_is_kept_for_a_call_to_come_and_reaches_one_that_goes_on(
    client: Either, house: House, call: str
) -> None:
    customer = f"客户/{call}?&"
    assert client.give_context(customer, by="customer", age=58, risk_level="C2") == "kept"
    assert client.give_context(call, income_monthly_cny=9000.0, holdings=["deposit"]) == "done"
    assert client.give_context(f"{call}-b", by="channel", occupation="教师") == "done"
    later = f"{call}-later"
    house.do(lambda floor: floor.start(later, CustomerContext(customer_id=customer)))
    house.do(lambda floor: floor.agent("您好", call_id=later))
    assert house.floor.words.risk_levels[-1] == 2
    house.do(lambda floor: floor.end(later))


def test_feedback_reaches_the_feed_and_may_be_repeated(
    client: Either, house: House, call: str
) -> None:
    hint = house.do(lambda floor: floor.doubted(call))
    client.feedback(hint, "displayed")
    client.feedback(hint, "used", note="好用")
    client.feedback(hint, "used")
    with pytest.raises(TooLateError):
        client.feedback(hint, "wrong")
    touched = [event.data for event in house.floor.events if event.data.get("hint_id") == hint][1:]
    assert [(one["reason"], one["note"]) for one in touched] == [
        ("displayed", ""),
        ("used", "好用"),
    ]


def test_one_record_gives_one_result_and_a_list_a_list(client: Either) -> None:
    assert client.analyze({"id": "1", "text": "不需要"})["id"] == "1"
    assert [one["id"] for one in client.analyze([{"id": "1"}, {"id": "2"}])] == ["1", "2"]
    with pytest.raises(NotValidError):
        client.analyze([])


def test_what_is_not_there_or_not_valid_has_an_error_of_its_own(
    client: Either, house: House, call: str
) -> None:
    with pytest.raises(NotFoundError, match="no such call"):
        client.call("none")
    with pytest.raises(NotFoundError):
        client.feedback("none-h-001", "used")
    with pytest.raises(NotValidError, match="age"):
        client.give_context(call, age=1000)
    with pytest.raises(NotValidError):
        client.feedback("x", "great")
    house.do(lambda floor: floor.end(call))
    with pytest.raises(TooLateError):
        client.give_context(call, age=58)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_tokens_that_do_not_do_are_told_apart(house: House, kind: str) -> None:
    def calls(url: str, token: str) -> None:
        with Either(kind, url, token) as client:
            client.calls()

    with pytest.raises(NotAuthenticatedError, match="token make"):
        calls(house.url, "")
    with pytest.raises(NotAuthenticatedError):
        calls(house.url, "ridt_wrong")
    with pytest.raises(UnreachableError):
        calls("http://127.0.0.1:1", "x")
    with (
        Either(kind, house.url, house.token(Right.READ)) as reader,
        pytest.raises(NotAllowedError, match="right `context`"),
    ):
        reader.give_context("c", age=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(  # noqa: S603 - a fixed command
        [
            *command.split(),
            *("-subj", "/CN=rid", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_over_tls_the_banks_authority_is_trusted_and_no_other(
    tmp_path: Path, certificate: tuple[Path, Path], kind: str
) -> None:
    own, key = certificate
    with House(tmp_path, tls_certificate=own, tls_key=key) as house:
        house.say("a")
        with (
            Either(kind, house.url, house.token(), tls=Tls(ca_file=own)) as trusting,
            following(kind, house.url, house.token(), after=0, tls=Tls(ca_file=own)) as program,
        ):
            assert [line.call_id for line in trusting.calls()] == ["c0"]
            assert program.texts(1) == ["a"]
        with (
            Either(kind, house.url, house.token()) as stranger,
            pytest.raises(CertificateError, match="ca_file"),
        ):
            stranger.calls()
        for after in (0, None):
            with following(kind, house.url, house.token(), after=after) as refusing:
                assert isinstance(refusing.ended(), CertificateError)


def test_the_example_brings_context_in_and_hints_out(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        token = house.token(Right.READ, Right.CONTEXT, Right.FEEDBACK)
        dialer = subprocess.Popen(  # noqa: S603 - our own interpreter and example
            [sys.executable, str(EXAMPLE), house.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "RID_TELEPHONY_TOKEN": token, "NO_PROXY": "*"}
            | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )
        assert dialer.stdin and dialer.stdout and dialer.stderr

        def told() -> dict[str, Any]:
            assert dialer.stdout
            line: dict[str, Any] = json.loads(dialer.stdout.readline())
            return line

        try:
            lead = {"customer_id": "C-1001", "age": 58, "risk_level": "C2"}
            dialer.stdin.write(json.dumps(lead) + "\n")
            dialer.stdin.flush()
            assert told() == {"dial": "C-1001"}
            house.do(lambda floor: floor.start("c1", CustomerContext(customer_id="C-1001")))
            assert told()["customer_id"] == "C-1001"
            hint = house.do(lambda floor: floor.doubted("c1"))
            shown = told()
            offered = house.floor.last("hint.offered").data
            assert shown == {
                "call": "c1",
                "agent": "1001",
                "show": offered["line"],
                "say": offered["script"],
            }
            assert house.floor.words.risk_levels[-1] == 2
            house.do(lambda floor: floor.end("c1"))
            assert told()["now"] == "call.ended"
            assert house.floor.last("hint.displayed").data["hint_id"] == hint
            dialer.send_signal(signal.SIGINT)
            _, said = dialer.communicate(timeout=20)
            assert token not in said
            cursor = json.loads((tmp_path / "dialer.cursor").read_text())["cursor"]
            assert cursor >= house.floor.last("hint.offered").cursor
        finally:
            dialer.kill()
            dialer.communicate()


def test_the_example_has_at_most_forty_lines() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 40
