/** Tests of the panel's state; `tests` maps what must hold to a function that throws where not. */

import {
  acknowledge,
  currentHint,
  evidenceOf,
  fold,
  follows,
  initial,
  openAlerts,
  rebuilt,
  tick,
} from "../../rid_telephony/console/web/panel/state.js";
import { Call, equal } from "./kit.js";

const folded = (events, options = {}, state = initial()) =>
  events.reduce((now, event) => fold(now, event, 0, options), state);

export const tests = {
  "an event that is delivered twice changes nothing the second time"() {
    const call = new Call();
    const events = [call.started(), call.hint("h1")];
    const once = folded(events);
    equal(folded(events, {}, once), once);
  },

  "a new hint takes the place of the one before, which is told as replaced"() {
    const call = new Call();
    const state = folded([call.started(), call.hint("h1"), call.hint("h2")]);
    equal(currentHint(state).id, "h2");
    equal(state.hints.map((hint) => hint.past), ["replaced", ""]);
  },

  "an expired hint stays, shown as past"() {
    const call = new Call();
    const events = [call.started(), call.hint("h1")];
    const expired = call.event("hint.expired", { hint_id: "h1", reason: "overtaken" });
    const state = folded([...events, expired]);
    equal([currentHint(state).id, currentHint(state).past], ["h1", "overtaken"]);
  },

  "a hint does not outlive its time while the connection is down"() {
    const call = new Call();
    const state = folded([call.started(), call.hint("h1")]);
    equal(currentHint(tick(state, 14_000)).past, "");
    equal(currentHint(tick(state, 15_001)).past, "ttl");
  },

  "feedback given elsewhere is shown"() {
    const call = new Call();
    const events = [call.started(), call.hint("h1")];
    const accepted = call.event("hint.accepted", { hint_id: "h1", reason: "useful" });
    equal(currentHint(folded(events)).verdict, "");
    equal(currentHint(folded([...events, accepted])).verdict, "useful");
  },

  "the panel moves to the agent's newest call, and starts clean"() {
    const old = new Call("old", "2026-01-01T00:00:00Z");
    const young = new Call("young", "2026-01-01T00:05:00Z");
    const state = folded([old.started(), old.hint("h1"), young.started(), old.hint("h2")]);
    equal([state.call.id, state.hints.length], ["young", 0]);
  },

  "the tail of a call that is over does not bring it back"() {
    const old = new Call("old", "2026-01-01T00:00:00Z");
    const young = new Call("young", "2026-01-01T00:05:00Z");
    const events = [old.started(), young.started(), young.event("call.ended")];
    const state = folded([...events, old.event("call.summary", { outcome: "refused" })]);
    equal([state.call.id, state.call.phase], ["young", "ended"]);
  },

  "a consultation over, the first call is taken up again"() {
    const first = new Call("first", "2026-01-01T00:00:00Z");
    const second = new Call("second", "2026-01-01T00:05:00Z");
    const state = folded([first.started(), second.started(), second.event("call.ended")]);
    equal(folded([first.hint("h9")], {}, state).call.id, "first");
  },

  "a call that is handed to another agent is told as gone"() {
    const call = new Call();
    const before = folded([call.started()], { agent: "1001" });
    const away = { ...call.event("call.transferred"), agent: "1002" };
    equal(folded([away], { agent: "1001" }, before).call.phase, "moved");
    equal(folded([away], {}, before).call.phase, "talking");
  },

  "a panel that is fixed to one call ignores all others"() {
    const one = new Call("one");
    const other = new Call("other", "2026-01-02T00:00:00Z");
    equal(folded([one.started(), other.started()], { call: "one" }).call.id, "one");
  },

  "a final utterance replaces its partials, and overlapping speech stays in order"() {
    const call = new Call();
    const partial = call.said("u2", 5000, "我", "utterance.partial");
    const state = folded([partial, call.said("u1", 2000, "喂"), call.said("u2", 5000, "我问你")]);
    equal(state.utterances.map((each) => [each.id, each.text]), [
      ["u1", "喂"],
      ["u2", "我问你"],
    ]);
    equal(evidenceOf(state, { evidence: ["u2", "gone"] }).length, 1);
  },

  "the gravest alert waits in front, and goes when it is noted"() {
    const call = new Call();
    const anger = { kind: "anger", reason: "r", evidence: [] };
    const state = folded([call.event("supervisor.alert", anger), call.finding("minor")]);
    equal(openAlerts(state).map((alert) => alert.tone), ["alarm", "notice"]);
    const noted = acknowledge(state, openAlerts(state)[0].id);
    equal(openAlerts(noted).map((alert) => alert.tone), ["notice"]);
  },

  "what the agent has noted stays noted when the call is read again"() {
    const call = new Call();
    const events = [call.started(), call.finding("critical")];
    const state = folded(events);
    const noted = acknowledge(state, openAlerts(state)[0].id);
    equal(openAlerts(rebuilt(noted, events, 0)).length, 0);
  },

  "a hint that was offered long ago is past for who comes late"() {
    const call = new Call();
    const late = call.said("u1", 60_000, "喂");
    const events = [call.started(), call.hint("h1"), { ...late, time: "2026-01-01T00:01:00Z" }];
    equal(currentHint(rebuilt(initial(), events, 100_000)).past, "ttl");
  },

  "the style is withheld until it is known"() {
    const call = new Call();
    const influence = (label) =>
      call.event("rid.influence.updated", {
        style: { label, probability: 0.4 },
        mood: { emotion: "neutral" },
        purchase_intent: { value: 20, trend: 0 },
      });
    equal(folded([influence("")]).style, null);
    equal(folded([influence("owl")]).style.label, "owl");
  },

  "a type that the panel does not know, even an evil one, does nothing"() {
    const call = new Call();
    const before = folded([call.started()]);
    const after = folded([call.event("constructor"), call.event("__proto__")], {}, before);
    equal(after.hints, before.hints);
    equal(after.call.id, "call-1");
  },

  "a gap is counted, whatever call it stands in"() {
    equal(folded([{ type: "feed.gap", cursor: 7, subject: "x", data: {} }]).gaps, 1);
  },

  "names of agents may be lists and patterns"() {
    equal(
      [follows("1001, 20*", "2044"), follows("1001", "1002"), follows("", "x"), follows("a.b", "axb")],
      [true, false, true, false],
    );
  },
};
