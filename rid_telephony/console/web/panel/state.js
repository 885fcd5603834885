/**
 * What the panel knows, folded from the events of the feed. Pure: no clock, no network, no DOM.
 *
 * `fold(state, event, now, options)` returns the next state and never changes the one it was
 * given; `now` is any clock in milliseconds that only rises (the arrival of the event).
 */

/** Event types that the panel lives on; the feed is asked for these and no others. */
export const TYPES = Object.freeze([
  "call.*",
  "analysis.degraded",
  "analysis.failed",
  "utterance.*",
  "rid.relationship.updated",
  "rid.influence.updated",
  "customer.state.changed",
  "hint.*",
  "compliance.alert",
  "supervisor.alert",
]);

/** Utterances, alerts and hints kept of one call; the oldest go first. */
export const LIMITS = Object.freeze({ utterances: 300, alerts: 30, hints: 60 });

/** Events that only close a call: a panel that comes later does not take the call up for them. */
const CLOSING = new Set(["call.ended", "call.summary", "analysis.failed", "hint.expired"]);

const VERDICTS = new Set(["used", "useful", "wrong", "dismissed"]);

/** The state before the first event. */
export function initial() {
  return Object.freeze({
    cursor: 0,
    call: null,
    hints: [],
    alerts: [],
    utterances: [],
    relationship: null,
    style: null,
    mood: null,
    intent: null,
    customer: null,
    degraded: "",
    summary: null,
    gaps: 0,
  });
}

/**
 * The state after an event.
 *
 * @param {object} state What `initial` or `fold` returned.
 * @param {object} event A CloudEvent of the feed.
 * @param {number} now Its arrival, milliseconds.
 * @param {{agent?: string, call?: string}} [options] Whom the panel follows.
 */
export function fold(state, event, now, options = {}) {
  const seen = Math.max(state.cursor, event.cursor ?? 0);
  if (event.type === "feed.gap") return { ...state, cursor: seen, gaps: state.gaps + 1 };
  if (!wanted(state, event, options)) return { ...state, cursor: seen };
  const current = state.call?.id === event.subject ? state : opened(event);
  if (event.sequence <= current.call.sequence) return { ...state, cursor: seen };
  const call = { ...current.call, sequence: event.sequence, agent: event.agent };
  const next = { ...current, cursor: seen, call };
  if (!Object.hasOwn(HANDLERS, event.type)) return next;
  return HANDLERS[event.type](next, event.data, event, now, options);
}

/** The state at a later time: a hint whose time is over is past, told or not. */
export function tick(state, now) {
  const hint = currentHint(state);
  if (!hint || hint.past || now < hint.until) return state;
  return withHint(state, hint.id, { past: "ttl" });
}

/**
 * The state of a call from all of its events, as the archive has them.
 *
 * @param {object} known What the panel knew so far: what the agent has taken note of stays so.
 * @param {object[]} events The call's events in order, then those that came meanwhile.
 */
export function rebuilt(known, events, now, options = {}) {
  const latest = Date.parse(events.at(-1)?.time ?? 0);
  const whole = events.reduce(
    // A hint offered a while ago has so much less time left.
    (state, event) => fold(state, event, now - (latest - Date.parse(event.time)), options),
    initial(),
  );
  const noted = new Set(known.alerts.filter((each) => each.acknowledged).map((each) => each.id));
  const alerts = whole.alerts.map((alert) =>
    noted.has(alert.id) ? { ...alert, acknowledged: true } : alert,
  );
  const state = { ...whole, alerts, cursor: Math.max(whole.cursor, known.cursor) };
  return tick({ ...state, gaps: known.gaps }, now);
}

/** The state after the agent has taken note of an alert. */
export function acknowledge(state, alertId) {
  const alerts = state.alerts.map((alert) =>
    alert.id === alertId ? { ...alert, acknowledged: true } : alert,
  );
  return { ...state, alerts };
}

/** The state with what the agent said of a hint; an empty verdict takes it back. */
export function judged(state, hintId, verdict) {
  return withHint(state, hintId, { verdict });
}

/** The newest hint of the call, live or past; null where there was none. */
export function currentHint(state) {
  return state.hints.at(-1) ?? null;
}

/** Alerts that wait for the agent, the gravest first, among equals the newest. */
export function openAlerts(state) {
  const grave = (alert) => (alert.tone === "alarm" ? 0 : 1);
  return state.alerts
    .filter((alert) => !alert.acknowledged)
    .sort((a, b) => grave(a) - grave(b) || b.order - a.order);
}

/** The utterances behind a hint that are still known, in the order they were spoken. */
export function evidenceOf(state, hint) {
  const ids = new Set(hint.evidence);
  return state.utterances.filter((utterance) => ids.has(utterance.id));
}

/** Whether an agent is one of those that the panel follows: names by comma, with `*`. */
export function follows(patterns, agent) {
  const one = (pattern) =>
    pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  const wanted = patterns.split(",").map((pattern) => pattern.trim()).filter(Boolean);
  return !wanted.length || wanted.some((pattern) => new RegExp(`^${one(pattern)}$`, "su").test(agent));
}

/** `up`, `down` or `steady`. */
export function direction(trend) {
  if (trend >= 1) return "up";
  return trend <= -1 ? "down" : "steady";
}

