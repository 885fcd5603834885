/**
 * `<rid-hints>`: the agent's panel of rid-telephony as one web component.
 *
 *     <script type="module" src="https://rid.bank.example/panel/rid-hints.js"></script>
 *     <rid-hints agent="1001"></rid-hints>
 *
 * Attributes: `server`, `agent`, `call`, `ticket`, `lang`, `theme`, `transcript`, `readonly`,
 * `hotkeys`. Property: `ticketProvider`. Events: `rid-hint`, `rid-alert`, `rid-state`,
 * `rid-feedback`. See README.md beside this file's source.
 */

import { Access, AnswerError } from "./access.js";
import { keyAction, pageKeyAction } from "./keys.js";
import { Link } from "./link.js";
import { Memory } from "./memory.js";
import { alertText, VERDICTS } from "./stage.js";
import { currentHint, openAlerts, TYPES } from "./state.js";
import { sheet } from "./style.js";
import { View } from "./view.js";
import { languageOf, Words } from "./words.js";

const OWN_SERVER = new URL("..", import.meta.url).href.replace(/\/$/, "");
/** A click this soon after a hint changed was meant for the one before, milliseconds. */
const TOO_SOON = 300;
/** How long a state may wait for a frame, milliseconds. */
const LATEST_FRAME = 100;
/** How often a hint's time is looked at, milliseconds. */
const TICK = 500;

const CONNECTION = new Set(["server", "agent", "call", "ticket"]);

/** The element. */
export class RidHints extends HTMLElement {
  static get observedAttributes() {
    return [...CONNECTION, "lang", "theme", "transcript", "readonly"];
  }

