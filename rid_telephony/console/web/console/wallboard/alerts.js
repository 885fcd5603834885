/** The alerts that wait for the supervisor: large, still, and there until they are seen. */

import { icon, make, set, write } from "../../panel/dom.js";
import { pageAddress } from "../app/api.js";
import { clock, quoted } from "../app/format.js";
import { alertName } from "../app/page.js";
import { say } from "../app/words.js";
import { statusBlock } from "../app/status.js";

/** The section of alerts. */
export class Alerts {
  /** @param {{follow: Function, note: Function}} actions */
  constructor(actions) {
    this._actions = actions;
    this._cards = new Map();
    this._heading = make("h2", { id: "attention" });
    this._list = make("ul", { class: "alerts", role: "list" });
    this._none = make("div");
    this.node = make("section", { class: "attention", "aria-labelledby": "attention" });
    this.node.append(this._heading, this._list, this._none);
  }

  /** Show the lines whose alerts wait. */
  show(lines) {
    write(this._heading, `${say("attention")}${lines.length ? ` ${lines.length}` : ""}`);
    set(this.node, "data-some", Boolean(lines.length));
    for (const [id, card] of this._cards) {
      if (lines.some((line) => line.call_id === id)) continue;
      card.node.remove();
      this._cards.delete(id);
    }
    this._steady(lines).forEach((line, at) => this._place(line, at));
    set(this._none, "hidden", Boolean(lines.length));
    const advice = { advice: "attention_none_more", sign: "check" };
    this._none.replaceChildren(statusBlock("attention_none", advice));
  }

  /** Under the reader's hand nothing changes places: what is new comes last for the moment. */
  _steady(lines) {
    if (!this._list.matches(":hover, :focus-within")) return lines;
    const place = ({ call_id: id }) => this._cards.get(id)?.place ?? lines.length;
    return [...lines].sort((a, b) => place(a) - place(b));
  }

  _place(line, at) {
    const card = this._cards.get(line.call_id) ?? new Card(line.call_id, this._actions);
    this._cards.set(line.call_id, card);
    card.place = at;
    card.show(line);
    const there = this._list.children[at];
    if (there !== card.node) this._list.insertBefore(card.node, there ?? null);
  }
}

class Card {
  constructor(callId, actions) {
    this.place = 0;
    this._what = make("h3", { class: "what" });
    this._who = make("p", { class: "who number" });
    this._reason = make("p", { class: "reason" });
    this._more = make("p", { class: "small" });
    this._follow = make("button", { type: "button", class: "button" });
    this._follow.addEventListener("click", () => actions.follow(callId));
    this._review = make("a", { class: "button", href: pageAddress("call", { id: callId }) });
    this._noted = make("button", { type: "button", class: "button" });
    this._noted.addEventListener("click", () => actions.note(callId));
    const heading = make("div", { class: "head" }, icon("alarm"), this._what);
    const buttons = make("div", { class: "buttons" }, this._follow, this._review, this._noted);
    this.node = make("li", { class: "alert" }, heading, this._who, this._reason, this._more, buttons);
  }

  show(line) {
    const { alert } = line;
    const isOver = line.state === "ended";
    set(this.node, "data-tone", alert.severity === "minor" ? "notice" : "alarm");
    write(this._what, alertName(alert));
    const when = say("since", { clock: clock(alert.at_ms) });
    const ended = isOver ? ` · ${say("state_ended")}` : "";
    write(this._who, `${line.agent || say("no_agent")} · ${line.customer_id || say("no_customer")} · ${when}${ended}`);
    const isQuote = alert.type === "compliance.alert";
    write(this._reason, isQuote ? quoted(alert.reason) : alert.reason);
    write(this._more, line.alerts > 1 ? say("more_alerts", { count: line.alerts }) : "");
    write(this._follow, say("follow"));
    set(this._follow, "hidden", isOver);
    write(this._review, say("open_review"));
    write(this._noted, say("noted"));
  }
}
