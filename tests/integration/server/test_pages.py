"""The console and the panel over HTTP, and the two answers that only they ask for."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from call_kit import Floor
from server_kit import Site, serving
from starlette.testclient import TestClient

from rid_telephony.cti.access.access import Access
from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.access.tokens import TokenBook
from rid_telephony.cti.server.app import make_app
from rid_telephony.cti.server.hub import Hub
from rid_telephony.cti.server.pages import read_assets
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.explain.loading import load_steps
from rid_telephony.settings.rid import RidSettings
from rid_telephony.settings.server import ServerSettings
from rid_telephony.store.access import AccessStore
from rid_telephony.store.events import EventStore

from .test_logging_in import on_site, problem

pytestmark = pytest.mark.integration

NOW = 1_800_000_000.0
PAGES = ("", "agent", "calls", "call", "explain", "login")


@dataclass
class Console:
    """A server without a port, with calls and recordings."""

    floor: Floor
    http: TestClient
    book: TokenBook
    recordings: Path

    def token(self, **scope: tuple[str, ...]) -> dict[str, str]:
        """Headers with a new token that may read."""
        rights = frozenset({Right.READ})
        name = f"t{len(self.book.list())}"
        token, *_ = self.book.make(name, rights, Scope(**scope), NOW, None)
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(params=["kept", "not kept"])
def console(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Console]:
    store = EventStore(f"sqlite:///{tmp_path / 'c.sqlite'}") if request.param == "kept" else None
    access = AccessStore(f"sqlite:///{tmp_path / 'access.sqlite'}")
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    settings = ServerSettings(recordings_dir=recordings)
    floor = Floor(log=store)
    parts = ServerParts(
        settings=settings,
        hub=Hub(floor.feed, store),
        control=floor.control,
        access=Access(settings, access, lambda: NOW),
        archive=store,
        board=floor.board,
        steps=load_steps(RidSettings()),
        clock=lambda: NOW,
    )
    http = TestClient(make_app(parts), "http://127.0.0.1:8787")
    yield Console(floor, http, TokenBook(access), recordings)
    parts.hub.close()
    access.close()
    if store:
        store.close()


def sound(file: Path) -> bytes:
    with wave.open(str(file), "wb") as stream:
        stream.setnchannels(2)
        stream.setsampwidth(2)
        stream.setframerate(8000)
        stream.writeframes(bytes(range(200)) * 40)
    return file.read_bytes()


def test_pages_need_no_token_and_run_nothing_from_elsewhere() -> None:
    async def story(site: Site) -> None:
        for page in PAGES:
            answer = await site.http.get(f"/console/{page}")
            assert answer.status_code == 200, page
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "style-src 'self';" in policy
        home = await site.http.get("/")
        assert home.status_code == 307
        assert home.headers["location"] == "console/"

    on_site(story)


def test_every_file_is_served_as_what_it_is_and_asked_for_again_only_when_it_changed() -> None:
    async def story(site: Site) -> None:
        kinds = {"html", "css", "javascript", "svg", "json"}
        for path in read_assets():
            answer = await site.http.get(f"/{path}")
            assert answer.status_code == 200, path
            assert any(kind in answer.headers["content-type"] for kind in kinds), path
            assert answer.headers["cache-control"] == "no-cache"
            again = {"If-None-Match": answer.headers["etag"]}
            unchanged = await site.http.get(f"/{path}", headers=again)
            assert (unchanged.status_code, unchanged.content) == (304, b"")
            head = await site.http.head(f"/{path}")
            assert head.content == b""
            assert int(head.headers["content-length"]) == len(answer.content)

    on_site(story)


@pytest.mark.parametrize(
    "path",
    [
        "/console/../words.py",
        "/console/%2e%2e/words.py",
        "/panel/..%2f..%2fwords.py",
        "/vendor/%2fetc%2fpasswd",
        "/vendor/README.md",
        "/console/nothing",
        "/panel/",
        "/console/wallboard.html%00.js",
    ],
)
def test_no_path_leads_to_another_file(path: str) -> None:
    async def story(site: Site) -> None:
        answer = await site.http.get(path)
        assert answer.status_code == 404
        assert problem(answer) == "not-found"

    on_site(story)


def test_the_panel_may_be_loaded_by_a_page_of_the_allow_list() -> None:
    origin = "https://crm.bank.example"

    async def story() -> None:
        async with serving(cors_origins=(origin,)) as site:
            answer = await site.http.get("/panel/rid-hints.js", headers={"Origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"

    asyncio.run(story())


def test_a_figure_is_explained_as_the_terminal_does(console: Console) -> None:
    console.floor.start("c1")
    console.floor.doubted("c1")
    answer = console.http.get("/v1/calls/c1/explain?number=relationship", headers=console.token())
    assert answer.status_code == 200
    (figure,) = answer.json()["figures"]
    assert figure["name"] == "relationship"
    assert "objection.doubt" in {reason["signal"] for reason in figure["reasons"]}
    whole = console.http.get("/v1/calls/c1/explain", headers=console.token()).json()
    stage = next(one for one in whole["figures"] if one["name"] == "stage")
    assert stage["scale"]["stranger"] == 0
    assert whole["hints"]


def test_what_cannot_be_explained_is_refused_in_words(console: Console) -> None:
    console.floor.start("c1")
    headers = console.token()
    silent = console.http.get("/v1/calls/c1/explain", headers=headers)
    assert (silent.status_code, problem(silent)) == (422, "not-valid")
    console.floor.doubted("c1")
    unknown = console.http.get("/v1/calls/c1/explain?number=relationshp", headers=headers)
    assert unknown.status_code == 422
    assert "relationship" in unknown.text
    assert console.http.get("/v1/calls/c2/explain", headers=headers).status_code == 404


def test_an_explanation_tells_only_what_a_token_may_see(console: Console) -> None:
    console.floor.start("c1", agent="1001", queue="sales")
    console.floor.doubted("c1")
    for scope in ({"agents": ("1002",)}, {"queues": ("service",)}, {"tenants": ("theirs",)}):
        headers = console.token(**scope)
        assert console.http.get("/v1/calls/c1/explain", headers=headers).status_code == 404
    narrow = console.token(types=("call.*", "utterance.final", "rid.relationship.updated"))
    told = console.http.get("/v1/calls/c1/explain", headers=narrow).json()
    known = {one["name"] for one in told["figures"] if one["at_turn"] is not None}
    assert "relationship" in known
    assert "trust" not in known
    assert told["hints"] == []
    assert console.http.get("/v1/calls/c1/explain").status_code == 401


def test_a_recording_is_played_from_anywhere_in_it(console: Console) -> None:
    console.floor.start("c1")
    whole = sound(console.recordings / "c1.wav")
    headers = console.token()
    address = "/v1/calls/c1/recording"
    answer = console.http.get(address, headers=headers)
    assert (answer.status_code, answer.content) == (200, whole)
    assert answer.headers["content-type"] == "audio/wav"
    part = console.http.get(address, headers={**headers, "Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    head = console.http.head(address, headers=headers)
    assert (head.status_code, head.content) == (200, b"")


def test_a_recording_is_heard_only_by_who_may_read_the_words(console: Console) -> None:
    console.floor.start("c1", agent="1001")
    sound(console.recordings / "c1.wav")
    for scope in ({"agents": ("1002",)}, {"types": ("call.*", "hint.*")}):
        answer = console.http.get("/v1/calls/c1/recording", headers=console.token(**scope))
        assert (answer.status_code, problem(answer)) == (404, "no-recording")
    assert console.http.get("/v1/calls/c1/recording").status_code == 401


def test_no_call_id_leads_to_a_file_that_is_not_a_recording(console: Console) -> None:
    secret = sound(console.recordings.parent / "secret.wav")
    (console.recordings / "linked.wav").symlink_to(console.recordings.parent / "secret.wav")
    (console.recordings / "folder.wav").mkdir()
    headers = console.token()
    for call_id in ("../secret", "linked", "folder", "missing", "a/../../secret"):
        console.floor.start(call_id)
        quoted = call_id.replace("/", "%2F")
        answer = console.http.get(f"/v1/calls/{quoted}/recording", headers=headers)
        assert answer.status_code == 404, call_id
        assert answer.content != secret
