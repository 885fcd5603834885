/** The agent view: the panel in full size. */

import { make, set, write } from "../panel/dom.js";
import "../panel/rid-hints.js";
import { goToLogin } from "./app/api.js";
import { startPage } from "./app/page.js";
import { language, say } from "./app/words.js";

class AgentView {
  constructor(app) {
    this._heading = make("h1", { class: "unseen" });
    this._panel = make("rid-hints", { hotkeys: "page" });
    this._panel.addEventListener("rid-state", ({ detail }) => {
      if (detail.connection === "refused") goToLogin();
    });
    const own = ownAgent(app.session);
    const wanted = new URLSearchParams(location.search).get("agent") ?? "";
    set(this._panel, "agent", own || wanted || null);
    const parts = own ? [] : [this._picker(wanted)];
    app.main.replaceChildren(make("div", { class: "agent" }, this._heading, ...parts, this._panel));
  }

  draw() {
    write(this._heading, say("agent_view"));
    set(this._panel, "theme", document.documentElement.dataset.theme);
    set(this._panel, "lang", language());
    if (!this._label) return;
    write(this._label, say("agent_pick"));
    write(this._show, say("agent_show"));
    write(this._help, say("agent_help"));
  }

  _picker(agent) {
    this._label = make("label", { for: "agent" });
    this._field = make("input", { id: "agent", class: "field", "aria-describedby": "agent-help" });
    this._field.value = agent;
    this._show = make("button", { class: "button" });
    this._help = make("p", { class: "muted small", id: "agent-help" });
    const form = make("form", { class: "who" }, this._label, this._field, this._show, this._help);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._pick(this._field.value.trim());
    });
    return form;
  }

  _pick(agent) {
    const query = agent ? `?${new URLSearchParams({ agent })}` : "";
    history.replaceState(null, "", location.pathname + query);
    set(this._panel, "agent", agent || null);
  }
}

/** The one agent that the session is for; empty where it is for several. */
function ownAgent(session) {
  const [agent, another] = session.agents;
  return agent && !another && !agent.includes("*") ? agent : "";
}

startPage({ view: "agent", titleKey: "agent_view", make: (app) => new AgentView(app) });
