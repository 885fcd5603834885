/** Small marks that several pages use: stage steps, bars, trends. */

import { draw, icon, make, set, write } from "../../panel/dom.js";
import { say } from "./words.js";

const STAGES = ["stranger", "contact", "rapport", "trust", "partner"];

/** Five steps, as many filled as the relationship has reached. */
export class Steps {
  constructor() {
    this.node = make("span", { class: "steps", "aria-hidden": "true" });
    this.node.append(...STAGES.map(() => make("i")));
  }

  show(stage) {
    const reached = STAGES.indexOf(stage);
    [...this.node.children].forEach((step, at) => set(step, "data-on", at <= reached));
  }
}

/** A gauge from 0 to 100. */
export class Bar {
  constructor() {
    this.node = make("span", { class: "bar", "aria-hidden": "true" }, make("i"));
  }

  show(value) {
    const share = Math.min(100, Math.max(0, value ?? 0));
    this.node.firstChild.style.inlineSize = `${share}%`;
  }
}

/** `up`, `down` or `steady`; less than a point is no change. */
export function direction(trend) {
  if (trend >= 1) return "up";
  return trend <= -1 ? "down" : "steady";
}

/** An arrow with its word for those who do not see it; nothing while it is steady. */
export class Trend {
  constructor() {
    this._icon = icon("steady");
    this._word = make("span", { class: "unseen" });
    this.node = make("span", { class: "trend" }, this._icon, this._word);
  }

  show(trend) {
    const way = direction(trend ?? 0);
    set(this.node, "hidden", way === "steady");
    if (way === "steady") return;
    draw(this._icon, way);
    set(this.node, "data-way", way);
    write(this._word, say(way));
  }
}
