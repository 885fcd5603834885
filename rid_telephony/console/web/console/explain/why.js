/** One figure and the evidence behind it. */

import { make, set } from "../../panel/dom.js";
import { pageAddress } from "../app/api.js";
import { Plot } from "../app/curves.js";
import { amount, change, percent, quoted, signed } from "../app/format.js";
import { Trend, direction } from "../app/marks.js";
import { name, say, signalName, title } from "../app/words.js";
import { emptyText, foundIn, hasStart, isBurden, noteOf, partTexts, rowsOf, sharesOf, swings } from "./reading.js";

/** Figures that have a curve, with the name of the curve. */
const CURVES = { mood: "valence" };
const COLUMNS = ["turn", "who", "words", "signals", "moved", "stands"];
const SIGNED = new Set(["mood"]);
const SHARES = new Set(["complaint_risk", "churn_risk"]);

/**
 * The content of the page for one figure.
 *
 * @param {object} figure
 * @param {object} context `turns`, `callId`, `call` (null where it could not be read).
 */
export function whyOf(figure, context) {
  const heading = make("h2", { id: "figure", tabindex: "-1", text: title("figure", figure.name) });
  const parts = [heading, standsLine(figure)];
  const note = noteOf(figure);
  const told = figure.at_turn === null ? "" : say("told_after", { turn: figure.at_turn });
  const text = [told, note].filter(Boolean).join(note.includes("\n") ? "\n" : " · ");
  if (text) parts.push(make("p", { class: "note", text }));
  const shares = sharesOf(figure);
  if (shares.length) parts.push(sharesList(shares));
  const plot = plotOf(figure, context.call);
  if (plot) parts.push(plot);
  if (figure.reasons.length) parts.push(reasonTable(figure, figure, context));
  for (const part of figure.parts) parts.push(...partOf(figure, part, context));
  if (!figure.reasons.length && !figure.parts.length && !figure.follows && figure.at_turn !== null) {
    parts.push(make("p", { class: "note", text: say("no_reasons") }));
  }
  return parts;
}

function standsLine(figure) {
  const found = foundIn(figure);
  const isList = figure.parts.length > 0 && figure.value === null;
  const line = make("p", { class: "stands" });
  set(line, "data-empty", !found && !isList);
  if (!isList) line.append(make("strong", { class: "number", text: found || emptyText(figure) }));
  const size = figure.unit === "valence" ? 0.1 : 1;
  if (found && Math.abs(figure.trend) >= size) {
    const trend = new Trend();
    trend.show(direction(figure.trend / size) === "up" ? 1 : -1);
    const digits = figure.unit === "valence" ? 2 : 0;
    trend.node.append(make("span", { class: "number", text: signed(figure.trend, digits) }));
    line.append(trend.node);
  }
  return line;
}

function sharesList(shares) {
  const items = shares.map(({ text, share }) => {
    const bar = make("span", { class: "bar", "aria-hidden": "true" }, make("i"));
    bar.firstChild.style.inlineSize = percent(share);
    const number = make("span", { class: "number", text: percent(share) });
    return make("li", {}, make("span", { text }), bar, number);
  });
  return make("ul", { class: "shares", role: "list" }, ...items);
}

function plotOf(figure, call) {
  const curve = CURVES[figure.name] ?? figure.name;
  const points = call?.curves[curve];
  if (!points?.length) return null;
  const isSigned = SIGNED.has(figure.name);
  const isShare = SHARES.has(figure.name);
  const words = (value) => ({ "-1": say("unpleasant"), 0: "0", 1: say("pleasant") })[value];
  const plot = new Plot({
    height: 150,
    range: isSigned ? [-1.2, 1.2] : [0, 100],
    marks: isSigned ? [-1, 0, 1] : [0, 25, 50, 75, 100],
    mark: isSigned ? words : (value) => (isShare ? `${value}%` : String(value)),
    hasTimes: true,
    onPick: (seconds) => {
      location.href = pageAddress("call", { id: call.call_id, t: Math.round(seconds * 1000) });
    },
  });
  const shown = isShare ? points.map(([at, value]) => [at, value * 100]) : points;
  plot.node.setAttribute("aria-label", title("figure", figure.name));
  plot.show([{ name: curve, points: shown }], call.duration_ms ?? call.at_ms);
  return plot.node;
}

