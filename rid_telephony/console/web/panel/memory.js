/** Keeps the panel's state, and fills what it missed from the archive. */

import { acknowledge, fold, follows, initial, judged, rebuilt, tick, TYPES } from "./state.js";

/** Events that may wait while the archive is read. */
const MAX_WAITING = 500;

/** The state of the call that the panel follows. */
export class Memory {
  /**
   * @param {object} [access] Reads the archive; without it nothing is filled in.
   * @param {{agent?: string, call?: string}} [options] Whom the panel follows.
   * @param {() => void} [onChange] The state has changed by itself.
   */
  constructor(access = null, options = {}, onChange = () => undefined) {
    this._access = access;
    this._options = options;
    this._onChange = onChange;
    this._filling = "";
    this._waiting = [];
    this.state = initial();
  }

  /** Fold an event in; says whether it went well. */
  receive(event, now) {
    const before = this.state;
    try {
      this.state = fold(before, event, now, this._options);
    } catch (error) {
      // One event that is not as agreed must not end the panel.
      console.warn("rid-hints: an event was left out", event.type, error);
      return false;
    }
    const call = this.state.call;
    if (this._filling === event.subject && this._waiting.length < MAX_WAITING) {
      this._waiting.push(event);
    }
    const isLate = call && call !== before.call && call.id !== before.call?.id && call.first > 1;
    if (isLate || this.state.gaps > before.gaps) this._fill(call?.id ?? "", [event]);
    return true;
  }

  /** After the connection came up: take up the call that goes on, if there is one. */
  async recall() {
    if (!this._access || this.state.call) return;
    try {
      const { agent, call } = this._options;
      await this._fill(call || (await this._newest(agent ?? "")), []);
    } catch {
      // Then the panel begins with the next event.
    }
  }

  /** Let time pass; says whether that changed anything. */
  tick(now) {
    const before = this.state;
    this.state = tick(before, now);
    return this.state !== before;
  }

  /** The agent has taken note of an alert. */
  acknowledge(alertId) {
    this.state = acknowledge(this.state, alertId);
  }

  /** The agent said something of a hint. */
  judge(hintId, verdict) {
    this.state = judged(this.state, hintId, verdict);
  }

  async _newest(agent) {
    const calls = await this._access.liveCalls();
    return calls.find((call) => follows(agent, call.agent))?.call_id ?? "";
  }

  async _fill(callId, waiting) {
    if (!this._access || !callId || this._filling === callId) return;
    this._filling = callId;
    this._waiting = waiting;
    try {
      const events = await this._access.eventsOf(callId, TYPES.join(","));
      const current = this.state.call;
      if (this._filling !== callId || !events.length || (current && current.id !== callId)) return;
      const all = [...events, ...this._waiting];
      this.state = rebuilt(this.state, all, performance.now(), this._options);
      this._onChange();
    } catch {
      // What came by the socket stands.
    } finally {
      if (this._filling === callId) this._filling = "";
    }
  }
}
