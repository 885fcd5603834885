/** The words of a call, with hints, findings and alerts where they came. */

import { icon, make, set, write } from "../../panel/dom.js";
import { clock, percent, quoted } from "../app/format.js";
import { has, language, name, say, title } from "../app/words.js";
import { entriesOf, pieces, turnAt } from "./entries.js";
import { fateOf } from "./fates.js";

/** The list. */
export class Transcript {
  /** @param {(at: number) => void} onPick A moment was chosen, milliseconds. */
  constructor(onPick) {
    this._onPick = onPick;
    this._heading = make("h2", { id: "transcript" });
    this._list = make("ol", { class: "entries", role: "list" });
    this._none = make("p", { class: "nothing muted" });
    this._scroll = make("div", { class: "scroll", tabindex: "0", role: "group" });
    this._scroll.setAttribute("aria-labelledby", "transcript");
    this._scroll.append(this._list, this._none);
    this.node = make("section", { class: "card transcript", "aria-labelledby": "transcript" });
    this.node.append(this._heading, this._scroll);
    this._items = new Map();
    this._turns = [];
    this._current = "";
  }

  /** Show a call; only what is new or has changed is made anew. */
  show(call, hasSound) {
    write(this._heading, say("transcript"));
    write(this._none, say("transcript_none"));
    this._turns = call.transcript;
    const entries = entriesOf(call);
    set(this._none, "hidden", entries.length > 0);
    const isAtEnd = this._isAtEnd();
    const ids = new Set(entries.map(({ id }) => id));
    for (const [id, { node }] of this._items) if (!ids.has(id)) this._drop(id, node);
    entries.forEach((entry, at) => this._place(entry, at, hasSound));
    if (call.state !== "ended" && isAtEnd) this._scroll.scrollTop = this._scroll.scrollHeight;
  }

  /** Mark the turn of a moment, and bring it into sight. */
  mark(at, { scroll }) {
    const id = at === null ? "" : (turnAt(this._turns, at)?.utterance_id ?? "");
    if (id === this._current) return;
    set(this._items.get(this._current)?.node ?? make("li"), "data-now", false);
    this._current = id;
    const node = this._items.get(id)?.node;
    if (!node) return;
    set(node, "data-now", true);
    if (scroll) this._reveal(node);
  }

  /** Scrolls the list alone: the page stays where the reader has it. */
  _reveal(node) {
    const box = this._scroll.getBoundingClientRect();
    const own = node.getBoundingClientRect();
    if (own.top >= box.top && own.bottom <= box.bottom) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const top = this._scroll.scrollTop + own.top - box.top - box.height / 3;
    this._scroll.scrollTo({ top, behavior: isCalm ? "auto" : "smooth" });
  }

  _isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this._scroll;
    return scrollTop > 0 && scrollHeight - scrollTop - clientHeight < 40;
  }

  _drop(id, node) {
    node.remove();
    this._items.delete(id);
  }

  _place(entry, at, hasSound) {
    const mark = `${language()} ${hasSound} ${JSON.stringify(entry.data)}`;
    const known = this._items.get(entry.id);
    let node = known?.node;
    if (known?.mark !== mark) {
      node = MAKERS[entry.kind](entry, (when) => this._onPick(when), hasSound);
      set(node, "data-now", entry.id === this._current);
      known?.node.replaceWith(node);
      this._items.set(entry.id, { node, mark });
    }
    const there = this._list.children[at];
    if (there !== node) this._list.insertBefore(node, there ?? null);
  }
}

const MAKERS = { turn, hint, finding, alert, happening };

function turn({ data }, onPick, hasSound) {
  const findings = data.signals?.findings ?? [];
  const text = make("p", { class: "text" });
  for (const { text: words, isMarked } of pieces(data.text, findings)) {
    text.append(isMarked ? make("mark", { text: words }) : words);
  }
  const said = make("div", { class: "said" }, make("span", { class: "speaker", text: title("role", data.role) }), text);
  const tags = tagsOf(data.signals);
  if (tags.length) said.append(make("p", { class: "tags" }, ...tags));
  const node = make("li", { class: "turn", "data-role": data.role, "data-partial": !data.final });
  node.append(timeButton(data.begin_ms, onPick, hasSound), said);
  return node;
}

function timeButton(at, onPick, hasSound) {
  const label = say(hasSound ? "play_from" : "show_at", { clock: clock(at) });
  const button = make("button", { type: "button", class: "time number", text: clock(at) });
  set(button, "aria-label", label);
  button.addEventListener("click", () => onPick(at));
  return button;
}

function tagsOf(signals) {
  if (!signals) return [];
  const { objection, emotion, findings } = signals;
  const tags = [];
  if (objection && objection.label !== "none") {
    tags.push(tag(`${name("objection", objection.label)} ${percent(objection.probability)}`));
  }
  if (emotion && emotion.label !== "neutral") {
    const isBad = emotion.label !== "pleased";
    tags.push(tag(name("emotion", emotion.label), isBad ? "notice" : "good"));
  }
  for (const one of findings) tags.push(tag(name("compliance", one.label), "alarm"));
  return tags;
}

function tag(text, tone = "") {
  return make("span", { class: "tag", "data-tone": tone || null, text });
}

function hint({ data }) {
  const { priority, line, at_ms: at } = data.hint;
  const head = make("p", { class: "kind" }, make("span", { text: `${say("hint")} · ${name("priority", priority)}` }));
  const body = make("div", { class: "said" }, head, make("p", { class: "line", text: line }));
  body.append(make("p", { class: "small muted", text: fateOf(data) }));
  return event("hint", at, "words", body);
}

function finding({ data }) {
  const { label, severity, quote, safe_wording: wording } = data.finding;
  const kind = `${title("compliance", label)} · ${say(`severity_${severity}`)}`;
  const body = make("div", { class: "said" }, make("p", { class: "line", text: kind }));
  if (quote) body.append(make("p", { text: quoted(quote) }));
  const advice = say(quote ? "instead" : "still");
  if (wording) body.append(make("p", { class: "small", text: `${advice}${say("colon")}${wording}` }));
  return event(severity === "minor" ? "notice" : "alarm", data.at_ms, "alarm", body);
}

function alert({ data }) {
  const kind = `${say("supervisor")}${say("colon")}${name("alert", data.kind)}`;
  const body = make("div", { class: "said" }, make("p", { class: "line", text: kind }));
  body.append(make("p", { text: data.reason }));
  return event("alarm", data.at_ms, "alarm", body);
}

function happening({ data }) {
  const { by, to, cause } = data.data;
  const values = { by: by ? name("role", by) : "", to: to?.name || to?.number || "" };
  values.cause = has(`cause_${cause}`) ? say(`cause_${cause}`) : cause;
  const text = has(data.type) ? say(data.type, values) : data.type;
  return event("plain", data.data.at_ms, "steady", make("div", { class: "said muted", text }));
}

function event(tone, at, sign, body) {
  const when = make("span", { class: "time number", text: clock(at) });
  return make("li", { class: "event", "data-tone": tone }, when, icon(sign), body);
}