  constructor() {
    super();
    /** Gives a fresh ticket, or a promise of one; asked whenever the session has ended. */
    this.ticketProvider ??= null;
    this._actions = {
      judge: (verdict) => this.feedback(verdict),
      note: () => this.acknowledge(),
      why: () => this._turnWhy(),
      transcript: () => this.toggleAttribute("transcript"),
      reconnect: () => this.reconnect(),
    };
    this._view = new View(this._actions);
    this._memory = new Memory();
    this._ui = { link: "off", whyOpen: false, unsent: null, mayJudge: true };
    this._seen = { hint: "", before: "", at: 0, told: new Set(), state: "" };
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this._view.node);
    root.addEventListener("keydown", (event) => this._act(event, keyAction(event)));
    this._onPageKey = (event) =>
      this.getAttribute("hotkeys") === "page" && this._act(event, pageKeyAction(event));
    this._onReturn = this._onReturn.bind(this);
  }

  connectedCallback() {
    this._words = this._wordsNow();
    document.addEventListener("keydown", this._onPageKey);
    document.addEventListener("visibilitychange", this._onReturn);
    window.addEventListener("online", this._onReturn);
    this._clock = setInterval(() => this._memory.tick(performance.now()) && this._draw(), TICK);
    this._begin();
    this._render();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this._onPageKey);
    document.removeEventListener("visibilitychange", this._onReturn);
    window.removeEventListener("online", this._onReturn);
    clearInterval(this._clock);
    this._link?.stop();
    this._link = null;
  }

  attributeChangedCallback(name, before, after) {
    if (!this.isConnected || before === after) return;
    if (CONNECTION.has(name)) this._begin();
    this._words = this._wordsNow();
    this._draw();
  }

  /** What the panel knows: call, hints, alerts, signs (read only). */
  get state() {
    return this._memory.state;
  }

  /** `connecting`, `live`, `stale`, `lost`, `refused` or `off`. */
  get connection() {
    return this._ui.link;
  }

  /** Say of the current hint that it was `used`, `useful` or `wrong`. */
  async feedback(verdict) {
    const hint = this._meant();
    if (!hint || hint.verdict || this._isMute() || !VERDICTS.includes(verdict)) return;
    this._memory.judge(hint.id, verdict);
    this._ui.unsent = null;
    this._draw();
    try {
      await this._access.feedback(hint.id, verdict);
      this._view.announce(this._words.say("recorded", { verdict: this._words.say(verdict) }));
      this._tell("rid-feedback", { hintId: hint.id, verdict });
    } catch (error) {
      const why = error instanceof AnswerError && error.status < 500 ? "too_late" : "not_recorded";
      this._memory.judge(hint.id, "");
      this._ui.unsent = { hint: hint.id, why };
      this._view.announce(this._words.say(why));
    }
    this._draw();
  }

  /** Take note of the alert that is shown. */
  acknowledge() {
    const [alert, next] = openAlerts(this.state);
    if (!alert) return;
    const hadFocus = this._view.stage.node.contains(this.shadowRoot.activeElement);
    this._memory.acknowledge(alert.id);
    this._render();
    if (hadFocus && !next) this._view.stage.hint.focus({ preventScroll: true });
  }

  /** Try to connect now. */
  reconnect() {
    this._link?.retry();
  }

  /** Connect anew; several attributes that change at once make one connection. */
  _begin() {
    if (this._beginning) return;
    this._beginning = true;
    queueMicrotask(() => {
      this._beginning = false;
      if (this.isConnected) this._connect();
    });
  }

  _connect() {
    this._link?.stop();
    const server = (this.getAttribute("server") || OWN_SERVER).replace(/\/$/, "");
    const agent = this.getAttribute("agent") ?? "";
    const call = this.getAttribute("call") ?? "";
    const types = TYPES.join(",");
    const filter = { types, ...(agent && { agent }), ...(call && { call }) };
    const origin = location.origin;
    let ticket = this.getAttribute("ticket");
    this._access = new Access({
      server,
      origin,
      fetch: (...request) => fetch(...request),
      ticket: () => {
        if (typeof this.ticketProvider === "function") return this.ticketProvider();
        const unused = ticket;
        ticket = null;
        return unused;
      },
    });
    this._memory = new Memory(this._access, { agent, call }, () => this._draw());
    this._link = new Link({
      server,
      access: this._access,
      filter,
      onEvent: (event) => this._memory.receive(event, performance.now()) && this._draw(),
      onState: (state, info) => this._onLink(state, info),
    });
    this._link.start();
  }

  _onLink(state, info) {
    const was = this._ui.link;
    this._ui.link = state;
    if (state === "live") {
      this._ui.mayJudge = info.rights.includes("feedback");
      this._memory.recall(performance.now());
      if (was !== "connecting" && was !== "off") this._view.announce(this._words.say("restored"));
    } else if (["stale", "lost", "refused"].includes(state) && was !== state) {
      const advice = state === "refused" ? "refused_advice" : "link_advice";
      this._view.announce(`${this._words.say(state)}. ${this._words.say(advice)}`);
    }
    this._draw();
  }

  /** Draw in the next frame, or soon: a hidden page has no frames, but its alerts are spoken. */
  _draw() {
    if (this._drawing) return;
    this._drawing = true;
    const draw = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this._drawing = false;
      if (this.isConnected) this._render();
    };
    const frame = requestAnimationFrame(draw);
    const timer = setTimeout(draw, LATEST_FRAME);
  }

  _render() {
    this._notice();
    this._view.show(this.state, this._words, {
      ...this._ui,
      mute: this._isMute(),
      transcriptOpen: this.hasAttribute("transcript"),
    });
    this._report();
  }

  /** Tell what is new: to assistive technology, and to the page around. */
  _notice() {
    const state = this.state;
    const hint = currentHint(state);
    if (hint && hint.id !== this._seen.hint) {
      this._seen.before = this._seen.hint;
      this._seen.hint = hint.id;
      this._seen.at = performance.now();
      this._ui.whyOpen = false;
      if (!hint.past) {
        this._view.announce(hint.line);
        this._tell("rid-hint", { hint, call: state.call });
      }
    }
    const fresh = openAlerts(state).filter((alert) => !this._seen.told.has(alert.id));
    for (const alert of fresh) {
      this._seen.told.add(alert.id);
      this._tell("rid-alert", { alert, call: state.call });
    }
    if (fresh.length) {
      const texts = fresh.map((alert) => Object.values(alertText(alert, this._words)));
      this._view.announce(texts.flat().filter(Boolean).join(" "), true);
    }
    this._noticeState(state);
  }

  _noticeState(state) {
    const { relationship, style, mood, intent, customer } = state;
    const signs = { relationship, style, mood, intent, customer };
    const detail = { connection: this._ui.link, call: state.call, ...signs };
    const mark = JSON.stringify([detail.connection, state.call?.id, state.call?.phase, signs]);
    if (mark === this._seen.state) return;
    this._seen.state = mark;
    this._tell("rid-state", detail);
  }

  /** Put on the feed that a hint was really on the screen. */
  _report() {
    const hint = currentHint(this.state);
    const isShown = hint && !hint.past && !document.hidden && this._ui.link === "live";
    if (!isShown || this._isMute() || this._seen.told.has(hint.id)) return;
    this._seen.told.add(hint.id);
    // It is a figure for the reports; a call goes on without it.
    this._access.feedback(hint.id, "displayed").catch(() => undefined);
  }

  _tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  /** The hint that a click means. */
  _meant() {
    const hints = this.state.hints;
    const isTooSoon = performance.now() - this._seen.at < TOO_SOON;
    return (isTooSoon && hints.find((hint) => hint.id === this._seen.before)) || hints.at(-1);
  }

  _isMute() {
    return this.hasAttribute("readonly") || !this._ui.mayJudge;
  }

  _turnWhy() {
    this._ui.whyOpen = !this._ui.whyOpen;
    this._draw();
  }

  _act(event, found) {
    if (!found) return;
    this._actions[found.action](found.verdict);
    event.preventDefault();
  }

  _onReturn() {
    if (document.hidden) return;
    this._link?.retry();
    this._draw();
  }

  _wordsNow() {
    return new Words(languageOf(this.closest("[lang]")?.lang));
  }
}

if (!customElements.get("rid-hints")) customElements.define("rid-hints", RidHints);
