/**
 * The calls of the wallboard, folded from headlines and events. Pure: no clock, no network, no DOM.
 *
 * A board is a Map of call id to a line (a headline of `/v1/calls`); `fold` and `merged` return
 * the next board and never change the one they were given.
 */

/** Event types that move a line. */
export const TYPES = Object.freeze([
  "call.*",
  "rid.relationship.updated",
  "rid.influence.updated",
  "customer.state.changed",
  "hint.offered",
  "hint.expired",
  "hint.dismissed",
  "compliance.alert",
  "supervisor.alert",
]);

const STATES = Object.freeze({
  "call.started": "started",
  "call.answered": "talking",
  "call.held": "held",
  "call.retrieved": "talking",
  "call.transferred": "talking",
  "call.ended": "ended",
});
const STRAINED = new Set(["angry", "dissatisfied", "resistant"]);
const GRAVE = new Set(["angry", "impatient"]);

/** The board after an event; the same board where it changes nothing. */
export function fold(board, event) {
  const known = board.get(event.subject);
  if (!known && event.type !== "call.started") return board;
  if (known && event.cursor <= known.cursor) return board;
  const line = { ...(known ?? begun(event)), ...moved(known, event) };
  const next = { ...line, cursor: event.cursor, at_ms: event.data.at_ms, agent: event.agent };
  return new Map(board).set(event.subject, next);
}

/** The board after its calls were read from the server: what went on without us is brought in. */
export function merged(board, headlines) {
  const next = new Map();
  for (const headline of headlines) {
    const known = board.get(headline.call_id);
    next.set(headline.call_id, known && known.cursor > headline.cursor ? known : headline);
  }
  for (const [id, line] of board) {
    // A call that is gone from the server's list is over; its alert still waits to be seen.
    if (!next.has(id)) next.set(id, { ...line, state: "ended", hint: null });
  }
  return next;
}

/** The board without calls that are over and that nobody waits for. */
export function swept(board, keep) {
  const next = new Map([...board].filter(([, line]) => line.state !== "ended" || keep(line)));
  return next.size === board.size ? board : next;
}

/** Lines in an order that stays: a new call comes last. */
export function inOrder(board) {
  return [...board.values()].sort(
    (a, b) => Date.parse(a.started_at) - Date.parse(b.started_at) || (a.call_id < b.call_id ? -1 : 1),
  );
}

/**
 * Lines whose alerts nobody has taken note of, each with the gravest that waits; the gravest lines
 * first, among equals the latest.
 */
export function waiting(board, noted) {
  return [...board.values()]
    .filter((line) => line.alert && line.alerts > (noted.get(line.call_id) ?? 0))
    .map((line) => ({ ...line, alert: gravest(line, noted.get(line.call_id) ?? 0) }))
    .sort((a, b) => rank(b.alert) - rank(a.alert) || began(b) - began(a));
}

function gravest(line, noted) {
  const { grave } = line;
  return grave && grave.number > noted && rank(grave) > rank(line.alert) ? grave : line.alert;
}

function rank(alert) {
  return { critical: 2, major: 1 }[alert.severity] ?? 0;
}

/** Whether the customer is in no mood to be sold to. */
export function isStrained(line) {
  return STRAINED.has(line.customer_state) || GRAVE.has(line.emotion);
}

/** How many calls there are of each kind. */
export function counts(lines) {
  const live = lines.filter((line) => line.state !== "ended");
  const of = (test) => live.filter(test).length;
  return {
    all: live.length,
    started: of((line) => line.state === "started"),
    talking: of((line) => line.state === "talking"),
    held: of((line) => line.state === "held"),
    strained: of(isStrained),
  };
}

/** Whether a line passes the filter `{kind, agent, text}`. */
export function passes(line, { kind, agent, text }) {
  if (agent && line.agent !== agent) return false;
  if (kind === "strained" && !isStrained(line)) return false;
  if (kind !== "all" && kind !== "strained" && line.state !== kind) return false;
  const words = [line.agent, line.customer_id, line.queue, line.call_id, line.hint?.line];
  const haystack = words.join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => haystack.includes(word));
}

/** When the latest alert came, on the wall clock. */
function began(line) {
  return Date.parse(line.started_at) + line.alert.at_ms;
}

function begun(event) {
  return {
    call_id: event.subject,
    tenant: event.tenant,
    agent: event.agent,
    queue: event.data.queue ?? "",
    customer_id: event.data.customer_id,
    direction: event.data.direction,
    state: "started",
    started_at: new Date(Date.parse(event.time) - event.data.at_ms).toISOString(),
    duration_ms: null,
    relationship: null,
    relationship_trend: null,
    stage: "",
    style: "",
    emotion: "",
    valence: null,
    purchase_intent: null,
    customer_state: "",
    complaint_risk: null,
    hint: null,
    alert: null,
    alerts: 0,
    outcome: "",
  };
}

function moved(line, { type, data }) {
  switch (type) {
    case "rid.relationship.updated":
      return {
        relationship: data.score.value,
        relationship_trend: data.score.trend,
        stage: data.stage,
      };
    case "rid.influence.updated":
      return {
        style: data.style.label,
        emotion: data.mood.emotion,
        valence: data.mood.valence,
        purchase_intent: data.purchase_intent.value,
      };
    case "customer.state.changed":
      return { customer_state: data.state, complaint_risk: data.complaint_risk };
    case "hint.offered":
      return { hint: { hint_id: data.hint_id, priority: data.priority, line: data.line } };
    case "hint.expired":
    case "hint.dismissed":
      return line.hint?.hint_id === data.hint_id ? { hint: null } : {};
    case "compliance.alert":
    case "supervisor.alert":
      return warned(line, alerted(type, data));
    case "call.ended":
      return { state: "ended", duration_ms: data.duration_ms, hint: null };
    case "call.summary":
      return { outcome: data.outcome };
    default:
      return Object.hasOwn(STATES, type) ? { state: STATES[type] } : {};
  }
}

/** A line shows its latest alert; the gravest is kept, so that a lesser one cannot hide it. */
function warned(line, alert) {
  const number = line.alerts + 1;
  const before = line.grave ?? { ...line.alert, number: line.alerts };
  const isGraver = !line.alert || rank(alert) >= rank(before);
  return { alert, alerts: number, grave: isGraver ? { ...alert, number } : before };
}

function alerted(type, data) {
  const { finding } = data;
  if (!finding) {
    return { type, kind: data.kind, severity: "critical", reason: data.reason, at_ms: data.at_ms };
  }
  const { label: kind, severity, quote: reason } = finding;
  return { type, kind, severity, reason, at_ms: data.at_ms };
}
