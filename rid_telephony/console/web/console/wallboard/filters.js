/** The filter above the calls: kinds with their numbers, an agent, words. */

import { make, set, write } from "../../panel/dom.js";
import { say } from "../app/words.js";

const KINDS = ["all", "talking", "held", "started", "strained"];

/** The filter. */
export class Filters {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.now = { kind: "all", agent: "", text: "" };
    this._onChange = onChange;
    this._buttons = new Map(KINDS.map((kind) => [kind, this._kindButton(kind)]));
    this._kinds = make("div", { class: "kinds", role: "group" }, ...this._buttons.values());
    this._agent = make("select", { class: "field" });
    this._agent.addEventListener("change", () => this._set({ agent: this._agent.value }));
    this._text = make("input", { class: "field", type: "search", autocomplete: "off" });
    this._text.addEventListener("input", () => this._set({ text: this._text.value.trim() }));
    this.node = make("search", { class: "filters" }, this._kinds, this._agent, this._text);
  }

  /** Show how many calls there are of each kind, and which agents. */
  show(counts, agents) {
    set(this._kinds, "aria-label", say("filter"));
    for (const [kind, { button, word, count }] of this._buttonParts()) {
      write(word, say(`filter_${kind}`));
      write(count, String(counts[kind]));
      set(button, "aria-pressed", String(kind === this.now.kind));
      set(button, "data-some", kind === "strained" && counts[kind] > 0);
    }
    this._showAgents(agents);
    set(this._text, "aria-label", say("search_label"));
    set(this._text, "placeholder", say("search"));
  }

  /** Let everything through. */
  clear() {
    this._text.value = "";
    this._set({ kind: "all", agent: "", text: "" });
    this._text.focus();
  }

  _showAgents(agents) {
    set(this._agent, "aria-label", say("filter_agent"));
    const wanted = [...new Set([...agents, this.now.agent])].filter(Boolean).sort();
    const mark = `${say("every_agent")} ${wanted.join(" ")}`;
    if (mark === this._shown) return;
    this._shown = mark;
    const every = make("option", { value: "", text: say("every_agent") });
    const options = wanted.map((agent) => make("option", { value: agent, text: agent }));
    this._agent.replaceChildren(every, ...options);
    this._agent.value = this.now.agent;
  }

  _kindButton(kind) {
    const word = make("span");
    const count = make("span", { class: "number count" });
    const button = make("button", { type: "button", class: "button" }, word, count);
    button.addEventListener("click", () => this._set({ kind }));
    return button;
  }

  *_buttonParts() {
    for (const [kind, button] of this._buttons) {
      const [word, count] = button.children;
      yield [kind, { button, word, count }];
    }
  }

  _set(changes) {
    this.now = { ...this.now, ...changes };
    this._onChange();
  }
}
