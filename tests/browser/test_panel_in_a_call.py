"""The panel beside a call, on the real server: hints, feedback, alerts, and a server that goes."""

from __future__ import annotations

import time

import pytest
from browser_kit import Look, Theatre, Visit, visiting
from playwright.sync_api import Browser

DEMO_PAGE = "/panel/demo.html"
AGENT_PAGE = "/console/agent"
VERDICTS = ("hint.accepted", "hint.dismissed")


def open_panel(visit: Visit, theatre: Theatre, path: str = AGENT_PAGE) -> None:
    visit.page.goto(theatre.url + path)
    visit.wait_until_live()


def shows(line: str) -> str:
    return f"root.querySelector('.line').textContent === {line!r}"


def until_stored(theatre: Theatre, call_id: str, wanted: list[tuple[str, str]]) -> None:
    """The verdicts of a call in the store; a browser's request takes a moment."""
    end = time.monotonic() + 10
    while True:
        kept = theatre.stored(call_id, VERDICTS)
        found = [(event.type, event.data["reason"]) for event in kept]
        if found == wanted or time.monotonic() > end:
            assert found == wanted
            return
        time.sleep(0.05)


def test_feedback_by_click_reaches_the_store(browser: Browser, theatre: Theatre) -> None:
    theatre.begin("c1")
    with visiting(browser) as visit:
        open_panel(visit, theatre)
        hint = theatre.doubted("c1")
        visit.wait_for_panel(shows(hint.data["line"]))
        visit.page.locator("rid-hints [data-verdict=used]").click()
        visit.wait_until_said("polite", "已记录")
        until_stored(theatre, "c1", [("hint.accepted", "used")])
        assert visit.panel("panel.state.hints.at(-1).verdict") == "used"
        assert visit.faults == []
    displayed = theatre.stored("c1", ["hint.displayed"])
    assert [event.data["hint_id"] for event in displayed] == [hint.data["hint_id"]]


@pytest.mark.parametrize(
    ("key", "stored"),
    [
        ("1", ("hint.accepted", "used")),
        ("2", ("hint.accepted", "useful")),
        ("3", ("hint.dismissed", "wrong")),
    ],
)
def test_feedback_by_key_reaches_the_store(
    browser: Browser, theatre: Theatre, key: str, stored: tuple[str, str]
) -> None:
    theatre.begin("c1")
    with visiting(browser) as visit:
        open_panel(visit, theatre, DEMO_PAGE)
        hint = theatre.doubted("c1")
        visit.wait_for_panel(shows(hint.data["line"]))
        visit.page.locator("rid-hints [part=hint]").focus()
        visit.page.keyboard.press(key)
        until_stored(theatre, "c1", [stored])


def test_a_key_that_is_typed_elsewhere_judges_nothing(browser: Browser, theatre: Theatre) -> None:
    """An agent who types a number into the CRM must not judge a hint by it."""
    theatre.begin("c1")
    with visiting(browser) as visit:
        open_panel(visit, theatre)
        hint = theatre.doubted("c1")
        visit.wait_for_panel(shows(hint.data["line"]))
        visit.page.locator("#agent").fill("1")
        visit.page.locator("#agent").press("3")
        assert visit.panel("panel.state.hints.at(-1).verdict") == ""
        visit.page.keyboard.press("Alt+Shift+Digit1")
        until_stored(theatre, "c1", [("hint.accepted", "used")])


def test_a_server_that_is_away_is_said_and_nothing_is_lost_or_doubled(
    browser: Browser, theatre: Theatre
) -> None:
    theatre.begin("c1")
    with visiting(browser) as visit:
        open_panel(visit, theatre)
        first = theatre.doubted("c1")
        visit.wait_for_panel(shows(first.data["line"]))
        visit.page.evaluate(
            "ridHints = [];"
            "addEventListener('rid-hint', (event) => ridHints.push(event.detail.hint.id))"
        )
        theatre.close()
        visit.wait_for_panel("panel.connection === 'lost'")
        visit.wait_until_said("polite", "连接中断")
        assert "连接中断" in visit.panel("panel.shadowRoot.querySelector('.status').textContent")
        assert "可能" in visit.panel("panel.shadowRoot.querySelector('.kind').textContent")
        theatre.do(lambda floor: floor.customer("那利息多少", "c1", act="question"))
        theatre.do(lambda floor: floor.agent("一年百分之二点一", call_id="c1"))
        theatre.open()
        visit.wait_until_live()
        visit.wait_until_said("polite", "恢复")
        theatre.do(lambda floor: floor.customer("哦，好的", "c1"))
        visit.wait_for_panel("panel.state.utterances.some((one) => one.text === '哦，好的')")
        texts = visit.panel("panel.state.utterances.map((one) => one.text)")
        spoken = [event.data["text"] for event in theatre.stored("c1", ["utterance.final"])]
        assert texts == spoken
        assert visit.panel("panel.state.gaps") == 0
        shown = visit.page.evaluate("ridHints")
        assert len(shown) == len(set(shown))


