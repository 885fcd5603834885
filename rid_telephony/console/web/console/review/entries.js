/** What happened in a call, in the order of time. Pure. */

/** How far a turn is looked for around a moment, milliseconds. */
const NEAR = 1500;

/** Turns, hints, findings, alerts and what happened to the call, each with its moment. */
export function entriesOf(call) {
  const ends = new Map(call.transcript.map((turn) => [turn.utterance_id, turn.end_ms]));
  const entries = [
    ...call.transcript.map((turn) => entry("turn", turn.utterance_id, turn.begin_ms, turn)),
    ...call.hints.map((record) =>
      entry("hint", record.hint.hint_id, record.hint.at_ms, record),
    ),
    ...call.findings.map((finding, at) =>
      entry("finding", `finding-${at}`, ends.get(finding.utterance_id) ?? finding.at_ms, finding),
    ),
    ...call.supervisor_alerts.map((alert, at) => entry("alert", `alert-${at}`, alert.at_ms, alert)),
    ...call.happenings
      .filter(({ type }) => type !== "call.started")
      .map((one, at) => entry("happening", `happening-${at}`, one.data.at_ms, one)),
  ];
  return entries.sort((a, b) => a.at - b.at || rank(a) - rank(b));
}

/** The turn that is spoken at a moment, or has just been; null where there is none. */
export function turnAt(transcript, at) {
  const spoken = transcript.filter((turn) => turn.begin_ms <= at && at < turn.end_ms + NEAR);
  const now = spoken.filter((turn) => at < turn.end_ms);
  return (now.length ? now : spoken).at(-1) ?? null;
}

/** The length of a call so far, milliseconds. */
export function lengthOf(call) {
  const ends = call.transcript.map((turn) => turn.end_ms);
  return Math.max(call.duration_ms ?? 0, call.at_ms, ...ends, 1000);
}

/** Pieces of a turn's text: `{text, isMarked}`, the findings' quotes marked. */
export function pieces(text, findings) {
  const spans = findings
    .filter(({ begin, end }) => end > begin && end <= text.length)
    .sort((a, b) => a.begin - b.begin);
  const found = [];
  let at = 0;
  for (const { begin, end } of spans) {
    if (begin < at) continue;
    if (begin > at) found.push({ text: text.slice(at, begin), isMarked: false });
    found.push({ text: text.slice(begin, end), isMarked: true });
    at = end;
  }
  if (at < text.length) found.push({ text: text.slice(at), isMarked: false });
  return found;
}

function entry(kind, id, at, data) {
  return { kind, id, at, data };
}

function rank({ kind }) {
  return ["happening", "turn", "finding", "alert", "hint"].indexOf(kind);
}
