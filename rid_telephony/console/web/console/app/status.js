/** What stands in place of content: while it loads, where there is none, where it failed. */

import { icon, make, set } from "../../panel/dom.js";
import { AnswerError } from "./api.js";
import { say } from "./words.js";

/** How long loading may take before it is said, milliseconds. */
const PATIENCE = 400;
const CHECK = "check";

/**
 * A block that says what is, and what to do about it.
 *
 * @param {string} what Key of the text.
 * @param {object} [options] `advice`: key; `action`: `{text, run}`; `sign`: name of an icon.
 */
export function statusBlock(what, { advice = "", action = null, sign = "notice" } = {}) {
  const mark = icon(sign === CHECK ? "notice" : sign);
  if (sign === CHECK) set(mark.firstChild, "d", "M3 8.5 6.5 12 13 4.5");
  const node = make("div", { class: "status" }, mark, make("p", { class: "what", text: say(what) }));
  if (advice) node.append(make("p", { class: "do", text: say(advice) }));
  if (action) {
    const button = make("button", { type: "button", class: "button", text: say(action.text) });
    button.addEventListener("click", action.run);
    node.append(button);
  }
  return node;
}

/** A block for something that could not be loaded. */
export function failedBlock(error, again) {
  const isGone = error instanceof AnswerError && error.status === 404;
  if (isGone) return statusBlock("gone", { advice: "gone_advice" });
  const isStore = error instanceof AnswerError && error.status === 503;
  const advice = isStore ? "store_advice" : "failed_advice";
  return statusBlock("failed", { advice, action: { text: "again", run: again }, sign: "alarm" });
}

/** A block that says that something loads, if it takes long. */
export function loadingBlock() {
  const node = make("div", { class: "status", role: "status" });
  setTimeout(() => node.append(make("p", { text: say("loading") })), PATIENCE);
  return node;
}