def test_alerts_are_announced_at_once_and_stay_until_noted(
    browser: Browser, theatre: Theatre
) -> None:
    theatre.begin("c1")
    with visiting(browser) as visit:
        open_panel(visit, theatre)
        hint = theatre.doubted("c1")
        visit.wait_until_said("polite", hint.data["line"])
        assert visit.said("assertive") == []
        alert = theatre.promised("c1")
        visit.wait_until_said("assertive", alert.data["finding"]["quote"])
        visit.wait_until_said("assertive", alert.data["finding"]["safe_wording"])
        band = visit.page.locator("rid-hints [part=alert]")
        assert band.is_visible()
        band.get_by_role("button").click()
        visit.wait_for_panel("root.querySelector('.alert').hidden")


def test_the_panel_keeps_its_height_whatever_it_shows(browser: Browser, theatre: Theatre) -> None:
    """A softphone beside it would jump under the agent's mouse."""
    theatre.begin("c1")
    with visiting(browser, Look(width=352)) as visit:
        open_panel(visit, theatre, DEMO_PAGE)
        height = "panel.getBoundingClientRect().height"
        empty = visit.panel(height)
        hint = theatre.doubted("c1")
        visit.wait_for_panel(shows(hint.data["line"]))
        assert visit.panel(height) == empty
        theatre.promised("c1")
        visit.wait_for_panel("!root.querySelector('.alert').hidden")
        assert visit.panel(height) == empty


def test_a_call_that_is_given_away_leaves_the_one_panel_and_comes_to_the_other(
    browser: Browser, theatre: Theatre
) -> None:
    theatre.begin("c1", agent="1001")
    with visiting(browser) as leaving, visiting(browser) as coming:
        open_panel(leaving, theatre, f"{AGENT_PAGE}?agent=1001")
        open_panel(coming, theatre, f"{AGENT_PAGE}?agent=1002")
        hint = theatre.doubted("c1")
        leaving.wait_for_panel(shows(hint.data["line"]))
        theatre.transferred("c1", "1002")
        leaving.wait_for_panel("panel.state.call.phase === 'moved'")
        coming.wait_for_panel("panel.state.call?.phase === 'talking'")


def test_the_panel_needs_only_the_keyboard(browser: Browser, theatre: Theatre) -> None:
    theatre.begin("c1")
    with visiting(browser) as visit:
        open_panel(visit, theatre, DEMO_PAGE)
        theatre.doubted("c1")
        theatre.promised("c1")
        visit.wait_for_panel("!root.querySelector('.alert').hidden")
        visit.page.locator("select[name=width]").focus()
        reached = []
        for _ in range(12):
            visit.page.keyboard.press("Tab")
            reached.append(
                visit.panel(
                    "(() => { const at = panel.shadowRoot.activeElement; return at && "
                    "[at.getAttribute('part') ?? at.className, getComputedStyle(at).outlineStyle]"
                    "})()"
                )
            )
        stops = [stop[0] for stop in reached if stop]
        assert [stop for stop in stops if "button" in stop or stop in ("hint", "why")][:7] == [
            "transcript-button",
            "alert-button",
            "hint",
            "feedback-button used",
            "feedback-button useful",
            "feedback-button wrong",
            "why",
        ]
        assert {stop[1] for stop in reached if stop} <= {"solid", "auto"}
        visit.page.locator("rid-hints [part=transcript-button]").focus()
        visit.page.keyboard.press("Enter")
        visit.wait_for_panel("root.querySelector('[aria-expanded=true]')")
        visit.page.keyboard.press("a")
        visit.wait_for_panel("root.querySelector('.alert').hidden")
