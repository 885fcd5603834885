/** The stage: the alert that waits, the hint, why it came, and what the agent says of it. */

import { draw, icon, make, set, write, writeClauses } from "./dom.js";
import { currentHint, evidenceOf, openAlerts } from "./state.js";

/** What an agent can say of a hint, in the order of the keys 1, 2, 3. */
export const VERDICTS = Object.freeze(["used", "useful", "wrong"]);

/** Builds the stage; `actions` has `judge(verdict)`, `note(alertId)` and `why()`. */
export class Stage {
  constructor(actions) {
    this._alert = new AlertBand(actions);
    this._kind = make("p", { class: "kind" });
    this._line = make("p", { class: "line", part: "hint-line" });
    this._script = make("p", { class: "script", part: "hint-script" });
    this._reason = new Reason();
    this.hint = make(
      "div",
      { class: "hint", part: "hint", role: "group", tabindex: "0" },
      this._kind,
      this._line,
      this._script,
      this._reason.node,
    );
    this._feedback = new Feedback(actions);
    this.node = make(
      "section",
      { class: "stage", part: "stage" },
      this._alert.node,
      this.hint,
      this._feedback.node,
    );
    this._shown = "";
  }

  /**
   * Show a state.
   *
   * @param {object} state
   * @param {object} words
   * @param {{whyOpen: boolean, mute: boolean, unsent: object|null, trouble: string}} ui
   * @returns {{tone: string, hint: string, alert: boolean}} What the panel as a whole shows.
   */
  show(state, words, ui) {
    const hint = currentHint(state);
    const speech = contentOf(state, words, ui);
    set(this.node, "aria-label", words.say("stage"));
    set(this.hint, "aria-label", words.say("hint"));
    write(this._kind, speech.kind);
    writeClauses(this._line, speech.line);
    write(this._script, speech.script);
    for (const node of [this._line, this._script]) set(node, "lang", speech.lang);
    const isHint = speech.from === "hint";
    this._reason.show(state, words, isHint && ui.whyOpen ? hint : null);
    this._feedback.show(isHint ? hint : null, words, ui);
    const alert = this._alert.show(state, words);
    this._mark(speech.key);
    return {
      tone: isHint && hint.priority <= 2 && !hint.past ? "alarm" : "calm",
      hint: isHint ? (hint.past ? "past" : "live") : "none",
      alert,
    };
  }

  /** A new hint starts at its top, and arrives gently. */
  _mark(key) {
    if (key === this._shown) return;
    this._shown = key;
    this.hint.scrollTop = 0;
    set(this.hint, "data-new", false);
    void this.hint.offsetWidth; // restarts the animation
    set(this.hint, "data-new", true);
  }
}

class AlertBand {
  constructor(actions) {
    this._icon = icon("alarm");
    this._title = make("span");
    this._more = make("p", { class: "count" });
    this._said = make("p", { class: "said" });
    this._label = make("p", { class: "label" });
    this._wording = make("p", { class: "wording", part: "alert-wording" });
    this._button = make("button", { type: "button", part: "alert-button" });
    this._button.addEventListener("click", () => actions.note(this._id));
    const title = make("p", { class: "title" }, this._icon, this._title);
    this.node = make(
      "div",
      { class: "alert", part: "alert", role: "group", hidden: true },
      title,
      this._button,
      this._said,
      this._more,
      this._label,
      this._wording,
    );
  }

  show(state, words) {
    const waiting = openAlerts(state);
    const alert = waiting[0];
    set(this.node, "hidden", !alert);
    if (!alert) return false;
    this._id = alert.id;
    const text = alertText(alert, words);
    const hint = currentHint(state);
    // The hint below says the same words: once is enough.
    const isDoubled = hint && !hint.past && hint.script === alert.wording;
    set(this.node, "data-tone", alert.tone);
    set(this.node, "aria-label", text.title);
    draw(this._icon, alert.tone === "alarm" ? "alarm" : "notice");
    write(this._title, text.title);
    const count = waiting.length - 1;
    write(this._more, count ? words.say("more_alerts", { count }) : "");
    set(this.node, "data-more", count > 0);
    write(this._said, text.said);
    write(this._label, text.wording && !isDoubled ? text.label : "");
    write(this._wording, isDoubled ? "" : text.wording);
    set(this._wording, "lang", "zh-CN");
    write(this._button, words.say("noted"));
    return true;
  }
}

class Reason {
  constructor() {
    this._text = make("p", { lang: "zh-CN" });
    this._quotes = make("ol", { class: "quotes" });
    this._sure = make("p", { class: "sure" });
    this.node = make(
      "div",
      { class: "reason", part: "reason", id: "reason", role: "group", hidden: true },
      this._text,
      this._quotes,
      this._sure,
    );
  }

