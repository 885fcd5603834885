/** What both parties say, as it is recognised. */

import { make, set, write } from "./dom.js";
import { clock } from "./stage.js";

/** Pixels from the end within which the reader still follows. */
const NEAR = 40;

/** Builds the transcript; it is not announced, a screen reader's user reads it when wanted. */
export class Transcript {
  constructor() {
    this._items = new Map();
    this._list = make("ol");
    this._nothing = make("p", { class: "nothing" });
    this._words = make(
      "div",
      { class: "words", role: "group", tabindex: "0" },
      this._nothing,
      this._list,
    );
    this.node = make(
      "section",
      { class: "transcript", part: "transcript", id: "transcript" },
      this._words,
    );
  }

  /** Show a state; costs nothing while closed. */
  show(state, words, isOpen) {
    const wasClosed = this.node.hidden;
    set(this.node, "hidden", !isOpen);
    if (!isOpen) return;
    set(this.node, "aria-label", words.say("transcript"));
    set(this._words, "aria-label", words.say("transcript"));
    write(this._nothing, words.say("transcript_empty"));
    set(this._nothing, "hidden", state.utterances.length > 0);
    const follows = wasClosed || this._isAtEnd();
    this._fill(state.utterances, words);
    if (follows) this._words.scrollTop = this._words.scrollHeight;
  }

  _isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this._words;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  _fill(utterances, words) {
    const known = new Set(utterances.map((utterance) => utterance.id));
    for (const [id, item] of this._items) {
      if (known.has(id)) continue;
      item.node.remove();
      this._items.delete(id);
    }
    utterances.forEach((utterance, index) => {
      const item = this._item(utterance.id);
      set(item.node, "data-role", utterance.role);
      set(item.node, "data-partial", !utterance.final);
      write(item.speaker, `${words.name("role", utterance.role)} ${clock(utterance.begin)}`);
      write(item.text, utterance.text);
      const there = this._list.children[index];
      if (there !== item.node) this._list.insertBefore(item.node, there ?? null);
    });
  }

  _item(id) {
    const known = this._items.get(id);
    if (known) return known;
    const speaker = make("span", { class: "speaker" });
    const text = make("span", { class: "text", lang: "zh-CN" });
    const item = { node: make("li", {}, speaker, text), speaker, text };
    this._items.set(id, item);
    return item;
  }
}
