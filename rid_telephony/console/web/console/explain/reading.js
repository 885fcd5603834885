/** How a figure reads: the same words as `rid-telephony explain`. Pure but for the language. */

import { amount, percent } from "../app/format.js";
import { groupOf, name, say, title } from "../app/words.js";

const STEPPED = new Set(["stage", "gate"]);
const RISKS = new Set(["complaint_risk", "churn_risk"]);
const SHARED = new Set(["style", "stratum"]);
const BURDENS = new Set([...RISKS, "perceived_risk", "state"]);
/** Units of figures that begin somewhere and are moved from there. */
const STARTED = new Set(["points", "share"]);
/** Units whose moves are shown as swings up or down. */
const SWINGING = new Set(["points", "share", "level", "valence"]);

/** Label and number as one phrase; empty while both are withheld. */
export function foundIn(figure) {
  const { name: which, value, unit } = figure;
  const label = figure.label ? title(groupOf(which), figure.label) : "";
  if (figure.at_turn === null) return "";
  if (unit === "points" && value !== null) return amount(value, unit);
  if (value === null || STEPPED.has(which)) return label;
  if (unit === "share" || unit === "valence") return `${label} ${amount(value, unit)}`.trim();
  if (unit === "log_odds") return label ? `${label} ${percent(value)}` : "";
  return which === "talk_share" ? percent(value) : String(Math.round(value));
}

/** What stands where nothing was found. */
export function emptyText(figure) {
  return say(figure.at_turn === null ? "not_reported" : "withheld");
}

/** A figure in a few characters, for the list. */
export function shortText(figure) {
  if (figure.name === "needs") return figure.parts.slice(0, 2).map((part) => name("need", part.name)).join(" > ");
  if (figure.name === "products") return figure.parts[0]?.name ?? "";
  return foundIn(figure);
}

/** What belongs to a figure beside its value. */
export function noteOf(figure) {
  const { name: which } = figure;
  if (STEPPED.has(which)) {
    const from = say("read_from", { value: (figure.value ?? 0).toFixed(1) });
    return from + stepsText(figure, 0);
  }
  if (RISKS.has(which)) return stepsText(figure, 2);
  if (which === "products") return figure.parts.length ? say("from_needs") : "";
  if (which === "talk_share") {
    const told = Object.entries(figure.scale).map(([role, seconds]) =>
      say("seconds", { role: name("role", role), count: Math.round(seconds) }),
    );
    return told.join("  ");
  }
  if (figure.unit === "log_odds" && figure.reasons.length) {
    return which === "style" ? `${say("odds_how")}\n${say("odds_note")}` : say("odds_how");
  }
  return "";
}

/** Labels with their probabilities, the most probable first; empty for other figures. */
export function sharesOf(figure) {
  if (!SHARED.has(figure.name)) return [];
  const group = groupOf(figure.name);
  return Object.entries(figure.scale).map(([label, share]) => ({ text: title(group, label), share }));
}

/** Whether it begins somewhere and is moved from there. */
export function hasStart(figure) {
  return typeof figure.start === "number" || STARTED.has(figure.unit);
}

/** Whether it is bad news when it rises. */
export function isBurden(figure) {
  return BURDENS.has(figure.name);
}

/** Whether its moves go up and down. */
export function swings(unit) {
  return SWINGING.has(unit);
}

/** Reasons by utterance, in the order of the call; other sources each by itself. */
export function rowsOf(reasons) {
  const grouped = new Map();
  for (const reason of reasons) {
    const key = reason.turn ? `turn ${reason.turn}` : `${reason.source} ${reason.signal}`;
    if (!grouped.has(key)) grouped.set(key, []);
    grouped.get(key).push(reason);
  }
  return [...grouped.values()].map((own) => ({
    reasons: [...own].sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta)),
    moved: own.reduce((sum, reason) => sum + reason.delta, 0),
    turn: own[0].turn,
    role: own[0].role,
    source: own[0].source,
    quote: own.reduce((longest, { quote }) => (quote.length > longest.length ? quote : longest), ""),
  }));
}

/** The title of an entry of a figure that is a list, and what is said of it. */
export function partTexts(figure, part) {
  if (figure.name === "needs") return [title("need", part.name), amount(part.value ?? 0, "weight")];
  if (figure.name === "objections") {
    return [title("objection", part.name), `×${Math.round(part.value ?? 0)} ${say(part.label)}`];
  }
  const fits = part.label === "suitable" ? "" : say("above_risk");
  return [part.name, [Math.round(part.value ?? 0), fits, ...part.notes].filter((x) => x !== "").join(" · ")];
}

function stepsText(figure, digits) {
  const group = groupOf(figure.name);
  return Object.entries(figure.scale)
    .map(([label, bound]) => `${name(group, label)} ${say("from")}${bound.toFixed(digits)}`)
    .join("  ");
}
