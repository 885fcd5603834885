"""Headers of pages, as a browser that has been here before sees them."""

from __future__ import annotations

import asyncio

import pytest
from server_kit import serving

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("path", ["/console/wallboard", "/console/login", "/panel/demo.html"])
def test_a_page_that_is_still_good_keeps_the_policy_that_came_with_it(path: str) -> None:
    """A policy in the 304 would replace the page's own: the second visit would show nothing."""

    async def script() -> None:
        async with serving() as site:
            first = await site.http.get(path)
            assert "script-src 'self'" in first.headers["content-security-policy"]
            tag = {"If-None-Match": first.headers["etag"]}
            second = await site.http.get(path, headers=tag)
            assert second.status_code == 304
            assert "content-security-policy" not in second.headers
            assert second.headers["x-content-type-options"] == "nosniff"

    asyncio.run(script())
