/** The supervisor's wallboard: alerts first, then every call that goes on. */

import { make, set, write } from "../../panel/dom.js";
import { Link } from "../../panel/link.js";
import { goToLogin, SERVER } from "../app/api.js";
import { alertName, startPage } from "../app/page.js";
import { failedBlock, loadingBlock, statusBlock } from "../app/status.js";
import { say } from "../app/words.js";
import { Alerts } from "./alerts.js";
import { counts, fold, inOrder, merged, passes, swept, TYPES, waiting } from "./board.js";
import { Filters } from "./filters.js";
import { Follow } from "./follow.js";
import { COLUMNS, Row } from "./row.js";

const SECOND = 1000;
/** How long a call that is over stays in its place, milliseconds. */
const LINGER = 15_000;
const TROUBLES = new Set(["stale", "lost"]);

class Wallboard {
  constructor(app) {
    this._app = app;
    this._board = new Map();
    this._noted = new Map();
    this._told = new Map();
    this._over = new Map();
    this._rows = new Map();
    this._pending = [];
    this._phase = "loading";
    this._link = "connecting";
    this._ahead = 0;
    this._build();
    this._connect();
    setInterval(() => this._tick(), SECOND);
    addEventListener("hashchange", () => this._followHash());
  }

  draw() {
    this._follow.dress();
    this._render();
  }

