/** Why a figure of the profile is what it is: its evidence, utterance by utterance. */

import { make, set, write } from "../../panel/dom.js";
import { AnswerError, goToLogin, pageAddress, RefusedError } from "../app/api.js";
import { startPage } from "../app/page.js";
import { failedBlock, loadingBlock, statusBlock } from "../app/status.js";
import { partName, say, title } from "../app/words.js";
import { shortText } from "./reading.js";
import { whyOf } from "./why.js";

const FIRST = "relationship";
const NOTHING_SAID = 422;

class Explain {
  constructor(app) {
    this._app = app;
    const query = new URLSearchParams(location.search);
    this._id = query.get("call") ?? "";
    this._number = query.get("number") ?? FIRST;
    this._told = null;
    this._build();
    if (this._id) this._load();
    else app.stand(statusBlock("gone", { advice: "gone_advice" }));
    addEventListener("popstate", () => {
      this._number = new URLSearchParams(location.search).get("number") ?? FIRST;
      this.draw();
    });
  }

  draw() {
    if (!this._told) return;
    const figure = this._figure();
    write(this._back, say("back_to_call"));
    write(this._heading, say("explain"));
    write(this._more, say("explain_more"));
    this._app.title(`${title("figure", figure.name)} · ${say("explain")}`);
    this._drawPicker(figure);
    const context = { turns: this._told.turns, callId: this._id, call: this._call };
    this._why.replaceChildren(...whyOf(figure, context));
  }

  _build() {
    this._back = make("a", { href: pageAddress("call", { id: this._id }) });
    this._heading = make("h1", {});
    this._more = make("p", { class: "facts-line muted" });
    this._list = make("nav", { "aria-labelledby": "figures" });
    this._pickerHeading = make("h2", { id: "figures" });
    this._label = make("span");
    this._select = make("select", { class: "field" });
    this._select.addEventListener("change", () => this._pick(this._select.value));
    const choose = make("label", { class: "choose" }, this._label, this._select);
    this._picker = make("div", { class: "card picker" }, choose, this._list);
    this._why = make("section", { class: "card why", "aria-labelledby": "figure" });
    const head = make("div", { class: "title" }, this._back, this._heading, this._more);
    const columns = make("div", { class: "explain" }, this._picker, this._why);
    this._page = make("div", { class: "page" }, head, columns);
    this._app.stand(loadingBlock());
  }

  async _load() {
    const { api, main } = this._app;
    try {
      // The curve is an extra: without it the evidence is told all the same.
      const call = api.call(this._id).catch(() => null);
      this._told = await api.explain(this._id);
      this._call = await call;
    } catch (error) {
      if (error instanceof RefusedError) return goToLogin();
      const isSilent = error instanceof AnswerError && error.status === NOTHING_SAID;
      const block = isSilent
        ? statusBlock("no_words", { advice: "no_words_advice", sign: "words" })
        : failedBlock(error, () => this._load());
      return this._app.stand(block);
    }
    main.replaceChildren(this._page);
    return this.draw();
  }

  _figure() {
    const { figures } = this._told;
    return figures.find(({ name }) => name === this._number) ?? figures[0];
  }

  _drawPicker(chosen) {
    write(this._pickerHeading, say("figures"));
    write(this._label, say("figures"));
    const parts = [...new Set(this._told.figures.map(({ part }) => part))];
    const groups = parts.flatMap((part) => {
      const own = this._told.figures.filter((figure) => figure.part === part);
      const items = own.map((figure) => this._link(figure, figure === chosen));
      return [make("h3", { text: partName(part) }), make("ul", { role: "list" }, ...items)];
    });
    const hadFocus = this._list.contains(document.activeElement);
    this._list.replaceChildren(this._pickerHeading, ...groups);
    if (hadFocus) this._list.querySelector("[aria-current]")?.focus();
    const options = this._told.figures.map(({ name }) => {
      const option = make("option", { value: name, text: title("figure", name) });
      option.selected = name === chosen.name;
      return option;
    });
    this._select.replaceChildren(...options);
  }

  _link(figure, isChosen) {
    const href = pageAddress("explain", { call: this._id, number: figure.name });
    const link = make("a", { href }, make("span", { text: title("figure", figure.name) }));
    link.append(make("span", { class: "value number", text: shortText(figure) || "—" }));
    set(link, "aria-current", isChosen ? "true" : null);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this._pick(figure.name);
    });
    return make("li", {}, link);
  }

  _pick(number) {
    if (number === this._number) return;
    this._number = number;
    history.pushState(null, "", pageAddress("explain", { call: this._id, number }));
    this.draw();
    this._app.announce(title("figure", number));
  }
}

startPage({ view: "calls", titleKey: "explain", make: (app) => new Explain(app) });
