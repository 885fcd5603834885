/** The panel's keys: plain ones while it has the focus, with Alt+Shift on the whole page. */

import { VERDICTS } from "./stage.js";

/**
 * What a key means while the panel has the focus (WCAG 2.1.4: single characters only then).
 *
 * @returns {{action: string, verdict?: string}|null}
 */
export function keyAction(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return null;
  const verdict = VERDICTS[Number(event.key) - 1];
  if (verdict) return { action: "judge", verdict };
  const actions = { w: "why", t: "transcript", a: "note" };
  return Object.hasOwn(actions, event.key) ? { action: actions[event.key] } : null;
}

/** What a key means anywhere on a page that has given them to the panel. */
export function pageKeyAction(event) {
  if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return null;
  // By place on the keyboard: with these two held, a key gives another character.
  const place = /^(?:Digit|Key)(.)$/.exec(event.code)?.[1].toLowerCase() ?? "";
  const found = keyAction({ key: place });
  return found && ["judge", "note"].includes(found.action) ? found : null;
}
