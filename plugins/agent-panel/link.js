/**
 * The panel's WebSocket: connects, resumes by cursor, notices silence, and comes back by itself.
 *
 * States: `connecting` (the first time), `live`, `stale` (open, but nothing proves it alive),
 * `lost`, `refused` (a new ticket is needed) and `off`.
 */

import { RefusedError } from "./access.js";

const SUBPROTOCOL = "cloudevents.json";
/** Close codes of a refusal: 4000 and the HTTP status. */
const REFUSED = new Set([4401, 4403]);
/** The feed does not know our cursor: its store was replaced. */
const WRONG_REQUEST = 4400;

/** Milliseconds. */
export const TIMES = Object.freeze({
  firstPause: 500,
  longestPause: 15_000,
  refusedPause: 30_000,
  /** Silence after which the server is asked whether the panel has missed something. */
  quiet: 20_000,
  /** How long an event that the server has may take to arrive by the socket. */
  grace: 3000,
  /** How long a new connection may take. */
  opening: 10_000,
  /** A connection that held this long was a good one: pauses start over. */
  settled: 5000,
});

const TIMERS = Object.freeze({
  set: (action, milliseconds) => setTimeout(action, milliseconds),
  clear: (timer) => clearTimeout(timer),
});

/** A pause before the next attempt: doubling, with jitter so that panels do not come as one. */
export function pauseBefore(attempt, random, times = TIMES) {
  const longest = Math.min(times.longestPause, times.firstPause * 2 ** attempt);
  return longest / 2 + (random() * longest) / 2;
}

/** The address of the feed. */
export function addressOf(server, filter, cursor) {
  const url = new URL(`${server}/v1/events`);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  for (const [name, value] of Object.entries(filter)) url.searchParams.set(name, value);
  if (cursor) url.searchParams.set("after", String(cursor));
  return url.href;
}

/** Keeps the panel connected. */
export class Link {
  /**
   * @param {object} options
   * @param {string} options.server
   * @param {object} options.access An `Access`.
   * @param {object} options.filter `types`, `agent`, `call`.
   * @param {(event: object) => void} options.onEvent
   * @param {(state: string, info: object) => void} options.onState
   * @param {typeof WebSocket} [options.WebSocket]
   * @param {object} [options.times]
   * @param {() => number} [options.random]
   * @param {{set: Function, clear: Function}} [options.timers]
   */
  constructor(options) {
    const own = { WebSocket: globalThis.WebSocket, random: Math.random, timers: TIMERS };
    this._options = { ...own, ...options };
    this._times = { ...TIMES, ...options.times };
    this._cursor = 0;
    this._checked = 0;
    this._attempt = 0;
    this._round = 0;
    this._timers = new Set();
    this._socket = null;
    this.state = "off";
  }

  /** Connect, and stay so. */
  start() {
    this._tell("connecting");
    this._connect();
  }

  /** End it. */
  stop() {
    this._drop();
    this._tell("off");
  }

  /** Try now, whatever the pause. */
  retry() {
    if (this.state === "off" || this.state === "live") return;
    this._attempt = 0;
    this._connect();
  }

  async _connect() {
    this._drop();
    const round = this._round;
    try {
      const { rights, ticket } = await this._options.access.enter();
      if (round === this._round) this._open(rights, ticket);
    } catch (error) {
      if (round === this._round) this._failed(error instanceof RefusedError);
    }
  }

  _open(rights, ticket) {
    const { server, filter, WebSocket } = this._options;
    const cursor = Math.max(this._cursor, this._checked);
    const socket = new WebSocket(addressOf(server, filter, cursor), [SUBPROTOCOL]);
    this._socket = socket;
    const impatience = this._later(() => this._failed(false), this._times.opening);
    socket.onopen = () => {
      this._forget(impatience);
      if (ticket) socket.send(JSON.stringify({ ticket }));
      this._tell("live", { rights });
      this._later(() => (this._attempt = 0), this._times.settled);
      this._listenOn();
    };
    socket.onmessage = ({ data }) => this._received(data);
    socket.onclose = ({ code }) => {
      if (code === WRONG_REQUEST) this._cursor = this._checked = 0;
      this._failed(REFUSED.has(code));
    };
  }

  _received(data) {
    this._listenOn();
    let event;
    try {
      event = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof event?.type !== "string" || !event.data) return;
    this._cursor = Math.max(this._cursor, event.cursor);
    this._options.onEvent(event);
  }

  /** Wait for the next message; after some silence, ask. */
  _listenOn() {
    this._forget(this._silence);
    this._silence = this._later(() => this._ask(), this._times.quiet);
  }

  async _ask() {
    const round = this._round;
    try {
      const isBehind = await this._isBehind();
      if (round !== this._round) return;
      if (isBehind) this._broken();
      else this._listenOn();
    } catch (error) {
      if (round !== this._round) return;
      if (error instanceof RefusedError) this._failed(true);
      else this._broken();
    }
  }

  /** Whether the server has an event for us that the socket does not bring. */
  async _isBehind() {
    const { access, filter } = this._options;
    const cursor = Math.max(this._cursor, this._checked);
    if (!cursor) {
      await access.check();
      return false;
    }
    const next = await access.nextAfter(cursor, filter);
    if (!next.event) {
      this._checked = Math.max(this._checked, next.cursor);
      return false;
    }
    await new Promise((resolve) => this._later(resolve, this._times.grace));
    return this._cursor < next.event.cursor;
  }

  _broken() {
    this._tell("stale");
    this._again(false);
  }

  _failed(isRefused) {
    this._tell(isRefused ? "refused" : "lost");
    this._again(isRefused);
  }

  _again(isRefused) {
    this._drop();
    const pause = pauseBefore(this._attempt, this._options.random, this._times);
    this._attempt += 1;
    // A refusal costs the server a failed login: not too often.
    const wait = isRefused && this._attempt > 1 ? this._times.refusedPause : pause;
    this._later(() => this._connect(), wait);
  }

  _drop() {
    this._round += 1;
    for (const timer of this._timers) this._options.timers.clear(timer);
    this._timers.clear();
    const socket = this._socket;
    this._socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  _later(action, milliseconds) {
    const timer = this._options.timers.set(() => {
      this._timers.delete(timer);
      action();
    }, milliseconds);
    this._timers.add(timer);
    return timer;
  }

  _forget(timer) {
    this._options.timers.clear(timer);
    this._timers.delete(timer);
  }

  _tell(state, info = {}) {
    if (state === this.state) return;
    this.state = state;
    this._options.onState(state, info);
  }
}
