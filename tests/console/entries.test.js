/** The order of what happened in a call, and the words that are marked. */

import { equal } from "../panel/kit.js";
import * as entries from "../../rid_telephony/console/web/console/review/entries.js";

function turn(id, begin, end) {
  return { utterance_id: id, begin_ms: begin, end_ms: end, text: id };
}

const CALL = {
  transcript: [turn("a", 0, 1000), turn("b", 1200, 3000)],
  hints: [{ hint: { hint_id: "h", at_ms: 3100 } }],
  findings: [{ at_ms: 3500, utterance_id: "a", finding: {} }],
  supervisor_alerts: [{ at_ms: 3300 }],
  happenings: [
    { type: "call.started", data: { at_ms: 0 } },
    { type: "call.ended", data: { at_ms: 5000 } },
  ],
  duration_ms: 5000,
  at_ms: 5000,
};

export const tests = {
  "a finding stands under the words that it is about": () => {
    const kinds = entries.entriesOf(CALL).map(({ kind }) => kind);
    equal(kinds, ["turn", "finding", "turn", "hint", "alert", "happening"]);
  },

  "a moment in a pause belongs to what was said last": () => {
    equal(entries.turnAt(CALL.transcript, 500).utterance_id, "a");
    equal(entries.turnAt(CALL.transcript, 1100).utterance_id, "a");
    equal(entries.turnAt(CALL.transcript, 1300).utterance_id, "b");
    equal(entries.turnAt(CALL.transcript, 9000), null);
  },

  "quotes are marked, and spans that are none are left alone": () => {
    const spans = [{ begin: 1, end: 3 }, { begin: 2, end: 4 }, { begin: 0, end: 0 }, { begin: 3, end: 99 }];
    const found = entries.pieces("一二三四五", spans).map(({ text, isMarked }) => [text, isMarked]);
    equal(found, [["一", false], ["二三", true], ["四五", false]]);
  },
};
