/** Beside a call: the summary, what was found, the hints, and the figures of the profile. */

import { icon, make } from "../../panel/dom.js";
import { pageAddress } from "../app/api.js";
import { clock, percent, quoted } from "../app/format.js";
import { Bar, Steps } from "../app/marks.js";
import { name, say, title } from "../app/words.js";
import { fateOf } from "./fates.js";

/** Sections in their order: the heading, what they are made of, and how. */
export const SECTIONS = Object.freeze([
  { key: "summary", of: (call) => call.summary, make: summary },
  { key: "findings", of: (call) => [call.findings, call.supervisor_alerts], make: findings },
  { key: "hints", of: (call) => call.hints, make: hints },
  { key: "profile", of: (call) => call.profile, make: profile },
]);

function summary(call) {
  const data = call.summary;
  if (!data) return [nothing("summary_none")];
  const risks = {
    complaint: name("risk", data.complaint_risk),
    churn: name("risk", data.churn_risk),
  };
  const objections = data.objections.map((one) =>
    say("objection_line", {
      name: name("objection", one.label),
      count: one.count,
      status: say(one.status),
    }),
  );
  const facts = [
    ["col_outcome", title("outcome", data.outcome)],
    ["talk_share", percent(data.talk_share)],
    ["risks", say("risk_line", risks)],
    ["needs", data.needs.map((need) => name("need", need)).join(" > ")],
    ["objections", objections.join("\n")],
  ];
  const follow = Object.entries(data.follow_up).map(([key, text]) => `${title("follow_up", key)}${say("colon")}${text}`);
  facts.push(["follow_up", follow.join("\n")]);
  const list = make("dl", { class: "facts" });
  for (const [key, text] of facts) {
    if (text) list.append(make("dt", { text: say(key) }), make("dd", { text }));
  }
  const note = make("div", { class: "coaching" }, make("h3", { text: say("coaching") }));
  note.append(...data.coaching_note.split("\n").map((text) => make("p", { text })));
  return data.coaching_note ? [list, note] : [list];
}

function findings(call) {
  const alerts = call.supervisor_alerts.map((one) => ({ at: one.at_ms, node: alertItem(one) }));
  const found = call.findings.map((one) => ({ at: one.at_ms, node: findingItem(one) }));
  const items = [...alerts, ...found].sort((a, b) => a.at - b.at);
  if (!items.length) return [nothing("findings_none")];
  return [make("ul", { class: "items", role: "list" }, ...items.map(({ node }) => node))];
}

function alertItem({ at_ms: at, kind, reason }) {
  const item = make("li", { "data-tone": "alarm" }, itemHead(at, `${say("supervisor")}${say("colon")}${name("alert", kind)}`, "alarm"));
  item.append(make("p", { text: reason }));
  return item;
}

function findingItem({ at_ms: at, finding }) {
  const { label, severity, quote, safe_wording: wording, reference, rule } = finding;
  const item = make("li", { "data-tone": severity === "minor" ? "notice" : "alarm" });
  item.append(itemHead(at, title("compliance", label), "alarm"));
  if (quote) item.append(make("p", { text: quoted(quote) }));
  const advice = say(quote ? "instead" : "still");
  if (wording) item.append(make("p", { text: `${advice}${say("colon")}${wording}` }));
  const detail = [say(`severity_${severity}`), rule, reference].filter(Boolean).join(" · ");
  item.append(make("p", { class: "small muted", text: detail }));
  return item;
}

function hints(call) {
  if (!call.hints.length) return [nothing("hints_none")];
  const items = call.hints.map((record) => {
    const { at_ms: at, priority, line, script, reason, rule, confidence } = record.hint;
    const item = make("li", {}, itemHead(at, line, ""));
    const kind = make("span", { class: "tag", "data-tone": priority <= 2 ? "notice" : null });
    kind.textContent = name("priority", priority);
    const fate = make("p", { class: "fate" }, kind, make("span", { text: fateOf(record) }));
    const why = make("details", {}, make("summary", { text: say("why") }));
    if (script) why.append(make("p", { class: "script", text: script }));
    const sure = say("sure", { percent: percent(confidence) });
    why.append(make("p", { text: reason }));
    why.append(make("p", { class: "small muted", text: [sure, rule].filter(Boolean).join(" · ") }));
    item.append(fate, why);
    for (const { by, note } of record.verdicts.filter((one) => one.note)) {
      item.append(make("p", { class: "small", text: say("said_by", { by, note }) }));
    }
    return item;
  });
  return [make("ul", { class: "items", role: "list" }, ...items)];
}

function profile(call) {
  const { relationship, influence, demand, state } = call.profile;
  const rows = [];
  if (relationship) {
    const steps = new Steps();
    steps.show(relationship.stage);
    const { value } = relationship.score;
    rows.push(["relationship", String(Math.round(value)), bar(value)]);
    rows.push(["stage", title("stage", relationship.stage), steps.node]);
    rows.push(["gate", title("gate", relationship.gate)]);
  }
  if (influence) {
    const { style, mood } = influence;
    const known = style.label ? `${title("style", style.label)} ${percent(style.probability)}` : say("withheld");
    rows.push(["style", known], ["mood", title("emotion", mood.emotion)]);
    for (const key of ["satisfaction", "trust", "purchase_intent"]) {
      const { value } = influence[key];
      rows.push([key, String(Math.round(value)), bar(value)]);
    }
  }
  if (state) {
    rows.push(["state", title("state", state.state)]);
    rows.push(["complaint_risk", percent(state.complaint_risk)]);
    rows.push(["churn_risk", percent(state.churn_risk)]);
  }
  if (demand) {
    const needs = demand.needs.slice(0, 3).map((need) => name("need", need.label));
    rows.push(["needs", needs.join(" > ") || say("withheld")]);
    rows.push(["stratum", demand.stratum ? title("stratum", demand.stratum) : say("withheld")]);
    rows.push(["age_stage", demand.age_stage ? title("age_stage", demand.age_stage) : say("withheld")]);
  }
  if (!rows.length) return [nothing("no_curves")];
  const items = rows.map(([figure, text, mark]) => figureItem(call.call_id, figure, text, mark));
  const more = make("p", { class: "small muted", text: say("profile_more") });
  return [more, make("ul", { class: "figures", role: "list" }, ...items)];
}

function figureItem(callId, figure, text, mark) {
  const href = pageAddress("explain", { call: callId, number: figure });
  const link = make("a", { href }, make("span", { class: "name", text: title("figure", figure) }));
  const value = make("span", { class: "value" }, ...(mark ? [mark] : []), make("span", { class: "number", text }));
  link.append(value);
  return make("li", {}, link);
}

function bar(value) {
  const made = new Bar();
  made.show(value);
  return made.node;
}

function itemHead(at, text, sign) {
  const head = make("p", { class: "head" }, make("span", { class: "time number", text: clock(at) }));
  if (sign) head.append(icon(sign));
  head.append(make("strong", { text }));
  return head;
}

function nothing(key) {
  return make("p", { class: "muted", text: say(key) });
}
