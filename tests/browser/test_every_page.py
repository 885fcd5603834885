"""What holds for every page: accessible, fits a narrow column, and shows text as text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_kit import Look, Theatre, Visit, visiting
from browser_kit.house import PAGES, PAST, fill
from playwright.sync_api import Browser

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
NARROW, WIDE = 320, 1440
MARKUP = "<img src=x onerror='window.ridHacked=1'><script>window.ridHacked=1</script>&amp;"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with Theatre(tmp_path_factory.mktemp("house")) as theatre:
        fill(theatre)
        yield theatre


@pytest.fixture(scope="module")
def login_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """Only where a token is asked for does the login page stay."""
    with Theatre(tmp_path_factory.mktemp("login"), require_token=True) as theatre:
        yield theatre


def show(visit: Visit, theatre: Theatre, path: str) -> None:
    """Open a page, and wait until what it has to show is there."""
    visit.page.goto(theatre.url + path)
    visit.page.wait_for_load_state("networkidle")
    if "agent" in path or "demo" in path:
        visit.wait_for_panel("root.querySelector('.line').textContent")
    visit.wait_until("() => document.querySelector('main')?.innerText.trim().length > 10")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits(
    browser: Browser, house: Theatre, login_house: Theatre, name: str, dark: bool
) -> None:
    """No violation for axe, no scrolling sideways, no script that fails, nothing blocked."""
    theatre = login_house if name == "login" else house
    for width in (NARROW, WIDE):
        with visiting(browser, Look(width=width, dark=dark)) as visit:
            show(visit, theatre, PAGES[name])
            result = Axe().run(visit.page, options=RULES)
            assert result.violations_count == 0, result.generate_report()
            wider = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0
            assert visit.page.evaluate("document.documentElement.lang") == "zh-CN"
            assert visit.faults == []
            assert visit.blocked() == []


@pytest.mark.parametrize("name", [name for name in PAGES if name not in ("login", "no such call")])
def test_what_is_said_and_told_of_a_customer_is_never_markup(
    browser: Browser, hostile: Theatre, name: str
) -> None:
    with visiting(browser) as visit:
        show(visit, hostile, PAGES[name])
        if name != "embedded panel":
            visit.page.wait_for_timeout(300)
        assert visit.page.evaluate("window.ridHacked") is None
        assert visit.page.locator("img").count() == 0
        assert visit.blocked() == []
        if name in ("call", "live call"):
            assert MARKUP in visit.page.locator("main").inner_text()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with Theatre(tmp_path_factory.mktemp("hostile")) as theatre:
        fill(theatre, customer=MARKUP, words=MARKUP)
        yield theatre


def test_pages_are_in_english_for_an_english_browser(browser: Browser, house: Theatre) -> None:
    with visiting(browser, Look(language="en-GB")) as visit:
        for path in ("/console/", f"/console/call?id={PAST}", "/console/agent"):
            show(visit, house, path)
            assert visit.page.evaluate("document.documentElement.lang") == "en"
            assert visit.page.locator("nav").first.inner_text().startswith("Live calls")


def test_a_page_is_the_same_on_the_second_visit(browser: Browser, house: Theatre) -> None:
    """The files come out of the browser's store, with the policy that they came with."""
    with visiting(browser) as visit:
        for _ in range(2):
            show(visit, house, "/console/")
            visit.page.get_by_role("button", name="1002").first.wait_for()
        visit.page.reload()
        visit.page.get_by_role("button", name="1002").first.wait_for()
        assert visit.blocked() == []


def test_the_wallboard_puts_alerts_first_and_says_them(browser: Browser, theatre: Theatre) -> None:
    fill(theatre)
    with visiting(browser) as visit:
        show(visit, theatre, "/console/")
        visit.page.locator(".alert").wait_for()
        theatre.promised("live-1", "绝对保本，零风险")
        visit.wait_until_said("assertive", "绝对保本，零风险")
        visit.wait_until("() => document.querySelectorAll('.alert').length === 2")
        assert visit.page.title().startswith("(2)")
        theatre.close()
        visit.wait_until_said("polite", "连接中断")
        assert "可能已过时" in visit.page.locator("main > .notice").inner_text()
        theatre.do(lambda floor: floor.end("live-3"))
        theatre.open()
        visit.wait_until_said("polite", "连接已恢复")
        visit.wait_until("() => !document.querySelector('li.call[data-state=held]')")
        assert visit.page.locator("main > .notice").is_hidden()


def test_a_supervisor_follows_a_call_by_keyboard_alone(browser: Browser, theatre: Theatre) -> None:
    fill(theatre)
    with visiting(browser) as visit:
        show(visit, theatre, "/console/")
        keyboard = visit.page.keyboard
        visit.page.locator("li.call").first.wait_for()
        keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.className").endswith("skip")
        for _ in range(40):
            keyboard.press("Tab")
            focused = visit.page.evaluate(
                "(() => { const at = document.activeElement;"
                " const seen = [at, at.closest('li')].filter(Boolean).map((one) =>"
                "   getComputedStyle(one).outlineStyle).find((style) => style !== 'none');"
                " return [at.className, seen]; })()"
            )
            assert focused[1] in ("solid", "auto"), focused
            if focused[0] == "open":
                break
        keyboard.press("ArrowDown")
        agent = visit.page.evaluate("document.activeElement.textContent")
        keyboard.press("Enter")
        visit.wait_until("() => location.hash.length > 1")
        visit.wait_until(f"() => document.activeElement.closest('.board') && {agent!r}")
        keyboard.press("Escape")
        visit.wait_until("() => location.hash === ''")
        assert visit.page.evaluate("document.activeElement.textContent") == agent