function wanted(state, event, options) {
  if (options.call) return event.subject === options.call;
  const call = state.call;
  if (call?.id === event.subject) return true;
  if (!event.type || CLOSING.has(event.type)) return false;
  if (!call) return true;
  return began(event) > call.began || call.phase === "ended" || call.phase === "moved";
}

/** Wall clock at which the event's call began, milliseconds. */
function began(event) {
  return Date.parse(event.time) - (event.data?.at_ms ?? 0);
}

function opened(event) {
  const call = {
    id: event.subject,
    agent: event.agent,
    began: began(event),
    sequence: 0,
    first: event.sequence,
    phase: "talking",
    heldBy: "",
    customer: "",
  };
  return { ...initial(), call };
}

const HANDLERS = {
  "call.started": (state, data) => {
    const customer = data.parties.find((party) => party.role === "customer");
    return inCall(state, { phase: "ringing", customer: customer?.name || customer?.number || "" });
  },
  "call.answered": (state) => inCall(state, { phase: "talking" }),
  "call.held": (state, data) => inCall(state, { phase: "held", heldBy: data.by }),
  "call.retrieved": (state) => inCall(state, { phase: "talking", heldBy: "" }),
  "call.transferred": (state, _data, event, _now, options) =>
    inCall(state, { phase: follows(options.agent ?? "", event.agent) ? "talking" : "moved" }),
  "call.ended": (state) => inCall(state, { phase: "ended" }),
  "call.summary": (state, data) => ({ ...state, summary: data }),
  "analysis.degraded": (state, data) => ({ ...state, degraded: data.reason }),
  "analysis.failed": (state) => ({ ...state, degraded: "failed" }),
  "utterance.partial": heard,
  "utterance.final": heard,
  "rid.relationship.updated": (state, data) => ({
    ...state,
    relationship: {
      stage: data.stage,
      gate: data.gate,
      value: data.score.value,
      trend: data.score.trend,
    },
  }),
  "rid.influence.updated": (state, data) => ({
    ...state,
    style: data.style.label ? data.style : null,
    mood: data.mood,
    intent: data.purchase_intent,
  }),
  "customer.state.changed": (state, data) => ({
    ...state,
    customer: {
      state: data.state,
      complaintRisk: data.complaint_risk,
      churnRisk: data.churn_risk,
    },
  }),
  "hint.offered": offered,
  "hint.accepted": touched,
  "hint.dismissed": touched,
  "hint.expired": (state, data) => withHint(state, data.hint_id, { past: data.reason || "ttl" }),
  "compliance.alert": (state, data, event) =>
    alerted(state, event, {
      source: "compliance",
      tone: data.finding.severity === "minor" ? "notice" : "alarm",
      kind: data.finding.label,
      text: "",
      quote: data.finding.quote,
      wording: data.finding.safe_wording,
      reference: data.finding.reference,
      evidence: [data.utterance_id],
    }),
  "supervisor.alert": (state, data, event) =>
    alerted(state, event, {
      source: "supervisor",
      tone: "alarm",
      kind: data.kind,
      text: data.reason,
      quote: "",
      wording: "",
      reference: "",
      evidence: data.evidence,
    }),
};

function inCall(state, changes) {
  return { ...state, call: { ...state.call, ...changes } };
}

function heard(state, data, event) {
  const utterance = {
    id: data.utterance_id,
    role: data.role,
    begin: data.begin_ms,
    text: data.text,
    final: event.type === "utterance.final",
  };
  const at = state.utterances.findIndex((known) => known.id === utterance.id);
  const utterances = [...state.utterances];
  if (at >= 0) {
    utterances[at] = utterance;
    return { ...state, utterances };
  }
  // Parties overlap: what began earlier may be recognised later.
  const later = utterances.findIndex((known) => known.begin > utterance.begin);
  utterances.splice(later < 0 ? utterances.length : later, 0, utterance);
  return { ...state, utterances: utterances.slice(-LIMITS.utterances) };
}

function offered(state, data, _event, now) {
  const hint = {
    id: data.hint_id,
    strategy: data.strategy,
    priority: data.priority,
    line: data.line,
    script: data.script,
    reason: data.reason,
    cause: data.cause,
    confidence: data.confidence,
    evidence: data.evidence,
    until: now + Math.max(0, data.expires_ms - data.at_ms),
    past: "",
    verdict: "",
  };
  const others = state.hints.map((old) => (old.past ? old : { ...old, past: "replaced" }));
  return { ...state, hints: [...others, hint].slice(-LIMITS.hints) };
}

function touched(state, data) {
  return VERDICTS.has(data.reason) ? judged(state, data.hint_id, data.reason) : state;
}

function alerted(state, event, fields) {
  const alert = {
    id: event.id,
    order: event.sequence,
    at: event.data.at_ms,
    acknowledged: false,
    ...fields,
  };
  return { ...state, alerts: [...state.alerts, alert].slice(-LIMITS.alerts) };
}

function withHint(state, hintId, changes) {
  const hints = state.hints.map((hint) => (hint.id === hintId ? { ...hint, ...changes } : hint));
  return { ...state, hints };
}
