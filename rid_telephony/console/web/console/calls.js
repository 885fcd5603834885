/** The call review's list: calls that go on and those before, with search. */

import { icon, make, set, write } from "../panel/dom.js";
import { goToLogin, pageAddress, RefusedError } from "./app/api.js";
import { clock, moment } from "./app/format.js";
import { Steps } from "./app/marks.js";
import { startPage } from "./app/page.js";
import { failedBlock, loadingBlock, statusBlock } from "./app/status.js";
import { name, say, title } from "./app/words.js";

const FIRST = 50;
const MOST = 200;
const COLUMNS = ["when", "agent", "customer", "duration", "outcome", "relationship", "alerts"];

class CallList {
  constructor(app) {
    this._app = app;
    this._limit = FIRST;
    this._text = new URLSearchParams(location.search).get("q") ?? "";
    this._withAlerts = false;
    this._phase = "loading";
    this._calls = [];
    this._build();
    this._load();
    document.addEventListener("visibilitychange", () => document.hidden || this._load());
  }

  draw() {
    write(this._heading, say("calls"));
    set(this._search, "aria-label", say("search_label"));
    set(this._search, "placeholder", say("calls_search"));
    write(this._toggle, say("calls_filter_alerts"));
    set(this._toggle, "aria-pressed", String(this._withAlerts));
    this._place.replaceChildren(...this._content());
  }

  _build() {
    this._heading = make("h1", {});
    this._search = make("input", { type: "search", class: "field", autocomplete: "off" });
    this._search.value = this._text;
    this._search.addEventListener("input", () => this._find(this._search.value.trim()));
    this._toggle = make("button", { type: "button", class: "button" });
    this._toggle.addEventListener("click", () => {
      this._withAlerts = !this._withAlerts;
      this.draw();
    });
    const finder = make("search", { class: "finder" }, this._toggle, this._search);
    this._place = make("div", { class: "card log" });
    const head = make("div", { class: "title" }, this._heading, finder);
    this._app.main.replaceChildren(make("div", { class: "page" }, head, this._place));
  }

  async _load() {
    try {
      const { calls } = await this._app.api.calls("all", this._limit);
      this._calls = calls;
      this._phase = "ready";
    } catch (error) {
      if (error instanceof RefusedError) return goToLogin();
      this._error = error;
      if (this._phase !== "ready") this._phase = "failed";
    }
    return this.draw();
  }

  _find(text) {
    this._text = text;
    history.replaceState(null, "", text ? `?${new URLSearchParams({ q: text })}` : location.pathname);
    this.draw();
  }

  _content() {
    if (this._phase === "loading") return [loadingBlock()];
    if (this._phase === "failed") return [failedBlock(this._error, () => this._load())];
    if (!this._calls.length) {
      return [statusBlock("none_calls", { advice: "none_calls_advice", sign: "words" })];
    }
    const found = this._calls.filter((call) => this._matches(call));
    if (!found.length) {
      const action = { text: "clear_search", run: () => this._clear() };
      return [statusBlock("none_found", { advice: "none_found_advice", action })];
    }
    return [table(found), this._below(found.length)];
  }

  _clear() {
    this._search.value = "";
    this._withAlerts = false;
    this._find("");
    this._search.focus();
  }

  _matches(call) {
    if (this._withAlerts && !call.alerts) return false;
    const words = [call.agent, call.customer_id, call.queue, call.call_id, outcomeOf(call)];
    words.push(moment(call.started_at), call.outcome, name("stage", call.stage));
    const haystack = words.join(" ").toLowerCase();
    return this._text.toLowerCase().split(/\s+/).every((word) => haystack.includes(word));
  }

  _below(count) {
    const said = make("span", { role: "status", text: say("shown", { count }) });
    const below = make("div", { class: "below" }, said);
    if (this._limit < MOST && this._calls.length >= this._limit) {
      const more = make("button", { type: "button", class: "button", text: say("load_more") });
      more.addEventListener("click", () => {
        this._limit = MOST;
        this._load();
      });
      below.append(more);
    }
    return below;
  }
}

// Roles are named, for browsers take them away from a table that is laid out otherwise.
function table(calls) {
  const heads = COLUMNS.map((column) =>
    make("th", { scope: "col", role: "columnheader", text: say(`col_${column}`) }),
  );
  const head = make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads));
  const rows = calls.map((call) => make("tr", { role: "row" }, ...cells(call)));
  const body = make("tbody", { role: "rowgroup" }, ...rows);
  return make("table", { role: "table", "aria-label": say("calls") }, head, body);
}

function cells(call) {
  const link = make("a", { href: pageAddress("call", { id: call.call_id }) });
  link.textContent = moment(call.started_at);
  const steps = new Steps();
  steps.show(call.stage);
  const stage = make("span", { class: "stage" }, steps.node);
  stage.append(make("span", { text: call.stage ? title("stage", call.stage) : "—" }));
  const length = make("span", { class: "number" });
  length.textContent = call.duration_ms === null ? "—" : clock(call.duration_ms);
  const contents = {
    when: link,
    agent: text(call.agent || "—"),
    customer: text(call.customer_id || "—"),
    duration: length,
    outcome: outcomeTag(call),
    relationship: stage,
    alerts: alertTag(call.alerts),
  };
  return COLUMNS.map((column) => {
    const label = make("span", { class: "label", "aria-hidden": "true", text: say(`col_${column}`) });
    return make("td", { role: "cell" }, label, contents[column]);
  });
}

function text(words) {
  return make("span", { text: words });
}

function outcomeOf(call) {
  if (call.state !== "ended") return say("call_live");
  return call.outcome ? name("outcome", call.outcome) : "—";
}

function outcomeTag(call) {
  if (call.state !== "ended") return make("span", { class: "tag", "data-tone": "good", text: outcomeOf(call) });
  return text(outcomeOf(call));
}

function alertTag(count) {
  if (!count) return make("span", { class: "muted number", text: "0" });
  const number = make("span", { class: "number", text: String(count) });
  return make("span", { class: "grave" }, icon("alarm"), " ", number);
}

startPage({ view: "calls", titleKey: "calls", make: (app) => new CallList(app) });