  _build() {
    this._alerts = new Alerts({ follow: (id) => this._open(id), note: (id) => this._note(id) });
    this._filters = new Filters(() => this._render());
    this._follow = new Follow(() => this._open(""));
    this._heading = make("h1", { class: "unseen" });
    this._listHeading = make("h2", { id: "calls" });
    this._stale = make("p", { class: "notice", hidden: true });
    this._columns = make("div", { class: "columns", "aria-hidden": "true" });
    this._list = make("ul", { class: "calls", role: "list" });
    this._list.addEventListener("keydown", (event) => this._onKey(event));
    this._place = make("div");
    this._keys = make("p", { class: "keys muted small" });
    const section = make("section", { class: "live", "aria-labelledby": "calls" });
    const table = make("div", { class: "card table" }, this._columns, this._list, this._place);
    section.append(this._listHeading, this._filters.node, table, this._keys);
    this._layout = make("div", { class: "board" }, this._alerts.node, section, this._follow.node);
    this._app.main.replaceChildren(this._heading, this._stale, this._layout);
    this._layout.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this._follow.callId) this._open("");
    });
  }

  _connect() {
    const link = new Link({
      server: SERVER,
      access: this._app.api,
      filter: { types: TYPES.join(",") },
      onEvent: (event) => this._receive(event),
      onState: (state) => this._onLink(state),
    });
    this._retry = () => link.retry();
    link.start();
    const back = () => document.hidden || link.retry();
    document.addEventListener("visibilitychange", back);
    addEventListener("online", back);
  }

  _onLink(state) {
    this._link = state;
    this._app.link(state);
    if (state === "refused") goToLogin();
    if (state === "live") this._load();
    if (TROUBLES.has(state) && this._phase === "loading") this._fail(new Error("no connection"));
    this._render();
  }

  /** Read all live calls; events that come meanwhile wait, and are taken in after. */
  async _load() {
    this._loading = true;
    try {
      const { calls, ahead } = await this._app.api.calls("live");
      this._ahead = ahead;
      this._board = merged(this._board, calls);
      this._phase = "ready";
      this._loading = false;
      this._pending.splice(0).forEach((event) => this._take(event));
      this._followHash();
    } catch (error) {
      this._fail(error);
    }
    this._loading = false;
    this._render();
  }

  _fail(error) {
    if (this._phase === "ready") return;
    this._phase = "failed";
    this._error = error;
  }

  _receive(event) {
    if (event.type === "feed.gap") this._load();
    else if (this._loading) this._pending.push(event);
    else this._take(event);
    this._later();
  }

  _take(event) {
    try {
      this._board = fold(this._board, event);
    } catch (error) {
      // One event that is not as agreed must not stop the wallboard.
      console.warn("wallboard: an event was left out", event.type, error);
    }
    if (event.type === "call.ended") this._over.set(event.subject, performance.now() + LINGER);
  }

  _later() {
    if (this._drawing) return;
    this._drawing = true;
    const draw = () => {
      this._drawing = false;
      this._render();
    };
    // A hidden page has no frames, but its alerts are still spoken and counted in the title.
    if (document.hidden) setTimeout(draw, SECOND / 4);
    else requestAnimationFrame(draw);
  }

  _tick() {
    const now = Date.now() + this._ahead;
    for (const [id, row] of this._rows) {
      const line = this._board.get(id);
      if (line) row.tick(line, now);
    }
    // Nothing is taken away under the reader's hand.
    if (this._list.matches(":hover, :focus-within")) return;
    const before = this._board;
    const waits = new Set(waiting(before, this._noted).map((line) => line.call_id));
    this._board = swept(before, ({ call_id: id }) => {
      const lingers = (this._over.get(id) ?? 0) > performance.now();
      return lingers || waits.has(id) || id === this._follow.callId;
    });
    if (this._board !== before) this._render();
  }

  _render() {
    write(this._heading, say("wallboard"));
    write(this._listHeading, say("calls_now"));
    write(this._keys, say("keys"));
    this._renderStale();
    const waits = waiting(this._board, this._noted);
    this._alerts.show(waits);
    this._app.title(say("wallboard"), waits.length);
    this._tell(waits);
    const lines = inOrder(this._board);
    this._filters.show(counts(lines), lines.map((line) => line.agent));
    this._renderRows(lines);
    this._follow.show(this._board.get(this._follow.callId));
    set(this._layout, "data-following", Boolean(this._follow.callId));
  }

  _renderStale() {
    const isStale = TROUBLES.has(this._link) && this._phase === "ready";
    set(this._stale, "hidden", !isStale);
    if (!isStale) return;
    const button = make("button", { type: "button", class: "button", text: say("reconnect") });
    button.addEventListener("click", this._retry);
    this._stale.replaceChildren(make("span", { text: say("stale_board") }), button);
  }

  _renderRows(lines) {
    const heads = ["agent", ...COLUMNS].map((name) => make("span", { text: say(`col_${name}`) }));
    this._columns.replaceChildren(...heads);
    const shown = lines.filter((line) => passes(line, this._filters.now) && this._isRow(line));
    const ids = new Set(shown.map((line) => line.call_id));
    for (const [id, row] of this._rows) {
      if (ids.has(id)) continue;
      row.node.remove();
      this._rows.delete(id);
    }
    shown.forEach((line, at) => this._placeRow(line, at));
    set(this._columns, "hidden", !shown.length);
    this._renderPlace(shown.length, lines.length);
  }

  /** A call that is over has a row as long as it lingers; its alert stays beside. */
  _isRow(line) {
    if (line.state !== "ended") return true;
    return (this._over.get(line.call_id) ?? 0) > performance.now();
  }

  _placeRow(line, at) {
    let row = this._rows.get(line.call_id);
    if (!row) {
      row = new Row(line.call_id, (id) => this._open(id === this._follow.callId ? "" : id));
      this._rows.set(line.call_id, row);
      row.tick(line, Date.now() + this._ahead);
    }
    row.show(line, { isFollowed: line.call_id === this._follow.callId });
    const there = this._list.children[at];
    if (there !== row.node) this._list.insertBefore(row.node, there ?? null);
  }

  _renderPlace(shown, all) {
    const mark = shown ? "" : `${this._phase} ${all} ${document.documentElement.lang}`;
    if (mark === this._placed) return;
    this._placed = mark;
    this._place.replaceChildren(...(shown ? [] : [this._block(all)]));
  }

  _block(all) {
    if (this._phase === "loading") return loadingBlock();
    if (this._phase === "failed") return failedBlock(this._error, this._retry);
    if (!all) return statusBlock("none_live", { advice: "none_live_advice", sign: "words" });
    const action = { text: "clear", run: () => this._filters.clear() };
    return statusBlock("none_match", { advice: "none_match_advice", action });
  }

  /** Say new alerts aloud, once. */
  _tell(waits) {
    const fresh = waits.filter((line) => line.alerts > (this._told.get(line.call_id) ?? 0));
    if (!fresh.length) return;
    const texts = fresh.map((line) => {
      this._told.set(line.call_id, line.alerts);
      const { reason } = line.alert;
      return say("alert_said", { agent: line.agent, what: alertName(line.alert), reason });
    });
    this._app.announce(texts.join(" "), true);
  }

  _note(callId) {
    const line = this._board.get(callId);
    if (!line) return;
    const hadFocus = this._alerts.node.contains(document.activeElement);
    this._noted.set(callId, line.alerts);
    this._render();
    if (hadFocus) (this._alerts.node.querySelector("button") ?? this._app.main).focus();
  }

  _open(callId) {
    const before = this._follow.callId;
    if (callId === before) return;
    history.replaceState(null, "", callId ? `#${encodeURIComponent(callId)}` : location.pathname);
    this._follow.open(callId);
    this._render();
    if (callId) this._follow.focus();
    else this._rows.get(before)?.button.focus();
  }

  /** An address may name a call to follow. */
  _followHash() {
    const callId = decodeURIComponent(location.hash.slice(1));
    if (!callId || callId === this._follow.callId || !this._board.has(callId)) return;
    this._follow.open(callId);
    this._render();
  }

  _onKey(event) {
    const buttons = [...this._list.querySelectorAll("button.open")];
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || !buttons[to]) return;
    event.preventDefault();
    buttons[to].focus();
  }
}

startPage({ view: "wallboard", titleKey: "wallboard", make: (app) => new Wallboard(app) });
