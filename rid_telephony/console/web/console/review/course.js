/** The course of a call: curves, and below them who spoke when; one line shows the moment. */

import { make, set, write } from "../../panel/dom.js";
import { GUTTER, MARGIN, Plot, STYLES, valueAt } from "../app/curves.js";
import { clock, signed } from "../app/format.js";
import { language, say } from "../app/words.js";
import { lengthOf } from "./entries.js";

const GAUGES = ["relationship", "purchase_intent", "trust", "satisfaction", "complaint_risk"];
const SHARES = new Set(["complaint_risk"]);
const LANES = ["customer", "agent", "hints"];
const SVG = "http://www.w3.org/2000/svg";

/** Curves and lanes. */
export class Course {
  /** @param {(at: number) => void} onPick A moment was chosen, milliseconds. */
  constructor(onPick) {
    this._onPick = onPick;
    this._wanted = new Set(["relationship", "purchase_intent"]);
    this._now = null;
    this._heading = make("h2", { id: "course" });
    this._readout = make("p", { class: "readout number", "aria-hidden": "true" });
    this._toggles = make("fieldset", { class: "toggles" });
    this._gauges = this._plot(170, [0, 100], [0, 25, 50, 75, 100], String, false);
    const words = (value) => ({ "-1": say("unpleasant"), 0: "0", 1: say("pleasant") })[value];
    this._mood = this._plot(118, [-1.3, 1.3], [-1, 0, 1], words, true);
    this._lanes = make("div", { class: "lanes", "aria-hidden": "true" });
    this._head = make("div", { class: "playhead", "aria-hidden": "true", hidden: true });
    this._stack = make("div", { class: "stack" }, this._gauges.node, this._mood.node, this._lanes, this._head);
    this._none = make("p", { class: "nothing muted" });
    this._table = make("details", { class: "values" });
    const head = make("div", { class: "head" }, this._heading, this._toggles, this._readout);
    this.node = make("section", { class: "card course", "aria-labelledby": "course" });
    this.node.append(head, this._none, this._stack, this._table);
    this._lanes.addEventListener("click", (event) => this._onLane(event));
  }

  /** Show a call. */
  show(call) {
    this._call = call;
    this._length = lengthOf(call);
    this._alarms = [
      ...call.supervisor_alerts.map((one) => one.at_ms),
      ...call.findings.filter((one) => one.finding.severity !== "minor").map((one) => one.at_ms),
    ];
    this._draw();
  }

  /** Move the line to a moment, milliseconds; null hides it. */
  at(moment) {
    this._now = moment;
    set(this._head, "hidden", moment === null);
    if (moment === null) return;
    const share = Math.min(1, moment / this._length);
    this._head.style.insetInlineStart = `calc(${GUTTER}px + (100% - ${GUTTER + MARGIN}px) * ${share})`;
    this._read(moment);
  }

  _draw() {
    write(this._heading, say("course"));
    const known = this._gaugesKnown();
    const mood = this._call.curves.valence ?? [];
    const isEmpty = !known.length && !mood.length;
    write(this._none, say("no_curves"));
    set(this._none, "hidden", !isEmpty);
    set(this._gauges.node, "hidden", !known.length);
    set(this._mood.node, "hidden", !mood.length);
    this._drawToggles(known);
    const shown = known.filter(({ name }) => this._wanted.has(name));
    this._gauges.show(shown, this._length, this._alarms);
    set(this._gauges.node, "aria-label", shown.map(spoken).join(" ") || say("curves"));
    this._mood.show([{ name: "valence", points: mood }], this._length, this._alarms);
    set(this._mood.node, "aria-label", mood.length ? spoken({ name: "valence", points: mood }) : "");
    this._drawLanes();
    this._drawTable([...known, ...(mood.length ? [{ name: "valence", points: mood }] : [])]);
    this._read(this._now);
  }

  _gaugesKnown() {
    const { curves } = this._call;
    return GAUGES.filter((name) => curves[name]?.length).map((name) => {
      const points = SHARES.has(name) ? curves[name].map(([at, v]) => [at, v * 100]) : curves[name];
      return { name, points };
    });
  }

  _drawToggles(known) {
    const mark = known.map(({ name }) => name).join() + language();
    if (mark === this._toggled) return;
    this._toggled = mark;
    const legend = make("legend", { class: "unseen", text: say("curves") });
    this._toggles.replaceChildren(legend, ...known.map(({ name }) => this._toggle(name)));
  }

