/** The login: a token is exchanged for a session at once, and is kept nowhere. */

import { make, set, write } from "../panel/dom.js";
import { AnswerError, pageAddress, RefusedError } from "./app/api.js";
import { startPage } from "./app/page.js";
import { say } from "./app/words.js";

const TOO_MANY = 429;

class Login {
  constructor(app) {
    this._app = app;
    this._fault = "";
    this._heading = make("h1", {});
    this._more = make("p", { class: "muted" });
    this._label = make("label", { for: "token" });
    this._token = make("input", {
      id: "token",
      class: "field",
      type: "password",
      autocomplete: "off",
      spellcheck: "false",
      autocapitalize: "none",
      "aria-describedby": "fault",
    });
    this._said = make("p", { class: "fault", id: "fault", role: "alert" });
    this._button = make("button", { class: "button main" });
    const form = make("form", { class: "card", novalidate: true });
    form.append(this._heading, this._more, this._label, this._token, this._said, this._button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    });
    app.main.replaceChildren(make("div", { class: "login" }, form));
    this._token.focus();
    this._enterIfKnown();
  }

  draw() {
    write(this._heading, say("login"));
    write(this._more, say("login_more"));
    write(this._label, say("token"));
    write(this._button, say(this._isBusy ? "login_busy" : "login"));
    set(this._button, "aria-disabled", String(Boolean(this._isBusy)));
    write(this._said, this._fault ? say(this._fault) : "");
    set(this._token, "aria-invalid", this._fault ? "true" : null);
  }

  async _submit() {
    if (this._isBusy) return;
    const secret = this._token.value.trim();
    if (!secret) return this._fail("login_empty");
    // The field is emptied first: nothing that comes later finds the token in the page.
    this._token.value = "";
    this._isBusy = true;
    this._fault = "";
    this.draw();
    try {
      await this._app.api.signIn(secret);
      return location.replace(destination());
    } catch (error) {
      return this._fail(reasonOf(error));
    }
  }

  _fail(fault) {
    this._isBusy = false;
    this._fault = fault;
    this.draw();
    this._token.focus();
    return undefined;
  }

  /** Whoever is let in anyhow, by a session or without any token, need not log in. */
  async _enterIfKnown() {
    try {
      await this._app.api.session();
      location.replace(destination());
    } catch {
      // Then a token is needed.
    }
  }
}

function reasonOf(error) {
  if (error instanceof RefusedError) return "login_refused";
  const isTooMany = error instanceof AnswerError && error.status === TOO_MANY;
  return isTooMany ? "login_too_many" : "login_failed";
}

/** Where the reader was going; never to another site. */
function destination() {
  const home = pageAddress("");
  const wanted = new URL(new URLSearchParams(location.search).get("next") ?? "", home);
  return wanted.href.startsWith(home) ? wanted.href : home;
}

startPage({ view: "", titleKey: "login", make: (app) => new Login(app) });
