"""Every refusal is a problem document, whatever was wrong with the request."""

from __future__ import annotations

import asyncio

import pytest
from server_kit import Site, serving

from rid_telephony.cti.access.scope import Right

from .test_logging_in import on_site, problem

pytestmark = pytest.mark.integration

BODY_LIMIT = 1000


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/nothing/here", 404, "not-found"),
        ("PUT", "/healthz", 405, "method-not-allowed"),
        ("GET", "/schemas/no.such.json", 404, "not-found"),
    ],
)
def test_what_is_not_there_is_refused_in_words(
    method: str, path: str, status: int, word: str
) -> None:
    async def story(site: Site) -> None:
        response = await site.http.request(method, path)
        assert response.status_code == status
        assert problem(response) == word

    on_site(story)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"ticket": 1}', b'{"ticket": "x", "more": 1}', b"\xff", b"[" * 900]
)
def test_a_body_that_is_none_is_refused_and_not_quoted(body: bytes) -> None:
    async def story(site: Site) -> None:
        headers = {"Content-Type": "application/json"}
        response = await site.http.post("/v1/session", content=body, headers=headers)
        assert response.status_code in {400, 422}
        assert problem(response) in {"not-valid", "bad-request"}
        assert not any("input" in fault for fault in response.json().get("errors", ()))

    on_site(story)


def test_a_body_above_the_limit_is_refused_told_or_untold() -> None:
    async def chunks():  # type: ignore[no-untyped-def]  # noqa: ANN202 - an async generator for httpx
        for _ in range(20):
            yield b"x" * 100

    async def story(site: Site) -> None:
        headers = {"Content-Type": "application/json"}
        for content in (b"x" * (BODY_LIMIT + 1), chunks()):
            response = await site.http.post("/v1/session", content=content, headers=headers)
            assert response.status_code == 413
            assert problem(response) == "too-large"

    on_site(story, max_body_bytes=BODY_LIMIT)


def test_bytes_that_are_no_http_are_refused_in_words_too() -> None:
    async def story(site: Site) -> None:
        port = int(site.server.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\x03\x01 what is this\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"urn:rid-telephony:problem:bad-request" in answer

    on_site(story)


def test_a_fault_of_ours_is_one_answer_and_the_server_goes_on() -> None:
    async def story(site: Site) -> None:
        site.desk.ready = None  # type: ignore[assignment]  # a fault
        response = await site.http.get("/readyz")
        assert response.status_code == 500
        assert problem(response) == "internal"
        assert "NoneType" not in response.text
        assert response.headers["x-content-type-options"] == "nosniff"
        assert (await site.http.get("/healthz")).status_code == 200

    on_site(story)


def test_pages_of_other_origins_are_let_in_by_the_allow_list_alone() -> None:
    crm = "https://crm.bank.example"

    async def story(site: Site) -> None:
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        yes = await site.http.options("/v1/tickets", headers={"Origin": crm, **asked})
        assert yes.status_code == 200
        assert yes.headers["access-control-allow-origin"] == crm
        assert yes.headers["access-control-allow-credentials"] == "true"
        no = await site.http.options("/v1/tickets", headers={"Origin": f"{crm}.evil", **asked})
        assert no.status_code == 403
        assert problem(no) == "origin-refused"
        assert "access-control-allow-origin" not in no.headers
        headers = {"Origin": crm, **site.bearer(Right.READ)}
        answer = await site.http.get("/v1/session", headers=headers)
        assert answer.headers["access-control-allow-origin"] == crm

    on_site(story, cors_origins=(crm,))


def test_without_an_allow_list_no_other_page_may_read_anything() -> None:
    async def story(site: Site) -> None:
        headers = {"Origin": "https://crm.bank.example", **site.bearer(Right.READ)}
        answer = await site.http.get("/v1/session", headers=headers)
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")

    on_site(story)


def test_two_servers_in_one_process_do_not_share_their_figures() -> None:
    async def run() -> None:
        async with serving() as one, serving() as two:
            await one.http.get("/healthz")
            body = (await two.http.get("/metrics", headers=two.bearer())).text
            assert 'route="/healthz"' not in body

    asyncio.run(run())
