/** One call of the wallboard as a row; made once and then kept up to date. */

import { icon, make, set, write } from "../../panel/dom.js";
import { clock } from "../app/format.js";
import { Bar, Steps, Trend } from "../app/marks.js";
import { has, say, title } from "../app/words.js";
import { isStrained } from "./board.js";

/** The columns after the agent, in order. */
export const COLUMNS = ["state", "relationship", "emotion", "intent", "hint"];

/** A row. */
export class Row {
  /** @param {(callId: string) => void} onFollow */
  constructor(callId, onFollow) {
    this.callId = callId;
    this._agent = make("span", { class: "name" });
    this._flag = icon("alarm");
    this._flag.classList.add("flag");
    this.button = make("button", { type: "button", class: "open" }, this._agent, this._flag);
    this.button.addEventListener("click", () => onFollow(callId));
    this._customer = make("span", { class: "customer muted" });
    this._cells = Object.fromEntries(COLUMNS.map((name) => [name, new Cell(name)]));
    this._steps = new Steps();
    this._trend = new Trend();
    this._bar = new Bar();
    this._time = make("span", { class: "number muted" });
    this._cells.state.node.append(this._time);
    this._cells.relationship.value.append(this._trend.node);
    this._cells.relationship.node.append(this._steps.node);
    this._cells.intent.node.append(this._bar.node);
    this._warn = icon("notice");
    this._cells.emotion.value.prepend(this._warn);
    const facts = make("dl", {}, ...COLUMNS.map((name) => this._cells[name].group));
    const who = make("div", { class: "who" }, this.button, this._customer);
    this.node = make("li", { class: "call" }, who, facts);
  }

  /** Show a line. */
  show(line, { isFollowed }) {
    const agent = line.agent || say("no_agent");
    write(this._agent, agent);
    set(this.button, "aria-label", say("follow_call", { agent }));
    set(this.button, "aria-pressed", String(isFollowed));
    set(this._flag, "hidden", !line.alert);
    write(this._customer, line.customer_id || say("no_customer"));
    set(this.node, "data-state", line.state);
    set(this.node, "data-strained", isStrained(line));
    set(this.node, "data-followed", isFollowed);
    this._showCells(line);
  }

  /** Show how long it has gone on. */
  tick(line, now) {
    write(this._time, clock(line.duration_ms ?? now - Date.parse(line.started_at)));
  }

  _showCells(line) {
    const { state, relationship, emotion, intent, hint } = this._cells;
    state.show(say(`state_${line.state}`));
    const known = line.relationship !== null && line.stage;
    relationship.show(known ? title("stage", line.stage) : "");
    const points = known ? say("out_of", { value: Math.round(line.relationship) }) : "";
    set(relationship.value, "title", points || null);
    this._steps.show(line.stage);
    this._trend.show(line.relationship_trend);
    emotion.show(emotionOf(line));
    set(this._warn, "hidden", !isStrained(line));
    intent.show(line.purchase_intent === null ? "" : String(Math.round(line.purchase_intent)));
    this._bar.show(line.purchase_intent);
    set(this._bar.node, "hidden", line.purchase_intent === null);
    hint.show(line.hint?.line ?? "");
    set(hint.value, "title", line.hint?.line ?? null);
  }
}

class Cell {
  constructor(name) {
    this._name = name;
    this._label = make("dt", {});
    this._text = make("span", { class: "text" });
    this.value = make("span", { class: "value" }, this._text);
    this.node = make("dd", {}, this.value);
    this.group = make("div", { class: `cell ${name}` }, this._label, this.node);
  }

  show(text) {
    write(this._label, say(`col_${this._name}`));
    const none = `no_${this._name}`;
    write(this._text, text || say(has(none) ? none : "unknown"));
    set(this.group, "data-empty", !text);
  }
}

function emotionOf(line) {
  const emotion = line.emotion && line.emotion !== "neutral" ? line.emotion : "";
  if (emotion) return title("emotion", emotion);
  if (line.customer_state && line.customer_state !== "neutral") {
    return title("state", line.customer_state);
  }
  return line.emotion ? title("emotion", line.emotion) : "";
}
