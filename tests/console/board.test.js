/** The wallboard's lines, folded from events. */

import { Call, equal } from "../panel/kit.js";
import * as board from "../../rid_telephony/console/web/console/wallboard/board.js";

const STARTED = { direction: "outbound", parties: [], customer_id: "C1", queue: "", at_ms: 0 };

function begun(call) {
  return board.fold(new Map(), call.event("call.started", STARTED));
}

function finding(label, severity) {
  return { utterance_id: "u", finding: { label, severity, quote: "q" } };
}

function line(state, call) {
  return state.get(call.id);
}

export const tests = {
  "a call has a line from its start to its end": () => {
    const call = new Call();
    let now = begun(call);
    equal(line(now, call).state, "started");
    now = board.fold(now, call.event("call.answered"));
    now = board.fold(now, call.event("call.held", { by: "agent" }));
    equal(line(now, call).state, "held");
    now = board.fold(now, call.event("call.ended", { duration_ms: 9000, cause: "normal", by: null }));
    equal([line(now, call).state, line(now, call).duration_ms], ["ended", 9000]);
    equal(board.swept(now, () => false).size, 0);
  },

  "an event that came before, or of a call that nobody knows, changes nothing": () => {
    const call = new Call();
    const answered = call.event("call.answered");
    equal(board.fold(new Map(), answered).size, 0);
    const first = board.fold(begun(new Call("other")), answered);
    equal(first.has(call.id), false);
    const late = new Call("late");
    const old = late.event("call.held", { by: "agent" });
    const now = begun(late);
    equal(board.fold(now, old) === now, true);
  },

  "a lesser alert does not hide a grave one that nobody has seen": () => {
    const call = new Call();
    let now = begun(call);
    now = board.fold(now, call.event("compliance.alert", finding("guarantee", "critical")));
    now = board.fold(now, call.event("compliance.alert", finding("omission", "minor")));
    equal(board.waiting(now, new Map())[0].alert.kind, "guarantee");
    equal(line(now, call).alerts, 2);
    const noted = new Map([[call.id, 2]]);
    equal(board.waiting(now, noted), []);
    now = board.fold(now, call.event("compliance.alert", finding("omission", "minor")));
    equal(board.waiting(now, noted)[0].alert.kind, "omission");
  },

  "an alert waits though its call is over": () => {
    const call = new Call();
    let now = begun(call);
    now = board.fold(now, call.event("supervisor.alert", { kind: "anger", reason: "r", evidence: [] }));
    now = board.merged(now, []);
    equal(line(now, call).state, "ended");
    equal(board.waiting(now, new Map()).length, 1);
  },

  "what came while the list was read is newer than the list": () => {
    const call = new Call();
    const headline = { ...line(begun(call), call), cursor: 1, state: "started" };
    const now = board.fold(begun(call), call.event("call.answered"));
    equal(line(board.merged(now, [headline]), call).state, "talking");
  },

  "a new call comes last, so that no row moves": () => {
    const [second, first] = [new Call("a", "2026-01-01T00:01:00Z"), new Call("b")];
    const now = new Map([...begun(second), ...begun(first)]);
    equal(board.inOrder(now).map((each) => each.call_id), ["b", "a"]);
  },

  "filters look at agent, state and words": () => {
    const call = new Call();
    let now = begun(call);
    const all = { kind: "all", agent: "", text: "" };
    equal(board.passes(line(now, call), all), true);
    equal(board.passes(line(now, call), { ...all, agent: "1002" }), false);
    equal(board.passes(line(now, call), { ...all, kind: "held" }), false);
    equal(board.passes(line(now, call), { ...all, text: "c1 1001" }), true);
    const angry = { state: "angry", previous: "", complaint_risk: 1, churn_risk: 1, evidence: [] };
    now = board.fold(now, call.event("customer.state.changed", angry));
    equal(board.passes(line(now, call), { ...all, kind: "strained" }), true);
    equal(board.counts(board.inOrder(now)).strained, 1);
  },
};