function partOf(figure, part, context) {
  const [head, text] = partTexts(figure, part);
  const line = make("div", { class: "part" }, make("h3", { text: head }));
  line.append(make("span", { class: "muted number", text }));
  return part.reasons.length ? [line, reasonTable(figure, part, context)] : [line];
}

function reasonTable(figure, part, context) {
  const { unit } = part;
  const rows = rowsOf(part.reasons);
  const widest = Math.max(...rows.map((row) => Math.abs(row.moved)), Number.EPSILON);
  const adds = hasStart(part) && typeof part.start === "number" && rows.length > 0;
  const columns = adds ? COLUMNS : COLUMNS.slice(0, -1);
  const heads = columns.map((key) => {
    const style = key === "stands" ? "stands-at" : key;
    const text = say(`col_${key}`);
    return make("th", { scope: "col", role: "columnheader", class: style, text });
  });
  const body = make("tbody", { role: "rowgroup" });
  if (hasStart(part)) body.append(startRow(part, adds));
  let stands = part.start ?? 0;
  for (const row of rows) {
    stands += row.moved;
    body.append(reasonRow(row, { unit, widest, stands: adds ? amount(stands, unit) : null, context }));
  }
  if (part.rest) body.append(edgeRow("…", say("small_moves"), change(part.rest, unit), adds ? "" : null));
  if (adds) body.append(edgeRow("", say("end"), "", amount(part.value, unit), "last"));
  const head = make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads));
  const label = title("figure", figure.name);
  const table = make("table", { class: "reasons", role: "table", "aria-label": label }, head, body);
  set(table, "data-burden", isBurden(figure));
  return table;
}

function startRow(part, adds) {
  const isKnown = typeof part.start === "number";
  const text = say(isKnown ? "known_nothing" : "start_missing");
  return edgeRow(say("start"), text, isKnown ? "" : "?", adds ? amount(part.start, part.unit) : null);
}

function edgeRow(turn, words, moved, stands, extra = "") {
  const row = make("tr", { role: "row", class: `edge ${extra}`.trim() });
  row.append(cell("turn", turn), cell("who", ""), cell("words", words), cell("signals", ""));
  row.append(cell("moved number", moved));
  if (stands !== null) row.append(cell("stands-at number", stands));
  return row;
}

function reasonRow(row, { unit, widest, stands, context }) {
  const node = make("tr", { role: "row", "data-role": row.role || null });
  node.append(turnCell(row, context), cell("who", row.role ? name("role", row.role) : ""));
  node.append(cell("words", row.turn ? quoted(row.quote) : row.quote), signalCell(row, unit));
  node.append(movedCell(row, unit, widest));
  if (stands !== null) node.append(cell("stands-at number", stands));
  return node;
}

function turnCell(row, { turns, callId }) {
  const turn = turns.find(({ number }) => number === row.turn);
  if (!turn) return cell("turn", say(`source_${row.source}`));
  const href = pageAddress("call", { id: callId, t: turn.begin_ms });
  const link = make("a", { href, class: "number", text: `#${row.turn}` });
  return make("td", { class: "turn", role: "cell" }, link);
}

function signalCell({ reasons }, unit) {
  const isSized = reasons.length > 1;
  const items = reasons.map(({ signal, delta }) => {
    const item = make("li", {}, make("span", { text: signalName(signal) }));
    if (isSized) item.append(make("span", { class: "number", text: change(delta, unit) }));
    return item;
  });
  return make("td", { class: "signals", role: "cell" }, make("ul", { role: "list" }, ...items));
}

function movedCell({ moved }, unit, widest) {
  const node = make("td", { class: "moved number", role: "cell" });
  node.append(make("span", { class: "size", text: change(moved, unit) }));
  if (!swings(unit)) return node;
  set(node, "data-way", moved > 0 ? "up" : moved < 0 ? "down" : null);
  const swing = make("span", { class: "swing", "aria-hidden": "true" }, make("i"));
  swing.firstChild.style.inlineSize = `${(Math.abs(moved) / widest) * 50}%`;
  node.append(swing);
  return node;
}

function cell(style, text) {
  return make("td", { class: style, role: "cell", text });
}
