"""The agent panel and the console: static files of the package, read once, served from memory.

What is not in the list of files read cannot be asked for, so no path leads out of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from rid_telephony.console.explained_figures import GROUPS
from rid_telephony.console.explaining import PARTS
from rid_telephony.console.signalwords import FAMILIES
from rid_telephony.console.words import labels
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.cti.server.problems import Problem
from rid_telephony.explain.figures import FIGURES

HOME = "/console/"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
"""Files of other kinds are not served."""
CACHING = "no-cache"
"""Browsers keep the files and ask each time whether they are still good: an update is seen at
once, and unchanged files cost an empty answer."""
WORDS = "console/words.json"
SITE = "console/site.json"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file.

    Attributes:
        etag: Strong, by its content.
    """

    body: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> Asset:
        """A file with this content."""
        return cls(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def make_router(parts: ServerParts) -> APIRouter:
    """The routes; public, since they hold nothing of any call."""
    router = APIRouter(include_in_schema=False)
    site = {"recordings": parts.settings.recordings_dir is not None}
    assets = {**read_assets(), SITE: _json(site)}

    @router.api_route("/", methods=["GET", "HEAD"])
    @router.api_route("/console", methods=["GET", "HEAD"])
    async def home() -> Response:
        # Relative, so that it holds behind a proxy that adds a path.
        return RedirectResponse("console/", 307)

    @router.api_route("/base.css", methods=["GET", "HEAD"])
    @router.api_route("/console/{path:path}", methods=["GET", "HEAD"])
    @router.api_route("/panel/{path:path}", methods=["GET", "HEAD"])
    @router.api_route("/vendor/{path:path}", methods=["GET", "HEAD"])
    async def asset(request: Request) -> Response:
        found = _find(assets, request.scope["path"].removeprefix("/"))
        if found is None:
            raise Problem(404, f"There is no such page; the console is at {HOME}.")
        return _answer(found, request)

    return router


@cache
def read_assets() -> Mapping[str, Asset]:
    """Every file that is served, by its path without the slash at the beginning."""
    root = files("rid_telephony.console").joinpath("web")
    found = {
        path: Asset.of(file.read_bytes(), MEDIA_TYPES[_kind(path)]) for path, file in _walk(root)
    }
    return {**found, WORDS: _json(_words())}


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        elif _kind(path) in MEDIA_TYPES:
            yield path, entry


def _kind(path: str) -> str:
    return path[path.rfind(".") :]


def _find(assets: Mapping[str, Asset], path: str) -> Asset | None:
    if path == HOME.removeprefix("/"):
        path = "console/wallboard"
    return assets.get(path) or assets.get(f"{path}.html")


def _answer(asset: Asset, request: Request) -> Response:
    headers = {"ETag": asset.etag, "Cache-Control": CACHING}
    known = request.headers.get("if-none-match", "")
    if asset.etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
        return Response(status_code=304, headers=headers)
    body = b"" if request.method == "HEAD" else asset.body
    headers["Content-Length"] = str(len(asset.body))
    return Response(body, headers=headers, media_type=asset.media_type)


def _words() -> dict[str, object]:
    """The names that people read, the same as on the terminal."""
    return {
        "labels": labels(),
        "signal_families": FAMILIES,
        "figure_groups": GROUPS,
        "figures": FIGURES,
        "parts": PARTS,
    }


def _json(value: object) -> Asset:
    return Asset.of(json.dumps(value, ensure_ascii=False).encode(), MEDIA_TYPES[".json"])
