/** What the console says, in the reader's language; names of labels come from the server. */

import { SERVER } from "./api.js";
import { TEXTS } from "./texts.js";

let names = { labels: {}, signal_families: [], figure_groups: {}, figures: [], parts: {} };

/** Fetch the names of labels: those that the terminal uses too. */
export async function loadNames() {
  const answer = await fetch(`${SERVER}/console/words.json`);
  if (!answer.ok) throw new Error(`words.json: ${answer.status}`);
  names = await answer.json();
}

function index() {
  return document.documentElement.lang.startsWith("en") ? 1 : 0;
}

/** `zh-CN` or `en`. */
export function language() {
  return index() ? "en" : "zh-CN";
}

/** A text of the console; `{name}` is replaced by the value of that name. */
export function say(key, values = {}) {
  const text = TEXTS[key][index()];
  return text.replace(/\{(\w+)\}/g, (_whole, name) => String(values[name] ?? ""));
}

/** Whether there is a text of that name. */
export function has(key) {
  return Object.hasOwn(TEXTS, key);
}

/** The name of a label, as it stands within a sentence; the label itself where it has none. */
export function name(group, label) {
  return names.labels[group]?.[label]?.[index()] ?? String(label ?? "");
}

/** The name of a label, as it stands alone. */
export function title(group, label) {
  const text = name(group, label);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The name of a signal of the evidence, such as `objection.doubt`. */
export function signalName(signal) {
  const known = name("signal", signal);
  if (known !== signal) return known;
  for (const [begin, family, group] of names.signal_families) {
    if (signal.startsWith(begin)) {
      const label = name(group, signal.slice(begin.length));
      return `${name("signal_family", family)}${say("colon")}${label}`;
    }
  }
  return signal;
}

/** The group in which a figure's labels are named. */
export function groupOf(figure) {
  return names.figure_groups[figure] ?? "";
}

/** The heading of a part of the profile. */
export function partName(part) {
  return names.parts[part]?.[index()] ?? part;
}
