/** The whole panel: header, stage, signs, transcript, and the two live regions. */

import { icon, make, set, write } from "./dom.js";
import { Signs } from "./signs.js";
import { Stage } from "./stage.js";
import { Transcript } from "./transcript.js";

/** How long a live region keeps what it said, milliseconds. */
const SPOKEN = 8000;
/** A region that was just emptied speaks again only after a moment. */
const BREATH = 60;

/** Troubles of the link, each with what the agent can do. */
const TROUBLES = Object.freeze({
  stale: "link_advice",
  lost: "link_advice",
  refused: "refused_advice",
});

/**
 * Builds the panel.
 *
 * @param {object} actions `judge`, `note`, `why`, `transcript` and `reconnect`.
 */
export class View {
  constructor(actions) {
    this._header = new Header(actions);
    this.stage = new Stage(actions);
    this._signs = new Signs();
    this._transcript = new Transcript();
    this._polite = new Voice("status", "polite");
    this._assertive = new Voice("alert", "assertive");
    this.node = make(
      "section",
      { class: "panel", part: "panel" },
      this._header.node,
      make(
        "div",
        { class: "body" },
        this.stage.node,
        this._signs.node,
        this._transcript.node,
      ),
      this._polite.node,
      this._assertive.node,
    );
  }

  /**
   * Show a state.
   *
   * @param {object} state
   * @param {object} words
   * @param {object} ui `link`, `whyOpen`, `transcriptOpen`, `mute`, `unsent`.
   */
  show(state, words, ui) {
    const trouble = Object.hasOwn(TROUBLES, ui.link) ? ui.link : "";
    const seen = this.stage.show(state, words, { ...ui, trouble });
    this._header.show(state, words, { ...ui, trouble });
    this._signs.show(state, words);
    this._transcript.show(state, words, ui.transcriptOpen);
    set(this.node, "aria-label", words.say("panel"));
    set(this.node, "lang", words.language === "en" ? "en" : "zh-CN");
    set(this.node, "data-link", ui.link);
    set(this.node, "data-phase", state.call?.phase ?? "none");
    set(this.node, "data-trouble", Boolean(trouble));
    set(this.node, "data-tone", seen.tone);
    set(this.node, "data-hint", seen.hint);
    set(this.node, "data-alert", seen.alert);
    set(this.node, "data-mute", ui.mute);
  }

  /** Say something to assistive technology: politely, or at once. */
  announce(text, isUrgent = false) {
    (isUrgent ? this._assertive : this._polite).say(text);
  }
}

/** A live region. */
class Voice {
  constructor(role, politeness) {
    this.node = make("div", { class: "unseen", role, "aria-live": politeness });
    this._next = [];
    this._timer = 0;
  }

  say(text) {
    this._next.push(text);
    if (this._next.length > 1) return;
    clearTimeout(this._timer);
    this.node.textContent = "";
    this._timer = setTimeout(() => this._speak(), BREATH);
  }

  _speak() {
    this.node.textContent = this._next.join(" ");
    this._next = [];
    this._timer = setTimeout(() => write(this.node, ""), SPOKEN);
  }
}

class Header {
  constructor(actions) {
    this._status = make("span");
    this._who = make("span", { class: "who" });
    this._note = make("p", { class: "note" });
    const dot = make("span", { class: "dot", "aria-hidden": "true" });
    const status = make("p", { class: "status" }, dot, this._status, this._who);
    this._reconnect = make("button", { type: "button", class: "reconnect", part: "reconnect" });
    this._reconnect.addEventListener("click", () => actions.reconnect());
    this._word = make("span", { class: "name" });
    this._toggle = make(
      "button",
      { type: "button", class: "toggle", part: "transcript-button", "aria-controls": "transcript" },
      icon("words"),
      this._word,
    );
    this._toggle.addEventListener("click", () => actions.transcript());
    this.node = make(
      "div",
      { class: "header", part: "header" },
      make("div", { class: "where" }, status, this._note),
      this._reconnect,
      this._toggle,
    );
  }

  show(state, words, ui) {
    write(this._status, statusText(state, words, ui));
    write(this._who, ui.trouble ? "" : (state.call?.customer ?? ""));
    write(this._note, noteText(state, words, ui.trouble));
    set(this._reconnect, "hidden", !ui.trouble);
    write(this._reconnect, words.say("reconnect"));
    write(this._word, words.say("transcript"));
    set(this._toggle, "aria-expanded", String(ui.transcriptOpen));
  }
}

function statusText(state, words, ui) {
  if (ui.trouble) return words.say(ui.trouble);
  if (ui.link === "connecting" && !state.call) return words.say("connecting");
  return words.say(state.call?.phase ?? "waiting");
}

function noteText(state, words, trouble) {
  if (trouble) return words.say(TROUBLES[trouble]);
  const isOver = !state.call || state.call.phase === "ended";
  const key = `degraded_${state.degraded}`;
  return !isOver && words.has(key) ? words.say(key) : "";
}
