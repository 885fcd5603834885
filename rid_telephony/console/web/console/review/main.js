/** One call: its course, its words, and what came of it; of a call that goes on, as it grows. */

import { make, set, write } from "../../panel/dom.js";
import { Link } from "../../panel/link.js";
import { goToLogin, pageAddress, RefusedError, SERVER } from "../app/api.js";
import { clock, moment } from "../app/format.js";
import { startPage } from "../app/page.js";
import { failedBlock, loadingBlock, statusBlock } from "../app/status.js";
import { language, say, title } from "../app/words.js";
import { SECTIONS } from "./aside.js";
import { Course } from "./course.js";
import { Sound } from "./sound.js";
import { Transcript } from "./transcript.js";

/** Events of a live call within this time are read from the server together, milliseconds. */
const TOGETHER = 700;

class Review {
  constructor(app) {
    this._app = app;
    this._query = new URLSearchParams(location.search);
    this._id = this._query.get("id") ?? "";
    this._call = null;
    this._sections = new Map();
    this._build();
    if (this._id) this._load();
    else app.stand(statusBlock("gone", { advice: "gone_advice" }));
  }

  draw() {
    this._sound.draw();
    if (!this._call) return;
    const call = this._call;
    this._drawHead(call);
    this._drawTroubles(call);
    this._course.show(call);
    this._course.at(this._moment);
    this._transcript.show(call, this._sound.isThere);
    for (const section of SECTIONS) this._drawSection(section, call);
  }

  _build() {
    this._moment = null;
    this._heading = make("h1", {});
    this._facts = make("p", { class: "facts-line muted" });
    this._back = make("a", { href: pageAddress("calls") });
    this._troubles = make("div");
    this._course = new Course((at) => this._go(at, true));
    this._sound = new Sound((at) => this._go(at, false));
    this._course.node.append(this._sound.node);
    this._transcript = new Transcript((at) => this._go(at, true));
    const head = make("div", { class: "title" }, this._back, this._heading, this._facts);
    const main = make("div", { class: "column" }, this._course.node, this._transcript.node);
    this._aside = make("div", { class: "column beside" });
    const columns = make("div", { class: "review" }, main, this._aside);
    this._page = make("div", { class: "page" }, head, this._troubles, columns);
    this._app.stand(loadingBlock());
  }

  async _load() {
    try {
      this._call = await this._app.api.call(this._id);
    } catch (error) {
      if (error instanceof RefusedError) return goToLogin();
      if (this._call) return undefined;
      this._app.stand(failedBlock(error, () => this._load()));
      return undefined;
    }
    if (!this._page.isConnected) this._begin();
    this.draw();
    return undefined;
  }

  /** The call is there for the first time. */
  _begin() {
    this._app.main.replaceChildren(this._page);
    if (this._call.state !== "ended") this._follow();
    else this._listen();
    const at = Number(this._query.get("t"));
    if (this._query.has("t") && at >= 0) setTimeout(() => this._go(at, false));
  }

  async _listen() {
    const address = await this._app.api.recording(this._id).catch(() => "");
    this._sound.offer(address);
    this._transcript.show(this._call, this._sound.isThere);
  }

  _follow() {
    const link = new Link({
      server: SERVER,
      access: this._app.api,
      filter: { call: this._id },
      onEvent: (event) => this._soon(event),
      onState: (state) => {
        this._app.link(state);
        if (state === "refused") goToLogin();
        if (state === "live") this._soon();
      },
    });
    link.start();
    this._stop = () => {
      link.stop();
      this._app.link("");
    };
  }

  _soon() {
    if (this._waiting) return;
    this._waiting = setTimeout(async () => {
      this._waiting = 0;
      await this._load();
      // The summary is the last thing that comes, soon after the end.
      if (this._call?.state === "ended" && this._call.summary && this._stop) {
        this._stop();
        this._stop = null;
        this._listen();
      }
    }, TOGETHER);
  }

  /** Go to a moment, milliseconds. */
  _go(at, isChosen) {
    this._moment = at;
    this._course.at(at);
    this._transcript.mark(at, { scroll: true });
    if (isChosen) this._sound.seek(at);
  }

  _drawHead(call) {
    const agent = call.agent || say("no_agent");
    write(this._back, say("calls"));
    write(this._heading, say("call_of", { agent }));
    this._app.title(say("call_of", { agent }));
    const customer = call.parties.find((party) => party.role === "customer");
    const facts = [
      moment(call.started_at),
      call.duration_ms === null ? say("call_live") : clock(call.duration_ms),
      say(`direction_${call.direction}`),
      customer?.name || customer?.number || call.customer_id,
      call.outcome ? title("outcome", call.outcome) : "",
      `${say("call_id")} ${call.call_id}`,
    ];
    write(this._facts, facts.filter(Boolean).join(" · "));
  }

  _drawTroubles(call) {
    const notes = [];
    if (call.state !== "ended") notes.push(make("p", { class: "note muted small", text: say("goes_on") }));
    if (call.analysis.state === "failed") notes.push(warning(say("analysis_failed")));
    const { troubles } = call.analysis;
    const reasons = [...new Set(troubles.map((one) => one.detail || one.message || one.reason))];
    if (reasons.length) notes.push(warning(say("trouble", { what: reasons.slice(0, 3).join("; ") })));
    if (Object.keys(call.left_out).length) notes.push(warning(say("left_out")));
    this._troubles.replaceChildren(...notes);
  }

  _drawSection({ key, of, make: content }, call) {
    const mark = `${language()} ${JSON.stringify(of(call))}`;
    let known = this._sections.get(key);
    if (known?.mark === mark) return;
    if (!known) {
      const node = make("section", { class: "card beside-part", "aria-labelledby": `part-${key}` });
      this._aside.append(node);
      known = { node };
      this._sections.set(key, known);
    }
    known.mark = mark;
    const heading = make("h2", { id: `part-${key}`, text: say(key) });
    known.node.replaceChildren(heading, ...content(call));
    set(known.node, "data-part", key);
  }
}

function warning(text) {
  return make("p", { class: "notice", text });
}

startPage({ view: "calls", titleKey: "call", make: (app) => new Review(app) });
