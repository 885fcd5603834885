/** What the panel's tests share: checks, events of a call, a socket and a server that are none. */

export function equal(found, wanted) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`found ${a}, wanted ${b}`);
}

/** Events of one call, numbered as the feed does. */
export class Call {
  constructor(id = "call-1", began = "2026-01-01T00:00:00Z", agent = "1001") {
    this.id = id;
    this.agent = agent;
    this._began = Date.parse(began);
    this._sequence = 0;
  }

  event(type, data = {}) {
    this._sequence += 1;
    const atMs = data.at_ms ?? this._sequence * 1000;
    return {
      id: `${this.id}/${this._sequence}`,
      type,
      subject: this.id,
      agent: this.agent,
      sequence: this._sequence,
      cursor: Call.cursor++,
      time: new Date(this._began + atMs).toISOString(),
      data: { at_ms: atMs, ...data },
    };
  }

  started() {
    return this.event("call.started", { parties: [{ role: "customer", name: "潘＊＊", number: "" }] });
  }

  hint(id, changes = {}) {
    return this.event("hint.offered", {
      hint_id: id,
      strategy: "clarify_concern",
      priority: 3,
      line: `line of ${id}`,
      script: "",
      reason: "",
      cause: "objection.doubt",
      confidence: 0.8,
      at_ms: 1000,
      expires_ms: 16_000,
      evidence: [],
      ...changes,
    });
  }

  said(id, begin, text, type = "utterance.final") {
    return this.event(type, { utterance_id: id, role: "customer", begin_ms: begin, text });
  }

  finding(severity) {
    const finding = { severity, label: "guarantee", quote: "保本", safe_wording: "w", reference: "" };
    return this.event("compliance.alert", { utterance_id: "u1", finding });
  }
}
Call.cursor = 1;

/** A WebSocket that the test plays. */
export function sockets() {
  const made = [];
  class FakeSocket {
    constructor(url) {
      this.url = url;
      this.sent = [];
      made.push(this);
    }
    send(text) {
      this.sent.push(text);
    }
    close() {
      this.closed = true;
    }
  }
  return { made, FakeSocket };
}

/** Time that goes on only when the test says so. */
export class Time {
  constructor() {
    this._now = 0;
    this._waiting = new Map();
    this._next = 1;
    this.timers = {
      set: (action, milliseconds) => {
        this._waiting.set(this._next, { at: this._now + milliseconds, action });
        return this._next++;
      },
      clear: (timer) => this._waiting.delete(timer),
    };
  }

  async pass(milliseconds) {
    const end = this._now + milliseconds;
    await settled();
    for (;;) {
      const due = [...this._waiting].filter(([, each]) => each.at <= end);
      if (!due.length) break;
      const [timer, { at, action }] = due.sort((a, b) => a[1].at - b[1].at)[0];
      this._waiting.delete(timer);
      this._now = at;
      action();
      await settled();
    }
    this._now = end;
  }
}

/** Promises that can be kept have been. */
async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
