/** What became of a hint, in words. */

import { clock, listed } from "../app/format.js";
import { has, name, say } from "../app/words.js";

/** What the agent said of it, whether it was seen, and why it ended. */
export function fateOf(record) {
  const said = has(`fate_${record.fate}`) ? say(`fate_${record.fate}`) : "";
  const unseen = record.displayed_ms === null && !said ? say("fate_unseen") : "";
  const isEnd = record.ended && !["wrong", "dismissed"].includes(record.ended);
  const end = isEnd ? name("hint_end", record.ended) : "";
  const when = end && record.ended_ms !== null ? ` ${clock(record.ended_ms)}` : "";
  return listed([said, unseen, end + when]);
}