  _toggle(name) {
    const box = make("input", { type: "checkbox" });
    box.checked = this._wanted.has(name);
    box.addEventListener("change", () => {
      if (box.checked) this._wanted.add(name);
      else this._wanted.delete(name);
      this._draw();
    });
    const label = make("label", { class: "toggle" }, box, swatch(name));
    label.append(make("span", { text: say(`curve_${name}`) }));
    return label;
  }

  _drawLanes() {
    const rows = LANES.map((lane) => {
      const track = make("div", { class: "track" });
      track.append(...this._blocks(lane));
      return make("div", { class: "lane", "data-lane": lane }, make("span", { text: say(`lane_${lane}`) }), track);
    });
    this._lanes.replaceChildren(...rows);
  }

  _blocks(lane) {
    if (lane === "hints") {
      return this._call.hints.map(({ hint }) =>
        this._block(hint.at_ms, hint.at_ms, { "data-tone": hint.priority <= 2 ? "alarm" : "plain", title: hint.line }),
      );
    }
    return this._call.transcript
      .filter((turn) => turn.role === lane)
      .map((turn) => this._block(turn.begin_ms, turn.end_ms, toneOf(turn)));
  }

  _block(begin, end, attributes) {
    const block = make("i", { "data-at": begin, ...attributes });
    block.style.insetInlineStart = `${(begin / this._length) * 100}%`;
    if (end > begin) block.style.inlineSize = `${((end - begin) / this._length) * 100}%`;
    return block;
  }

  _onLane(event) {
    const block = event.target.closest("[data-at]");
    const track = event.target.closest(".track");
    if (block) this._onPick(Number(block.dataset.at));
    else if (track) {
      const { left, width } = track.getBoundingClientRect();
      this._onPick(((event.clientX - left) / width) * this._length);
    }
  }

  _plot(height, range, marks, mark, hasTimes) {
    return new Plot({
      height,
      range,
      marks,
      mark,
      hasTimes,
      onHover: (seconds) => this._read(seconds === null ? this._now : seconds * 1000),
      onPick: (seconds) => this._onPick(seconds * 1000),
    });
  }

  /** The values at a moment, as text. */
  _read(moment) {
    const at = moment ?? this._length;
    const parts = this._gaugesKnown()
      .filter(({ name }) => this._wanted.has(name))
      .map(({ name, points }) => [name, valueAt(points, at)])
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${say(`curve_${name}`)} ${Math.round(value)}`);
    const mood = valueAt(this._call.curves.valence ?? [], at);
    if (mood !== null) parts.push(`${say("curve_valence")} ${signed(mood, 1)}`);
    write(this._readout, [clock(at), ...parts].join(" · "));
  }

  _drawTable(curves) {
    set(this._table, "hidden", !curves.length);
    const times = [...new Set(curves.flatMap(({ points }) => points.map(([at]) => at)))];
    times.sort((a, b) => a - b);
    const heads = [say("time"), ...curves.map(({ name }) => say(`curve_${name}`))];
    const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col", text })));
    const rows = times.map((at) => {
      const values = curves.map(({ name, points }) => valueText(name, valueAt(points, at)));
      return make("tr", {}, ...[clock(at), ...values].map((text) => make("td", { text })));
    });
    const table = make("table", { class: "number" }, make("thead", {}, head), make("tbody", {}, ...rows));
    const scroll = make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("values") }, table);
    this._table.replaceChildren(make("summary", { text: say("values") }), scroll);
  }
}

/** A short line in the colour and dashes of a curve. */
export function swatch(name) {
  const { colour, dash = [], width } = STYLES[name];
  const node = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  node.setAttribute("viewBox", "0 0 24 8");
  node.setAttribute("class", "swatch");
  node.setAttribute("aria-hidden", "true");
  line.setAttribute("d", "M0 4h24");
  line.setAttribute("stroke-dasharray", dash.join(" "));
  line.setAttribute("stroke-width", String(width));
  line.style.stroke = `var(${colour})`;
  node.append(line);
  return node;
}

function toneOf({ signals, text }) {
  const isFound = signals?.findings?.length > 0;
  const emotion = signals?.emotion?.label;
  const isBad = ["angry", "impatient", "disappointed"].includes(emotion);
  return { "data-tone": isFound ? "alarm" : isBad ? "strained" : "plain", title: text };
}

function valueText(name, value) {
  if (value === null) return "—";
  return name === "valence" ? signed(value, 2) : String(Math.round(value));
}

function spoken({ name, points }) {
  const values = points.map(([, value]) => value);
  const numbers = {
    first: valueText(name, values[0]),
    low: valueText(name, Math.min(...values)),
    high: valueText(name, Math.max(...values)),
    last: valueText(name, values.at(-1)),
  };
  return say("curve_said", { name: say(`curve_${name}`), ...numbers });
}
