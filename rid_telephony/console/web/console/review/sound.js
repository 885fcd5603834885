/** The sound of a call, where it is kept. */

import { make, set, write } from "../../panel/dom.js";
import { say } from "../app/words.js";

/** The player. */
export class Sound {
  /** @param {(at: number) => void} onTime It plays this moment, milliseconds. */
  constructor(onTime) {
    this._audio = make("audio", { controls: true, preload: "metadata" });
    this._audio.addEventListener("timeupdate", () => onTime(this._audio.currentTime * 1000));
    this._audio.addEventListener("error", () => this._fail());
    this._note = make("p", { class: "muted small" });
    this._state = "";
    this.node = make("div", { class: "sound", hidden: true }, this._audio, this._note);
  }

  /** Whether there is something to hear. */
  get isThere() {
    return this._state === "there";
  }

  /** Offer the sound of an address; an empty one says that there is none. */
  offer(address) {
    this._state = address ? "there" : "none";
    if (address) this._audio.src = address;
    this.draw();
  }

  /** Play from a moment, milliseconds. */
  seek(at) {
    if (!this.isThere) return;
    this._audio.currentTime = at / 1000;
    // Browsers refuse to play before the reader has touched the page; then it waits.
    this._audio.play().catch(() => undefined);
  }

  draw() {
    set(this.node, "hidden", !this._state);
    set(this._audio, "hidden", !this.isThere);
    set(this._audio, "aria-label", say("audio"));
    const notes = { none: "audio_none", failed: "audio_failed" };
    write(this._note, notes[this._state] ? say(notes[this._state]) : "");
  }

  _fail() {
    if (this._audio.error) this._state = "failed";
    this.draw();
  }
}
