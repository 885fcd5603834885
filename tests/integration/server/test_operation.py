"""Probes, figures, documents, TLS, and a server that starts and stops inside another program."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from server_kit import Site, serving

from rid_telephony.cti.access.scope import Right
from rid_telephony.cti.events import EVENT_TYPES
from rid_telephony.errors import SettingsError

from .test_logging_in import on_site, problem

pytestmark = pytest.mark.integration


def test_probes_need_no_token_and_readiness_names_what_is_missing() -> None:
    async def story(site: Site) -> None:
        assert (await site.http.get("/healthz")).json() == {"status": "ok"}
        assert (await site.http.get("/readyz")).json()["ready"] is True
        site.desk.ready = {"models": True, "pbx": False}
        response = await site.http.get("/readyz")
        assert response.status_code == 503
        assert problem(response) == "not-ready"
        assert response.json()["parts"] == {"models": True, "pbx": False}
        assert "pbx" in response.json()["detail"]

    on_site(story)


def test_figures_can_be_scraped_and_ids_never_become_labels() -> None:
    async def story(site: Site) -> None:
        site.desk.figures = {"calls_now": 3, "hints_total": 7}
        for number in range(50):
            await site.http.get(f"/schemas/made.up.{number}.json")
            await site.http.request(f"X{number}", f"/nothing/{number}")
        response = await site.http.get("/metrics", headers=site.bearer(Right.METRICS))
        families = {f.name: f for f in text_string_to_metric_families(response.text)}
        assert families["rid_telephony_calls_now"].samples[0].value == 3
        assert families["rid_telephony_hints"].type == "counter"
        assert families["rid_telephony_login_failures"].samples[0].value == 0
        requests = families["rid_telephony_http_requests"]
        counted = {
            (s.labels["method"], s.labels["route"], s.labels["status"]): s.value
            for s in requests.samples
            if s.name.endswith("_total")
        }
        assert counted == {
            ("GET", "/schemas/{event_type}.json", "4xx"): 50,
            ("other", "none", "4xx"): 50,
        }

    on_site(story)


def test_the_documents_that_the_server_hands_out_are_whole() -> None:
    async def story(site: Site) -> None:
        openapi = (await site.http.get("/openapi.json")).json()
        assert {"/healthz", "/v1/tickets", "/v1/session"} <= set(openapi["paths"])
        asyncapi = (await site.http.get("/asyncapi.json")).json()
        for event_type in EVENT_TYPES:
            place = asyncapi["components"]["messages"][event_type]["payload"]["schema"]["$ref"]
            schema = await site.http.get(f"/{place}")
            assert schema.json()["title"] == event_type

    on_site(story)


def test_a_port_in_use_is_told_in_words_before_anything_runs() -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(SettingsError, match=rf"port {port}.*in use"):
                async with serving(port=port):
                    pass

    asyncio.run(run())


def test_the_program_s_own_signal_handlers_stay_in_place() -> None:
    async def run() -> None:
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        async with serving():
            assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before

    asyncio.run(run())


def test_closing_takes_seconds_even_where_a_peer_never_reads_or_writes() -> None:
    async def run() -> None:
        async with serving() as site:
            port = int(site.server.url.rpartition(":")[2])
            _, idle = await asyncio.open_connection("127.0.0.1", port)
            _, half = await asyncio.open_connection("127.0.0.1", port)
            half.write(b"POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
            await half.drain()
            await site.http.get("/healthz")
            began = time.monotonic()
            await site.server.close()
            assert time.monotonic() - began < 8
            for writer in (idle, half):
                writer.close()
        with pytest.raises(OSError, match=r"refused|Connect"):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(run())


def test_after_a_crash_the_server_comes_back_on_its_port_and_the_program_never_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from rid_telephony.cti.server import service

    crashes = [RuntimeError("broken"), SystemExit(3)]
    runs = service._Server.main_loop

    async def main_loop(server: service._Server) -> None:
        if crashes:
            raise crashes.pop()
        await runs(server)

    monkeypatch.setattr(service._Server, "main_loop", main_loop)
    monkeypatch.setattr(service, "RESTART_SECONDS", 0.02)

    async def run() -> None:
        async with serving() as site:
            async with asyncio.timeout(10):
                while crashes:
                    await asyncio.sleep(0.02)
                while True:
                    try:
                        answer = await site.http.get("/healthz")
                        break
                    except httpx.TransportError:
                        await asyncio.sleep(0.02)
            assert answer.status_code == 200

    asyncio.run(run())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "cert.pem", directory / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(  # noqa: S603 - a fixed command of the system
        [
            *command.split(),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def test_with_a_certificate_the_server_speaks_tls_and_cookies_never_leave_it(
    certificate: tuple[Path, Path],
) -> None:
    async def run() -> None:
        trusted = ssl.create_default_context(cafile=str(certificate[0]))
        files = {"tls_certificate": certificate[0], "tls_key": certificate[1]}
        async with serving(verify=trusted, **files) as site:
            assert site.server.url.startswith("https://")
            made = await site.http.post("/v1/tickets", headers=site.bearer())
            assert "strict-transport-security" in made.headers
            body = {"ticket": made.json()["ticket"]}
            session = await site.http.post("/v1/session", json=body)
            assert "; secure" in session.headers["set-cookie"].lower()

    asyncio.run(run())


def test_a_certificate_without_its_key_is_told_in_words(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    async def run() -> None:
        wrong = tmp_path / "key.pem"
        wrong.write_text("none", encoding="utf-8")
        with pytest.raises(SettingsError, match="certificate"):
            async with serving(tls_certificate=certificate[0], tls_key=wrong):
                pass

    asyncio.run(run())


def test_the_published_openapi_document_is_what_the_code_generates() -> None:
    """Integrators build against it; run: rid-telephony schema --write docs/api."""
    from rid_telephony.cti.server.published import openapi_text

    published = Path(__file__).parents[3] / "docs" / "api" / "openapi.json"
    assert json.loads(published.read_text(encoding="utf-8")) == json.loads(openapi_text()), (
        "run: rid-telephony schema --write docs/api"
    )