  show(state, words, hint) {
    set(this.node, "hidden", !hint);
    if (!hint) return;
    set(this.node, "aria-label", words.say("because"));
    write(this._text, hint.reason);
    const percent = Math.round(hint.confidence * 100);
    write(this._sure, words.say("sure", { percent }));
    this._quotes.replaceChildren(
      ...evidenceOf(state, hint).map((said) => quote(said, words)),
    );
  }
}

function quote(said, words) {
  const speaker = `${words.name("role", said.role)} ${clock(said.begin)}`;
  return make(
    "li",
    {},
    make("span", { class: "speaker", text: speaker }),
    make("span", { text: said.text, lang: "zh-CN" }),
  );
}

class Feedback {
  constructor(actions) {
    this._buttons = VERDICTS.map((verdict, index) => {
      const word = make("span");
      const key = make("span", { class: "key", text: String(index + 1), "aria-hidden": "true" });
      const attributes = { type: "button", part: `feedback-button ${verdict}` };
      const button = make("button", { ...attributes, "data-verdict": verdict }, word, key);
      button.addEventListener("click", () => actions.judge(verdict));
      return { verdict, button, word };
    });
    this._why = make("button", { type: "button", class: "why", part: "why" });
    set(this._why, "aria-controls", "reason");
    this._why.addEventListener("click", () => actions.why());
    this.node = make(
      "div",
      { class: "feedback", part: "feedback", role: "group" },
      ...this._buttons.map((each) => each.button),
      this._why,
    );
  }

  show(hint, words, ui) {
    const verdict = hint?.verdict ?? "";
    set(this.node, "aria-label", words.say("feedback"));
    write(this._why, words.say("why"));
    set(this._why, "aria-expanded", String(Boolean(hint) && ui.whyOpen));
    for (const each of this._buttons) {
      set(each.button, "hidden", ui.mute);
      set(each.button, "aria-pressed", String(each.verdict === verdict));
      set(each.button, "aria-disabled", verdict ? "true" : false);
      set(each.button, "aria-keyshortcuts", String(VERDICTS.indexOf(each.verdict) + 1));
      write(each.word, words.say(each.verdict));
    }
  }
}

/** The words of an alert: title, what was said, and the words that put it right. */
export function alertText(alert, words) {
  const isCompliance = alert.source === "compliance";
  const group = isCompliance ? "compliance" : "alert";
  const label = words.plain(group, alert.kind);
  const quoted = alert.quote ? words.say("you_said", { quote: alert.quote }) : "";
  const rule = alert.reference ? words.say("reference", { reference: alert.reference }) : "";
  return {
    title: words.say(isCompliance ? "compliance_alarm" : "supervisor_alarm", { label }),
    said: alert.text || [quoted, rule].filter(Boolean).join(" "),
    label: alert.wording ? words.say(alert.quote ? "say_instead" : "say_still") : "",
    wording: alert.wording,
  };
}

/** Milliseconds of the call's clock as minutes and seconds. */
export function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** What stands on the stage: a hint, the summary after the call, or that there is nothing. */
function contentOf(state, words, ui) {
  const hint = currentHint(state);
  const phase = state.call?.phase;
  if (phase === "ended" && state.summary) return summaryContent(state.summary, words);
  if (hint && phase !== "moved") return hintContent(hint, words, ui);
  const idle = !state.call || phase === "ended" || phase === "moved";
  const name = idle ? "waiting" : state.degraded === "failed" ? "no_analysis" : "listening";
  return {
    from: "nothing",
    key: name,
    kind: "",
    line: words.say(name),
    script: words.say(`${name}_more`),
    lang: null,
  };
}

function hintContent(hint, words, ui) {
  const parts = [words.name("priority", String(hint.priority))];
  if (ui.unsent?.hint === hint.id) parts.push(words.say(ui.unsent.why));
  else if (hint.past) parts.push(words.say("past", { why: pastText(hint.past, words) }));
  else if (ui.trouble) parts.push(words.say("may_be_old"));
  return {
    from: "hint",
    key: hint.id,
    kind: parts.join(words.language === "en" ? " – " : " · "),
    line: hint.line,
    script: hint.script,
    lang: "zh-CN",
  };
}

function pastText(why, words) {
  const key = `past_${why}`;
  return words.say(words.has(key) ? key : "past_overtaken");
}

function summaryContent(summary, words) {
  const follow = Object.entries(summary.follow_up ?? {}).map(
    ([name, value]) => `${words.name("follow_up", name)}${words.language === "en" ? ": " : "："}${value}`,
  );
  return {
    from: "summary",
    key: "summary",
    kind: words.say("summary"),
    line: words.say("outcome", { outcome: words.plain("outcome", summary.outcome) }),
    script: [...follow, summary.coaching_note].filter(Boolean).join("\n"),
    lang: "zh-CN",
  };
}
