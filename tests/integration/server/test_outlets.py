"""The server beside the calls: it starts or says why not, and never costs a call."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from call_kit import Floor

from rid_telephony.app import App
from rid_telephony.cli import consoling
from rid_telephony.cli.consoling import console_beside
from rid_telephony.cti.feed import Feed
from rid_telephony.errors import SettingsError
from rid_telephony.outlets import Desk, asked_for, make_outlets
from rid_telephony.settings import Settings
from rid_telephony.settings.server import ServerSettings, WebhookSettings, WebhookTarget
from rid_telephony.store.events import EventStore

pytestmark = pytest.mark.integration

SECRET = "whsec_" + "c2VjcmV0" * 4
OPEN = ServerSettings(port=0, require_token=False)


@dataclass
class SmallApp:
    """What the console needs of an app."""

    settings: Settings

    def analyzer(self, record: dict[str, Any]) -> dict[str, Any]:
        return record


def url(path: Path) -> str:
    return f"sqlite:///{path / 'calls.sqlite'}"


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await story()

    asyncio.run(bounded())


@asynccontextmanager
async def opened(floor: Floor, store: EventStore | None, path: Path, settings: Settings) -> Any:
    desk = Desk(floor.control, floor.board, lambda record: record)
    outlets = make_outlets(settings, floor.feed, store, url(path), desk)
    assert outlets
    try:
        await outlets.start()
        yield outlets
    finally:
        await outlets.close()


async def get(address: str, path: str = "") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.get(address.removesuffix("/console/") + path)


def test_console_calls_and_readiness_are_served_and_the_port_is_free_afterwards(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        store = EventStore(url(tmp_path))
        floor = Floor(log=store)
        async with opened(floor, store, tmp_path, Settings(server=OPEN)) as outlets:
            floor.start("c1")
            lines = (await get(outlets.console, "/v1/calls")).json()["calls"]
            assert [line["call_id"] for line in lines] == ["c1"]
            assert (await get(outlets.console, "/readyz")).status_code == 200
            address = outlets.console
        with pytest.raises(httpx.ConnectError):
            await get(address, "/healthz")
        floor.end("c1")
        assert floor.last("call.ended"), "calls go on without it"
        store.close()

    run(story)


def test_a_port_in_use_is_an_error_in_words(tmp_path: Path) -> None:
    async def story() -> None:
        floor = Floor()
        async with opened(floor, None, tmp_path, Settings(server=OPEN)) as first:
            port = int(first.console.split(":")[2].split("/")[0])
            taken = Settings(server=OPEN.model_copy(update={"port": port}))
            with pytest.raises(SettingsError, match=f"port {port}"):
                async with opened(floor, None, tmp_path, taken):
                    pass

    run(story)


def test_nothing_is_opened_where_nothing_is_wanted(tmp_path: Path) -> None:
    off = Settings(server=ServerSettings(enabled=False))
    floor = Floor()
    desk = Desk(floor.control, floor.board, lambda record: record)
    assert make_outlets(off, floor.feed, None, url(tmp_path), desk) is None


def test_what_nobody_asked_for_is_told_from_what_somebody_did() -> None:
    assert not asked_for(Settings())
    assert asked_for(Settings(server=ServerSettings()))
    assert not asked_for(Settings(server=ServerSettings(enabled=False)))
    target = WebhookTarget(name="a", url="https://crm.example/x", secret=SECRET)
    assert asked_for(Settings(webhooks=WebhookSettings(targets=(target,))))


CORE_ALONE = """
    import sys

    class Missing:
        NAMES = {"fastapi", "httpx", "msgpack", "prometheus_client", "standardwebhooks",
                 "starlette", "uvicorn", "nats"}

        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in self.NAMES:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, Missing())
    import rid_telephony.cli.main, rid_telephony.live
    from rid_telephony.cti.feed import Feed
    from rid_telephony.errors import SettingsError
    from rid_telephony.outlets import make_outlets
    from rid_telephony.settings import Settings
    from rid_telephony.settings.server import ServerSettings

    assert make_outlets(Settings(), Feed("/x"), None, "", None) is None
    try:
        make_outlets(Settings(server=ServerSettings()), Feed("/x"), None, "", None)
    except SettingsError as error:
        print(error)
"""


def test_without_the_extra_the_core_works_and_a_wanted_server_says_what_to_install() -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", textwrap.dedent(CORE_ALONE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "pip install 'rid-telephony[server]'" in done.stdout
    assert "feed_server_not_installed" in done.stdout + done.stderr


def test_the_console_of_a_demo_needs_no_token_and_leaves_by_no_other_way(tmp_path: Path) -> None:
    target = WebhookTarget(name="a", url="https://crm.example/x", secret=SECRET)
    settings = Settings(
        server=ServerSettings(host="0.0.0.0", port=0),  # noqa: S104 - must not be taken over
        webhooks=WebhookSettings(targets=(target,)),
    )
    said: list[str] = []

    async def story() -> None:
        app = cast(App, SmallApp(settings))
        async with console_beside(app, Feed("/x"), None, url(tmp_path)):
            assert (await get(said[0].removeprefix("Console: "), "/v1/calls")).status_code == 200

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consoling, "say", said.append)
        patch.setattr(consoling, "show_in_browser", lambda _: None)
        run(story)
    assert said[0].startswith("Console: http://127.0.0.1:")


def test_the_console_of_a_demo_takes_another_port_where_serve_has_its_own(tmp_path: Path) -> None:
    said: list[str] = []

    async def story() -> None:
        async with opened(Floor(), None, tmp_path, Settings(server=OPEN)) as first:
            port = int(first.console.split(":")[2].split("/")[0])
            settings = Settings(server=ServerSettings(port=port))
            async with console_beside(cast(App, SmallApp(settings)), Feed("/x"), None, ""):
                address = said[0].removeprefix("Console: ")
                assert f":{port}/" not in address
                assert (await get(address, "/healthz")).status_code == 200

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consoling, "say", said.append)
        patch.setattr(consoling, "show_in_browser", lambda _: None)
        run(story)


def test_a_browser_is_opened_only_where_there_is_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = threading.Event()
    monkeypatch.setattr("webbrowser.open", lambda _: shown.set())
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    consoling.show_in_browser("http://127.0.0.1/")
    assert not shown.wait(0.05)
    monkeypatch.setenv("DISPLAY", ":0")
    consoling.show_in_browser("http://127.0.0.1/")
    assert shown.wait(5)
