/** What every console page has: header, session, language, colours, spoken messages. */

import { icon, make, set, write } from "../../panel/dom.js";
import { Api, goToLogin, pageAddress, RefusedError } from "./api.js";
import { choose, onLook, theme } from "./choices.js";
import { failedBlock } from "./status.js";
import { language, loadNames, say, title } from "./words.js";

const VIEWS = ["wallboard", "calls", "agent"];
const THEMES = ["", "light", "dark"];
const TROUBLES = new Set(["stale", "lost", "refused"]);
const SPOKEN = 8000;
const BREATH = 60;

/**
 * Start a page.
 *
 * @param {object} page
 * @param {string} page.view Which entry of the navigation it belongs to; empty without navigation.
 * @param {string} page.titleKey Text of its title.
 * @param {(app: App) => object} page.make Makes the page; may have `draw()` to be drawn again in
 *   another language.
 */
export async function startPage({ view, titleKey, make: makePage }) {
  const app = new App(view, titleKey);
  try {
    await loadNames();
    if (view) app.session = await app.api.session();
  } catch (error) {
    if (error instanceof RefusedError) return goToLogin();
    app.drawFrame();
    app.stand(failedBlock(error, () => location.reload()));
    return undefined;
  }
  app.drawFrame();
  const made = makePage(app);
  made.draw?.();
  onLook(() => {
    app.drawFrame();
    made.draw?.();
  });
  return undefined;
}

/** The frame of a page. */
export class App {
  constructor(view, titleKey) {
    this.api = new Api();
    this.session = null;
    this.main = document.querySelector("main");
    this.titleKey = titleKey;
    this._view = view;
    this._top = document.querySelector("header");
    this._linkState = "";
    this._polite = make("div", { class: "unseen", role: "status", "aria-live": "polite" });
    this._assertive = make("div", { class: "unseen", role: "alert", "aria-live": "assertive" });
    document.body.append(this._polite, this._assertive);
  }

  /** Show a block in place of the content: while it loads, or where there is none. */
  stand(block) {
    this.main.replaceChildren(make("h1", { class: "unseen", text: say(this.titleKey) }), block);
  }

  /** The page's title, with a number of things that wait before it. */
  title(text, waiting = 0) {
    document.title = `${waiting ? `(${waiting}) ` : ""}${text} · ${say("product")}`;
  }

  /** Say something to assistive technology: politely, or at once. */
  announce(text, isUrgent = false) {
    const region = isUrgent ? this._assertive : this._polite;
    region.textContent = "";
    setTimeout(() => (region.textContent = text), BREATH);
    clearTimeout(this._spoken);
    this._spoken = setTimeout(() => write(region, ""), SPOKEN);
  }

  /** Show how the connection is: `connecting`, `live`, `stale`, `lost`; empty for none. */
  link(state) {
    const was = this._linkState;
    this._linkState = state;
    this._drawLink();
    if (TROUBLES.has(state) && was === "live") this.announce(say(`link_${state}`));
    if (state === "live" && TROUBLES.has(was)) this.announce(say("link_restored"));
  }

  /** Draw header and title in the language chosen. */
  drawFrame() {
    this.title(say(this.titleKey));
    write(document.querySelector(".skip"), say("skip"));
    this._link = make("span", { class: "link-state" });
    this._drawLink();
    this._top.replaceChildren(this._brand(), ...(this._view ? [this._nav()] : []), this._tools());
  }

  _drawLink() {
    if (!this._link) return;
    const state = this._linkState;
    set(this._link, "hidden", !state);
    if (!state) return;
    set(this._link, "data-state", state);
    set(this._link, "data-trouble", TROUBLES.has(state));
    const dot = make("span", { class: "dot", "aria-hidden": "true" });
    this._link.replaceChildren(dot, make("span", { text: say(`link_${state}`) }));
  }

  _brand() {
    const mark = icon("words");
    mark.classList.add("mark");
    const brand = make("a", { class: "brand", href: pageAddress("") }, mark);
    brand.append(make("span", { text: say("product") }));
    return brand;
  }

  _nav() {
    const links = VIEWS.map((view) => {
      const href = pageAddress(view === "wallboard" ? "" : view);
      const current = view === this._view ? "page" : null;
      return make("a", { href, "aria-current": current, text: say(`view_${view}`) });
    });
    return make("nav", { "aria-label": say("views") }, ...links);
  }

  _tools() {
    const tools = make("div", { class: "tools" }, this._link, this._languageButton());
    tools.append(this._themeButton());
    if (this.session?.expires) tools.append(this._signOutButton());
    return tools;
  }

  _languageButton() {
    const isEnglish = language() === "en";
    const button = make("button", {
      type: "button",
      class: "button quiet",
      lang: isEnglish ? "zh-CN" : "en",
      text: isEnglish ? "中文" : "English",
    });
    button.addEventListener("click", () => {
      choose("language", isEnglish ? "zh-CN" : "en");
      this._refocus(1);
    });
    return button;
  }

  _themeButton() {
    const now = theme();
    const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    const text = say(`theme_${now || "auto"}`);
    const label = `${say("theme")}${say("colon")}${text}`;
    const button = make("button", { type: "button", class: "button quiet", "aria-label": label });
    button.append(make("span", { text }));
    button.addEventListener("click", () => {
      choose("theme", next);
      this._refocus(2);
    });
    return button;
  }

  _signOutButton() {
    const text = say("sign_out");
    const button = make("button", { type: "button", class: "button quiet", text });
    button.addEventListener("click", async () => {
      await this.api.signOut().catch(() => undefined);
      location.replace(pageAddress("login"));
    });
    return button;
  }

  /** The header was drawn anew: the focus goes back to the button that did it. */
  _refocus(place) {
    this._top.querySelector(".tools").children[place]?.focus();
  }
}

/** The name of an alert's kind. */
export function alertName(alert) {
  return title(alert.type === "supervisor.alert" ? "alert" : "compliance", alert.kind);
}
