"""A page as somebody sees and hears it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

PATIENCE = 20_000
"""Milliseconds that something may take to be seen."""
STEP = 20
"""Milliseconds between two looks."""

WATCH = """
(() => {
  window.ridSaid = [];
  window.ridBlocked = [];
  document.addEventListener("securitypolicyviolation", (event) =>
    ridBlocked.push(`${event.effectiveDirective} ${event.blockedURI}`));
  const hear = (root) => {
    const note = () => {
      for (const region of root.querySelectorAll("[aria-live]")) {
        const said = [region.getAttribute("aria-live"), region.textContent];
        if (said[1] && region.ridSaid !== said[1]) ridSaid.push(said);
        region.ridSaid = said[1];
      }
    };
    const whatever = { subtree: true, childList: true, characterData: true };
    new MutationObserver(note).observe(root, whatever);
  };
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    hear(root);
    return root;
  };
  hear(document);
})();
"""
"""Notes what live regions say, in shadow trees too, and what the page's own policy blocked."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    width: int = 1280
    height: int = 900
    dark: bool = False
    language: str = "zh-CN"


@dataclass
class Visit:
    """A page, and what went wrong on it.

    Attributes:
        requests: Addresses it asked for.
        faults: Errors of scripts and of the console.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def said(self, politeness: str) -> list[str]:
        """What assistive technology was told: ``polite`` or ``assertive``."""
        heard: list[list[str]] = self.page.evaluate("ridSaid")
        return [text for how, text in heard if how == politeness]

    def wait_until(self, condition: str, argument: Any = None) -> None:
        """Wait until a function of the page is true; the page's policy forbids Playwright's own."""
        end = time.monotonic() + PATIENCE / 1000
        while not self.page.evaluate(condition, argument):
            assert time.monotonic() < end, f"not within {PATIENCE} ms: {condition} {argument or ''}"
            self.page.wait_for_timeout(STEP)

    def wait_until_said(self, politeness: str, text: str) -> None:
        """Wait until assistive technology is told something with this text."""
        said = "([how, text]) => ridSaid.some((said) => said[0] === how && said[1].includes(text))"
        self.wait_until(said, [politeness, text])

    def blocked(self) -> list[str]:
        """What the page's policy did not let it do."""
        found: list[str] = self.page.evaluate("ridBlocked")
        return found

    def panel(self, expression: str) -> Any:
        """Evaluate something of the ``panel``."""
        return self.page.evaluate(
            "(() => { const panel = document.querySelector('rid-hints');"
            f" return {expression}; }})()"
        )

    def wait_for_panel(self, condition: str) -> None:
        """Wait until something is true of the ``panel`` and its ``root``."""
        self.wait_until(
            "() => { const panel = document.querySelector('rid-hints');"
            f" const root = panel?.shadowRoot; return Boolean(root && ({condition})); }}"
        )

    def wait_until_live(self) -> None:
        """Wait until the panel is connected."""
        self.wait_for_panel("panel.connection === 'live'")


@contextmanager
def visiting(browser: Browser, look: Look | None = None, **options: Any) -> Iterator[Visit]:
    """A fresh browser profile with one page."""
    look = look or Look()
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark" if look.dark else "light",
        locale=look.language,
        **options,
    )
    context.set_default_timeout(PATIENCE)
    context.add_init_script(WATCH)
    visit = Visit(context.new_page())
    visit.page.on("request", lambda request: visit.requests.append(request.url))
    visit.page.on("websocket", lambda socket: visit.requests.append(socket.url))
    visit.page.on("pageerror", lambda error: visit.faults.append(str(error)))
    try:
        yield visit
    finally:
        context.close()
