/** One call followed live: the agent's own panel, to look at only. */

import { make, set, write } from "../../panel/dom.js";
import "../../panel/rid-hints.js";
import { pageAddress } from "../app/api.js";
import { language, say } from "../app/words.js";

/** The pane beside the calls. */
export class Follow {
  /** @param {() => void} onClose */
  constructor(onClose) {
    this.callId = "";
    this._heading = make("h2", { id: "following", tabindex: "-1" });
    this._review = make("a", { class: "button" });
    this._close = make("button", { type: "button", class: "button" });
    this._close.addEventListener("click", onClose);
    this._place = make("div");
    const head = make("div", { class: "head" }, this._heading, this._review, this._close);
    this.node = make("aside", { class: "follow", "aria-labelledby": "following", hidden: true });
    this.node.append(head, this._place);
  }

  /** Follow a call; an empty id ends it. */
  open(callId) {
    this.callId = callId;
    set(this.node, "hidden", !callId);
    if (!callId) return this._place.replaceChildren();
    const panel = make("rid-hints", { call: callId, readonly: true, transcript: true });
    this._panel = panel;
    this.dress();
    this._place.replaceChildren(panel);
    return undefined;
  }

  /** Take the focus, after the reader has chosen a call. */
  focus() {
    this._heading.focus();
  }

  /** Show whose call it is. */
  show(line) {
    write(this._heading, `${say("following")} ${line?.agent ?? ""}`.trim());
    write(this._review, say("open_review"));
    set(this._review, "href", pageAddress("call", { id: this.callId }));
    write(this._close, say("follow_end"));
  }

  /** Colours and language of the page. */
  dress() {
    if (!this._panel) return;
    set(this._panel, "theme", document.documentElement.dataset.theme);
    set(this._panel, "lang", language());
  }
}
