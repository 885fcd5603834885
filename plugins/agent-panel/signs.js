/** The customer's state as four quiet signs. */

import { draw, icon, make, set, write } from "./dom.js";
import { direction } from "./state.js";

const STAGES = ["stranger", "contact", "rapport", "trust", "partner"];
const GRAVE = new Set(["angry", "impatient"]);
const GRAVE_STATES = new Set(["angry", "dissatisfied", "resistant"]);

/** Builds the signs. */
export class Signs {
  constructor() {
    this._relationship = new Sign(steps());
    this._emotion = new Sign();
    this._style = new Sign();
    this._intent = new Sign(bar());
    this.node = make(
      "dl",
      { class: "signs", part: "signs" },
      this._relationship.node,
      this._emotion.node,
      this._intent.node,
      this._style.node,
    );
  }

  /** Show a state. */
  show(state, words) {
    set(this.node, "aria-label", words.say("signs"));
    this._showRelationship(state.relationship, words);
    this._showEmotion(state, words);
    this._showStyle(state.style, words);
    this._showIntent(state.intent, words);
  }

  _showRelationship(now, words) {
    const value = now ? words.name("stage", now.stage) : "";
    const more = now ? words.name("gate", now.gate) : "";
    this._relationship.show(words, "relationship", { value, more, trend: now?.trend });
    const reached = now ? STAGES.indexOf(now.stage) : -1;
    [...this._relationship.figure.children].forEach((step, index) =>
      set(step, "data-on", index <= reached),
    );
  }

  _showEmotion(state, words) {
    const emotion = state.mood?.emotion;
    const label = state.customer?.state;
    this._emotion.show(words, "emotion", {
      value: emotion ? words.name("emotion", emotion) : "",
      more: label && label !== emotion ? overall(label, words) : "",
      grave: GRAVE.has(emotion),
      graveMore: GRAVE_STATES.has(label),
    });
  }

  _showStyle(style, words) {
    this._style.show(words, "style", {
      value: style ? words.name("style", style.label) : "",
      more: style ? words.say("sure", { percent: Math.round(style.probability * 100) }) : "",
    });
  }

  _showIntent(intent, words) {
    const value = intent ? String(Math.round(intent.value)) : "";
    this._intent.show(words, "intent", { value, trend: intent?.trend, outOf: true });
    this._intent.figure.firstChild.style.inlineSize = `${clamp(intent?.value ?? 0)}%`;
  }
}

class Sign {
  constructor(figure = null) {
    this.figure = figure;
    this._name = make("dt");
    this._text = make("span");
    this._spoken = make("span", { class: "unseen" });
    this._icon = icon("steady");
    this._more = make("dd", { class: "more" });
    const value = make("dd", { class: "value" }, this._text, this._icon, this._spoken);
    this.node = make("div", { class: "sign", part: "sign" }, this._name, value);
    if (figure) value.after(make("dd", { "aria-hidden": "true" }, figure));
    this.node.append(this._more);
  }

  show(words, name, { value, more = "", trend, grave = false, graveMore = false, outOf = false }) {
    const moving = value && trend !== undefined ? direction(trend) : "";
    const sign = moving || (grave ? "notice" : "");
    write(this._name, words.say(name));
    write(this._text, value || "–");
    set(this._text, "aria-hidden", value ? false : "true");
    write(this._more, more);
    set(this._icon, "hidden", !sign);
    if (sign) draw(this._icon, sign);
    write(this._spoken, value ? asides(outOf, moving, words) : words.say("unknown"));
    set(this.node, "data-empty", !value);
    set(this.node, "data-grave", grave);
    set(this.node, "data-grave-more", graveMore);
  }
}

/** What the figure and the arrow show, in words. */
function asides(outOf, moving, words) {
  const texts = [outOf ? "out_of" : "", moving].filter(Boolean);
  return texts.map((key) => words.say("aside", { text: words.say(key) })).join("");
}

function overall(label, words) {
  return words.say("overall", { state: words.plain("state", label) });
}

function steps() {
  return make("div", { class: "steps" }, ...STAGES.map(() => make("i")));
}

function bar() {
  return make("div", { class: "bar" }, make("i"));
}

function clamp(value) {
  return Math.min(100, Math.max(0, value));
}
