/**
 * The panel's way in: tickets, the session, and the requests that go with them.
 *
 * A ticket is good once. It is exchanged for a session: a cookie where the page is of the feed
 * server's own origin, else a bearer kept in this object only. Nothing is ever put in a URL or in
 * the browser's storage.
 */

/** The server lets us in no more; a new ticket is needed. */
export class RefusedError extends Error {}

/** The server answered, but not as hoped. */
export class AnswerError extends Error {
  constructor(status) {
    super(`The server answered ${status}.`);
    this.status = status;
  }
}

const TIMEOUT = 8000;
/** Pages of a call's events that are read at most. */
const MAX_PAGES = 12;
const PAGE = 1000;

/** Who the panel is to the server. */
export class Access {
  /**
   * @param {object} options
   * @param {string} options.server Origin (and path) of the feed server, without a slash at the end.
   * @param {string} options.origin Origin of the page.
   * @param {() => Promise<string>|string|null} options.ticket Gives a ticket that is not used yet;
   *   null or an empty string where there is none.
   * @param {typeof fetch} options.fetch
   */
  constructor({ server, origin, ticket, fetch }) {
    this._server = server;
    this._isOwn = new URL(server).origin === origin;
    this._ticket = ticket;
    this._fetch = fetch;
    this._bearer = "";
  }

  /**
   * Be let in.
   *
   * @returns {Promise<{rights: string[], ticket: string}>} What the panel may do, and the ticket
   *   that its WebSocket has to begin with; empty where the cookie does.
   */
  async enter() {
    const session = this._isNew() ? await this._first() : await this._again();
    if (!this._bearer) return { rights: session.rights, ticket: "" };
    const { ticket } = await this._json("POST", "/v1/tickets");
    return { rights: session.rights, ticket };
  }

  /** Say what became of a hint. */
  async feedback(hintId, verdict) {
    const path = `/v1/hints/${encodeURIComponent(hintId)}/feedback`;
    discard(await this._ask("POST", path, { verdict }));
  }

  /** All events of a call that the panel lives on. */
  async eventsOf(callId, types) {
    const events = [];
    let after = 0;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const query = new URLSearchParams({ call: callId, types, after, limit: PAGE });
      const answer = await this._json("GET", `/v1/events?${query}`);
      events.push(...answer.events);
      if (!answer.more || answer.cursor <= after) break;
      after = answer.cursor;
    }
    return events;
  }

  /** The next event after a cursor, null where there is none. */
  async nextAfter(cursor, filter) {
    const query = new URLSearchParams({ ...filter, after: cursor, limit: 1 });
    const answer = await this._json("GET", `/v1/events?${query}`);
    return { event: answer.events[0] ?? null, cursor: answer.cursor };
  }

  /** The calls that go on, the newest first. */
  async liveCalls() {
    const { calls } = await this._json("GET", "/v1/calls?state=live");
    return calls;
  }

  /** Whether the session still stands. */
  async check() {
    await this._json("GET", "/v1/session");
  }

  /** Whether no session can stand yet: no bearer, and no cookie would be sent. */
  _isNew() {
    return !this._isOwn && !this._bearer;
  }

  async _first() {
    const ticket = await this._ticket();
    // Where the server asks for no token, there is no ticket either.
    return ticket ? this._exchanged(ticket) : this._json("GET", "/v1/session");
  }

  async _again() {
    try {
      return await this._json("GET", "/v1/session");
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
    }
    this._bearer = "";
    const ticket = await this._ticket();
    if (!ticket) throw new RefusedError("There is no ticket.");
    return this._exchanged(ticket);
  }

  async _exchanged(ticket) {
    const carrier = this._isOwn ? "cookie" : "bearer";
    const session = await this._json("POST", "/v1/session", { ticket, carrier });
    this._bearer = session.access_token ?? "";
    return session;
  }

  async _json(method, path, body) {
    return (await this._ask(method, path, body)).json();
  }

  async _ask(method, path, body) {
    const headers = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this._bearer) headers.Authorization = `Bearer ${this._bearer}`;
    const fetch = this._fetch;
    const answer = await fetch(this._server + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      // A page of another site uses the bearer; sending cookies along would only confuse.
      credentials: this._isOwn ? "same-origin" : "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (answer.ok) return answer;
    discard(answer);
    if (answer.status === 401 || answer.status === 403) throw new RefusedError(path);
    throw new AnswerError(answer.status);
  }
}

/** Let the connection go: an answer that nobody reads would hold it until the time is out. */
function discard(answer) {
  answer.body?.cancel();
}
