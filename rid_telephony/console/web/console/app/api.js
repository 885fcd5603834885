/** The console's requests. The session is a cookie that no script can read. */

import { Access, AnswerError, RefusedError } from "../../panel/access.js";

export { AnswerError, RefusedError };

/** Origin and path of the server, without a slash at the end. */
export const SERVER = new URL("../..", import.meta.url).href.replace(/\/$/, "");
const CONSOLE = `${SERVER}/console/`;

/** Reads calls and explanations. */
export class Api extends Access {
  constructor() {
    super({
      server: SERVER,
      origin: location.origin,
      ticket: () => null,
      fetch: (...request) => fetch(...request),
    });
  }

  /** Who we are to the server. */
  session() {
    return this._json("GET", "/v1/session");
  }

  /** Calls: `live`, `ended` or `all`; and how far the server's clock is ahead of ours. */
  async calls(state, limit = 50) {
    const answer = await this._ask("GET", `/v1/calls?${new URLSearchParams({ state, limit })}`);
    const told = Date.parse(answer.headers.get("Date") ?? "");
    const { calls } = await answer.json();
    return { calls, ahead: Number.isNaN(told) ? 0 : told - Date.now() };
  }

  /** All of one call. */
  call(callId) {
    return this._json("GET", `/v1/calls/${encodeURIComponent(callId)}`);
  }

  /** Why its figures are what they are. */
  explain(callId) {
    return this._json("GET", `/v1/calls/${encodeURIComponent(callId)}/explain`);
  }

  /** The address of a call's sound; empty where none is kept. */
  async recording(callId) {
    const { recordings } = await this._json("GET", "/console/site.json");
    if (!recordings) return "";
    const path = `/v1/calls/${encodeURIComponent(callId)}/recording`;
    try {
      await this._ask("HEAD", path);
      return SERVER + path;
    } catch (error) {
      if (error instanceof AnswerError) return "";
      throw error;
    }
  }

  /** A session out of a token or a ticket; the token is used for this and kept nowhere. */
  async signIn(secret) {
    const ticket = secret.startsWith("ridk_") ? secret : await this._ticketOf(secret);
    await this._json("POST", "/v1/session", { ticket });
  }

  /** End the session. */
  signOut() {
    return this._ask("DELETE", "/v1/session");
  }

  async _ticketOf(token) {
    const answer = await fetch(`${this._server}/v1/tickets`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
      credentials: "omit",
      cache: "no-store",
    });
    if (answer.status === 401 || answer.status === 403) throw new RefusedError("token");
    if (!answer.ok) throw new AnswerError(answer.status);
    return (await answer.json()).ticket;
  }
}

/** The address of a console page. */
export function pageAddress(page, query = {}) {
  const text = new URLSearchParams(query).toString();
  return `${CONSOLE}${page}${text ? `?${text}` : ""}`;
}

/** Go to the login page, and come back here afterwards. */
export function goToLogin() {
  const here = location.pathname + location.search;
  location.replace(pageAddress("login", { next: here }));
}
